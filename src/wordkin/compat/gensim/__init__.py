"""gensim's names over wordkin's engine: see docs/from-gensim.md.

It is written from gensim's documented behaviour and from what programs and its tests observe, not from its source.

    utils           gensim.utils, gensim.models.callbacks       testing    gensim.test.utils
    sentences       corpora, read once; LineSentence and its kin
    word2vec        Word2Vec               vocabulary    the words that a model has
    fasttext        FastText               facebook      fastText's files
    keyedvectors    KeyedVectors: state          similarity    its queries          interchange    word2vec's files
    phrases         Phrases, FrozenPhrases
    files           save and load
"""

from types import ModuleType
from typing import Any

from wordkin.compat.gensim.utils import GENSIM_VERSION
from wordkin.errors import ConfigurationError

VERSION = GENSIM_VERSION

_NOT_HERE = {
    "gensim.models": (
        "AuthorTopicModel CoherenceModel Doc2Vec EnsembleLda HdpModel LdaModel LdaMulticore LdaSeqModel "
        "LogEntropyModel LsiModel Nmf NormModel OkapiBM25Model LuceneBM25Model AtireBM25Model RpModel "
        "TfidfModel TranslationMatrix BackMappingTranslationMatrix VocabTransform"
    ),
    "gensim.models.basemodel": "BaseTopicModel",
    "gensim.models.doc2vec": "Doc2Vec",
    "gensim.models.keyedvectors": "Doc2VecKeyedVectors",
    "gensim.models.word2vec": "BrownCorpus",
    "gensim.models.ldamodel": "LdaModel",
    "gensim.models.ldamulticore": "LdaMulticore",
    "gensim.models.tfidfmodel": "TfidfModel",
    "gensim.models.coherencemodel": "CoherenceModel",
    "gensim.corpora": "Dictionary MmCorpus TextCorpus WikiCorpus BleiCorpus HashDictionary",
    "gensim.corpora.dictionary": "Dictionary",
    "gensim.downloader": "load info",
    "gensim.similarities": (
        "MatrixSimilarity SparseMatrixSimilarity Similarity SoftCosineSimilarity WmdSimilarity "
        "WordEmbeddingSimilarityIndex SparseTermSimilarityMatrix"
    ),
}
"""Classes of gensim's that can be imported, so that a program runs which does not use them, and that wordkin lacks."""


_OF_PHRASES = "Phrases FrozenPhrases _PhrasesTransformation original_scorer npmi_scorer ENGLISH_CONNECTOR_WORDS"


def modules() -> dict[str, ModuleType]:
    """The modules that stand for gensim's, by dotted name."""
    from collections import namedtuple

    from wordkin.compat.gensim import (
        facebook,
        fasttext,
        interchange,
        keyedvectors,
        phrases,
        sentences,
        similarity,
        testing,
        utils,
        word2vec,
    )

    vectors, tagged = keyedvectors.KeyedVectors, namedtuple("TaggedDocument", "words tags")
    tagged.__module__ = __name__
    content: dict[str, dict[str, Any]] = {
        "gensim": {"__version__": VERSION},
        "gensim.scripts": {},
        "gensim.test": {},
        "gensim.models": {
            "Word2Vec": word2vec.Word2Vec,
            "KeyedVectors": vectors,
            "FastText": fasttext.FastText,
            "Phrases": phrases.Phrases,
        },
        "gensim.models.callbacks": {"CallbackAny2Vec": utils.CallbackAny2Vec},
        "gensim.models.doc2vec": {"TaggedDocument": tagged},
        "gensim.models.fasttext": {
            "Word2Vec": word2vec.Word2Vec,
            "KeyedVectors": vectors,
            **_those(fasttext, "FastText FastTextKeyedVectors ft_ngram_hashes"),
            **_those(facebook, "load_facebook_model load_facebook_vectors save_facebook_model"),
        },
        "gensim.models.fasttext_inner": _those(fasttext, "compute_ngrams compute_ngrams_bytes ft_hash_bytes"),
        "gensim.models.keyedvectors": {
            "KeyedVectors": vectors,
            "Word2VecKeyedVectors": vectors,
            "EuclideanKeyedVectors": vectors,
            "FastTextKeyedVectors": fasttext.FastTextKeyedVectors,
            "load_word2vec_format": vectors.load_word2vec_format,
            "_load_word2vec_format": interchange.load_word2vec_format,
            **_those(keyedvectors, "REAL prep_vectors pseudorandom_weak_vector"),
        },
        "gensim.models.phrases": {"Phraser": phrases.FrozenPhrases, **_those(phrases, _OF_PHRASES)},
        "gensim.models.word2vec": {
            "Word2Vec": word2vec.Word2Vec,
            "KeyedVectors": vectors,
            "FAST_VERSION": 1,
            "CORPUSFILE_VERSION": 1,
            "MAX_WORDS_IN_BATCH": sentences.MAX_WORDS_IN_BATCH,
            **_those(sentences, "LineSentence PathLineSentences Text8Corpus"),
        },
        "gensim.models.word2vec_corpusfile": {"CythonLineSentence": sentences.LineSentenceInBytes},
        "gensim.scripts.glove2word2vec": {"glove2word2vec": interchange.glove2word2vec},
        "gensim.test.utils": _those(testing, "common_texts datapath get_tmpfile temporary_file"),
        "gensim.matutils": {"unitvec": similarity.unitvec, "argsort": similarity.argsort},
    }
    for name, classes in _NOT_HERE.items():
        there = content.setdefault(name, {})
        there.update({one: _absent(name, one) for one in classes.split() if one not in there})
    made = {name: ModuleType(name, f"wordkin's own {name}.") for name in content}
    made["gensim.utils"] = utils
    for name, module in made.items():
        vars(module).update(content.get(name, {}))
        module.__path__ = []  # so that what it lacks is refused by name
        module.__getattr__ = _refuse(name)  # type: ignore[method-assign]
    for name, module in made.items():
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(made[parent], child, module)
    return made


def _those(module: Any, names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names.split()}


def _refuse(module: str) -> Any:
    def refuse(name: str) -> Any:
        raise AttributeError(f"wordkin has no {module}.{name}; docs/from-gensim.md says what there is")

    return refuse


def _absent(module: str, name: str) -> type:
    """A class that can be imported, and says what to do when it is used."""
    wanted = f"{module}.{name}" if name.islower() else name

    def refuse(*_arguments: Any, **_named: Any) -> Any:
        raise ConfigurationError(f"wordkin has no {wanted}: use gensim itself for it, without wordkin.compat")

    return type(name, (), {"__init__": refuse, "load": staticmethod(refuse), "__doc__": f"wordkin has no {wanted}."})
