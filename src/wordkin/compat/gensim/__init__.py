"""gensim's names over wordkin's engine: see docs/from-gensim.md.

It is written from gensim's documented behaviour and from what programs and its tests observe, not from its source.

    utils           gensim.utils, gensim.models.callbacks       testing    gensim.test.utils
    sentences       corpora, read once; LineSentence and its kin
    word2vec        Word2Vec               vocabulary    the words that a model has
    fasttext        FastText               facebook      fastText's files
    keyedvectors    KeyedVectors: state          similarity    its queries          interchange    word2vec's files
    phrases         Phrases, FrozenPhrases      preprocessing    gensim.parsing
    files           save and load
"""

import functools
from types import ModuleType
from typing import Any

from wordkin.compat.gensim import utils
from wordkin.errors import ConfigurationError

VERSION = utils.GENSIM_VERSION

_NOT_HERE = {
    "gensim.corpora": (
        "BleiCorpus Dictionary HashDictionary IndexedCorpus LowCorpus MalletCorpus MmCorpus OpinosisCorpus "
        "SvmLightCorpus TextCorpus TextDirectoryCorpus UciCorpus WikiCorpus"
    ),
    "gensim.corpora.dictionary": "Dictionary",
    "gensim.corpora.mmcorpus": "MmCorpus",
    "gensim.corpora.textcorpus": "TextCorpus",
    "gensim.corpora.wikicorpus": "WikiCorpus",
    "gensim.downloader": "load info",
    "gensim.interfaces": "CorpusABC SimilarityABC TransformationABC TransformedCorpus",
    "gensim.matutils": (
        "Dense2Corpus MmReader MmWriter Scipy2Corpus Sparse2Corpus any2sparse corpus2csc corpus2dense cossim dense2vec "
        "full2sparse hellinger jaccard jensen_shannon kullback_leibler scipy2sparse sparse2full veclen"
    ),
    "gensim.models": (
        "AtireBM25Model AuthorTopicModel BackMappingTranslationMatrix CoherenceModel Doc2Vec EnsembleLda HdpModel "
        "LdaModel LdaMulticore LdaSeqModel LogEntropyModel LsiModel LuceneBM25Model Nmf NormModel OkapiBM25Model "
        "RpModel TfidfModel TranslationMatrix VocabTransform"
    ),
    "gensim.models.basemodel": "BaseTopicModel",
    "gensim.models.callbacks": "Callback CoherenceMetric ConvergenceMetric DiffMetric Metric PerplexityMetric",
    "gensim.models.coherencemodel": "CoherenceModel",
    "gensim.models.doc2vec": "Doc2Vec Doc2VecTrainables Doc2VecVocab TaggedBrownCorpus TaggedLineDocument",
    "gensim.models.hdpmodel": "HdpModel",
    "gensim.models.keyedvectors": "Doc2VecKeyedVectors",
    "gensim.models.ldamodel": "LdaModel LdaState",
    "gensim.models.ldamulticore": "LdaMulticore",
    "gensim.models.lsimodel": "LsiModel",
    "gensim.models.nmf": "Nmf",
    "gensim.models.poincare": "PoincareKeyedVectors PoincareModel PoincareRelations",
    "gensim.models.tfidfmodel": "TfidfModel",
    "gensim.models.translation_matrix": "BackMappingTranslationMatrix TranslationMatrix",
    "gensim.models.word2vec": "BrownCorpus",
    "gensim.similarities": (
        "LevenshteinSimilarityIndex MatrixSimilarity Similarity SoftCosineSimilarity SparseMatrixSimilarity "
        "SparseTermSimilarityMatrix TermSimilarityIndex UniformTermSimilarityIndex WmdSimilarity "
        "WordEmbeddingSimilarityIndex"
    ),
    "gensim.similarities.annoy": "AnnoyIndexer",
    "gensim.similarities.docsim": "MatrixSimilarity Similarity SoftCosineSimilarity WmdSimilarity",
}
"""Classes of gensim's that can be imported, so that a program runs which does not use them, and that wordkin lacks."""

_INSTEAD = {
    "gensim.downloader": "download the file, and open it with KeyedVectors.load_word2vec_format",
    "gensim.similarities.annoy": "most_similar takes any object with most_similar(vector, topn) as indexer",
}
"""What to do without a module's classes, where it is something else than to use gensim itself."""

_OF_PARSING = (
    "PorterStemmer preprocess_documents preprocess_string read_file read_files remove_stopwords split_alphanum "
    "stem_text strip_multiple_whitespaces strip_non_alphanum strip_numeric strip_punctuation strip_short strip_tags"
)
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
        preprocessing,
        sentences,
        similarity,
        testing,
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
            "Vocab": keyedvectors.CompatVocab,
            **_those(keyedvectors, "REAL CompatVocab prep_vectors pseudorandom_weak_vector"),
        },
        "gensim.models.phrases": {"Phraser": phrases.FrozenPhrases, **_those(phrases, _OF_PHRASES)},
        "gensim.models.word2vec": {
            "Word2Vec": word2vec.Word2Vec,
            "KeyedVectors": vectors,
            "Vocab": keyedvectors.CompatVocab,
            "FAST_VERSION": 1,
            "CORPUSFILE_VERSION": 1,
            "MAX_WORDS_IN_BATCH": sentences.MAX_WORDS_IN_BATCH,
            **_those(sentences, "LineSentence PathLineSentences Text8Corpus"),
        },
        "gensim.models.word2vec_corpusfile": {"CythonLineSentence": sentences.LineSentenceInBytes},
        "gensim.parsing": _those(preprocessing, _OF_PARSING),
        "gensim.parsing.porter": {"PorterStemmer": preprocessing.PorterStemmer},
        "gensim.scripts.glove2word2vec": {"glove2word2vec": interchange.glove2word2vec},
        "gensim.test.utils": _those(testing, "common_texts datapath get_tmpfile temporary_file"),
        "gensim.matutils": _those(similarity, "unitvec argsort zeros_aligned"),
    }
    for name, classes in _NOT_HERE.items():
        there = content.setdefault(name, {})
        there.update({one: _absent(name, one) for one in classes.split() if one not in there})
    made = {name: ModuleType(name, f"wordkin's own {name}.") for name in content}
    made["gensim.utils"], made["gensim.parsing.preprocessing"] = utils, preprocessing
    for name, module in made.items():
        vars(module).update(content.get(name, {}))
        module.__path__ = []  # so that what it lacks is refused by name
        vars(module).setdefault("__file__", __file__)
        vars(module).setdefault("__getattr__", functools.partial(_refuse, name))
    for name, module in made.items():
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(made[parent], child, module)
    return made


def _those(module: Any, names: str) -> dict[str, Any]:
    return {name: getattr(module, name) for name in names.split()}


def _refuse(module: str, name: str) -> Any:
    raise utils.no_such_name(module, name)


def _absent(module: str, name: str) -> type:
    """A class that can be imported, and says what to do when it is used."""
    wanted = f"{module}.{name}" if name.islower() else name
    instead = _INSTEAD.get(module, "use gensim itself for it, without wordkin.compat")

    def refuse(*_arguments: Any, **_named: Any) -> Any:
        raise ConfigurationError(f"wordkin has no {wanted}: {instead}")

    return type(name, (), {"__init__": refuse, "load": staticmethod(refuse), "__doc__": f"wordkin has no {wanted}."})
