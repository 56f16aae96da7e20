"""fastText's functions and its model, by their names."""  # noqa: N999

import logging
import os
import re
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from wordkin.errors import ConfigurationError, spell_arguments
from wordkin.model.subwords import hash_ngrams
from wordkin.storage.arrays import row_blocks
from wordkin.training.word2vec import Word2Vec
from wordkin.vectors.wordvectors import WordVectors

logger = logging.getLogger("wordkin")

EOS = "</s>"
BOW = "<"
EOW = ">"

_SPACES = re.compile("[ \t\v\f\r\0]+")
_LABEL = "__label__"
_CLASSIFIER = (
    "wordkin trains and reads no classifiers; train one on sentence vectors, for example scikit-learn's "
    "LogisticRegression on [model.get_sentence_vector(text) for text in texts]"
)
_ALIASES = {
    "lr_update_rate": "lrUpdateRate",
    "max_n": "maxn",
    "maxN": "maxn",
    "min_count": "minCount",
    "min_count_label": "minCountLabel",
    "min_n": "minn",
    "minN": "minn",
    "pretrained_vectors": "pretrainedVectors",
    "word_ngrams": "wordNgrams",
}
_PARAMETERS = {  # fastText's names of the hyper-parameters that stand in a model's file
    "bucket": "bucket",
    "dim": "vector_size",
    "epoch": "epochs",
    "lr": "learning_rate",
    "maxn": "max_n",
    "minCount": "min_count",
    "minn": "min_n",
    "neg": "negative",
    "t": "sample",
    "ws": "window",
}
_FURTHER = {"pretrainedVectors": "init_vectors", "seed": "seed", "thread": "threads"}

Matrix = npt.NDArray[np.float32]


class _FastText:
    """A model, with fastText's methods.

    Args:
        vectors: the words' vectors and the rows of their n-grams.
    """

    def __init__(self, vectors: WordVectors) -> None:
        self.vectors = vectors
        self._input: Matrix | None = None

    def __getattr__(self, name: str) -> Any:
        """A hyper-parameter by fastText's name, such as ``ws``."""
        if name == "dim":
            return self.vectors.vector_size
        if name not in _PARAMETERS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if _PARAMETERS[name] not in self.vectors.config:
            raise AttributeError(f"the model's file does not tell {name}")
        return self.vectors.config[_PARAMETERS[name]]

    def __getitem__(self, word: str) -> Matrix:
        return self.get_word_vector(word)

    def __contains__(self, word: object) -> bool:
        """Whether a word is in the vocabulary."""
        return self.vectors.find(word) is not None

    def is_quantized(self) -> bool:
        """Whether the vectors are stored in fewer bits than float32."""
        return self.vectors.precision != "float32"

    def get_dimension(self) -> int:
        """The length of the vectors."""
        return self.vectors.vector_size

    @property
    def words(self) -> list[str]:
        """The words of the vocabulary, most frequent first."""
        return list(self.vectors.index_to_key)

    def get_words(self, include_freq: bool = False, on_unicode_error: str = "strict") -> Any:  # noqa: ARG002
        """The words; with `include_freq`, also their counts, (words,) int64."""
        return (self.words, np.array(self.vectors.vocabulary.counts)) if include_freq else self.words

    def get_word_id(self, word: str) -> int:
        """The row of a word in the input matrix; −1 for a word outside the vocabulary."""
        row = self.vectors.find(_text(word))
        return -1 if row is None else row

    def get_word_vector(self, word: str) -> Matrix:
        """The vector of a word, (dim,) float32; zeros if neither the word nor one of its n-grams is known."""
        vector = self.vectors.get(_text(word))
        return np.zeros(self.vectors.vector_size, np.float32) if vector is None else np.array(vector)

    def get_sentence_vector(self, text: str) -> Matrix:
        """The mean of the words' vectors at length 1, (dim,) float32; words without a vector are left out."""
        if "\n" in _text(text):
            raise ValueError("predict processes one line at a time (remove '\\n')")
        if self.vectors.config.get("architecture") == "supervised":
            raise NotImplementedError(f"the sentence vectors of a classifier are not computed: {_CLASSIFIER}")
        total, count = np.zeros(self.vectors.vector_size, np.float32), 0
        for word in _SPACES.split(_text(text)):
            vector = self.get_word_vector(word)
            length = float(np.linalg.norm(vector))
            if length > 0:
                total += vector / np.float32(length)
                count += 1
        return total / np.float32(max(count, 1))

    def get_subwords(self, word: str, on_unicode_error: str = "strict") -> tuple[list[str], npt.NDArray[np.int64]]:  # noqa: ARG002
        """The parts of a word, the word itself first if it is in the vocabulary, and their rows in the input matrix."""
        word = _text(word)
        row, subwords = self.vectors.find(word), self.vectors.subwords
        parts, rows = ([], []) if row is None else ([word], [row])
        if subwords is not None and word != EOS:
            ngrams = _ngrams(word, subwords.min_n, subwords.max_n)
            parts += ngrams
            rows += [self.get_subword_id(ngram) for ngram in ngrams]
        return parts, np.array(rows, np.int64)

    def get_subword_id(self, subword: str) -> int:
        """The row of an n-gram in the input matrix."""
        subwords, size = self.vectors.subwords, len(_text(subword))
        if subwords is None or not size:
            raise ValueError("the model has no n-grams" if size else "an n-gram of no characters has no row")
        found = np.empty(3, np.int32)
        delimited = np.frombuffer(f"{BOW}{_text(subword)}{EOW}".encode("utf-8", "surrogatepass"), np.uint8)
        hash_ngrams(delimited, size, size, subwords.bucket, found)  # "<" and the n-gram's beginning come before it
        return len(self.vectors) + int(found[1 if size > 1 else 0])

    def get_nearest_neighbors(
        self,
        word: str,
        k: int = 10,
        on_unicode_error: str = "strict",  # noqa: ARG002
    ) -> list[tuple[float, str]]:
        """The words nearest to a word by cosine, best first: pairs of cosine and word.

        Raises:
            UnknownWordError: neither the word nor one of its n-grams is known.
        """
        return [(score, near) for near, score in self.vectors.most_similar(_text(word), topn=k)]

    def get_analogies(
        self,
        wordA: str,
        wordB: str,
        wordC: str,
        k: int = 10,
        on_unicode_error: str = "strict",  # noqa: ARG002
    ) -> list[tuple[float, str]]:
        """The words nearest to A − B + C, best first: pairs of cosine and word.

        Raises:
            UnknownWordError: neither one of the words nor one of its n-grams is known.
        """
        asked = [_text(wordA), _text(wordC)], [_text(wordB)]
        return [(score, near) for near, score in self.vectors.most_similar(*asked, topn=k)]

    def get_input_matrix(self) -> Matrix:
        """The rows of words and of buckets, (words + bucket, dim) float32; buckets that no word reached hold zeros."""
        if self._input is None:
            vectors, subwords, vocabulary = self.vectors, self.vectors.subwords, self.vectors.vocabulary
            bucket = 0 if subwords is None else subwords.bucket
            matrix = np.zeros((len(vectors) + bucket, vectors.vector_size), np.float32)
            for rows in row_blocks(len(vectors), vectors.vector_size):
                values = vectors.values(rows)
                if subwords is not None:
                    bounds = vocabulary.offsets[rows.start : rows.stop + 1]
                    values = subwords.own_rows(vocabulary.text[bounds[0] : bounds[-1]], bounds - bounds[0], values)
                matrix[rows] = values
            if subwords is not None:
                matrix[len(vectors) + subwords.buckets] = subwords.values(slice(None))
            self._input = matrix
        return self._input

    def get_input_vector(self, ind: int) -> Matrix:
        """A row of the input matrix: (dim,) float32."""
        return np.array(self.get_input_matrix()[ind])

    def get_output_matrix(self) -> Matrix:
        """The output vectors: (words, dim) float32.

        Raises:
            ValueError: the model's file has none.
        """
        if self.vectors.output_vectors is None:
            raise ValueError("the model has no output vectors")
        return np.array(self.vectors.output_vectors)

    def get_line(self, text: Any, on_unicode_error: str = "strict") -> Any:
        """The words of a line and its labels, or those of each line in a list."""
        if isinstance(text, list):
            lines = [self.get_line(line, on_unicode_error) for line in text]
            return [words for words, _ in lines], [labels for _, labels in lines]
        if "\n" in _text(text):
            raise ValueError("get_line processes one line at a time (remove '\\n')")
        return [word for word in tokenize(f"{_text(text)}\n") if not word.startswith(_LABEL)], []

    def save_model(self, path: str | os.PathLike[str]) -> None:
        """Write the model as fastText's .bin."""
        self.vectors.save(Path(path), format="fasttext-bin")

    @property
    def labels(self) -> NoReturn:
        """Refused: there are no labels."""
        raise NotImplementedError(_CLASSIFIER)

    def get_labels(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Refused, like everything else of classifiers."""
        raise NotImplementedError(_CLASSIFIER)

    predict = test = test_label = get_label_id = get_meter = get_labels

    def quantize(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Refused: fastText only compresses classifiers."""
        raise ValueError(
            "fastText compresses only classifiers; for fewer bits, use "
            "wordkin.vectors.postprocessing.stored_as(model.vectors, 'int8')"
        )

    def set_matrices(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Refused: the vectors of a model do not change."""
        raise NotImplementedError(
            "the vectors of a model do not change; build others with wordkin.WordVectors.from_arrays(words, vectors)"
        )


def load_model(path: str | os.PathLike[str]) -> _FastText:
    """Read a model, .bin or .ftz, or another file of vectors.

    Raises:
        FormatError: the file cannot be read; it is a ValueError, as in fastText.
    """
    return _FastText(WordVectors.load(Path(path)))


def tokenize(text: str) -> list[str]:
    """Split a text at white space; a line feed becomes ``</s>``."""
    spaced = _text(text).replace("\n", f" {EOS} ")
    return [word for word in _SPACES.split(spaced) if word]


def train_unsupervised(
    input: str | os.PathLike[str],  # noqa: A002
    model: str = "skipgram",
    lr: float = 0.05,
    dim: int = 100,
    ws: int = 5,
    epoch: int = 5,
    minCount: int = 5,
    minCountLabel: int = 0,
    minn: int = 3,
    maxn: int = 6,
    neg: int = 5,
    wordNgrams: int = 1,
    loss: str = "ns",
    bucket: int = 2_000_000,
    thread: int | None = None,
    lrUpdateRate: int = 100,
    t: float = 1e-4,
    label: str = _LABEL,
    verbose: int = 2,
    pretrainedVectors: str = "",
    seed: int = 0,
    **others: Any,
) -> _FastText:
    """Train vectors with fastText's parameters; docs/from-fasttext.md says what each becomes.

    Args:
        input: the text, a line a sentence, words separated by white space.
        model: ``"skipgram"`` or ``"cbow"``.
        lr: η of the first step; it falls to 0.
        dim: the length of the vectors.
        ws: the largest number of context words on either side.
        epoch: passes over the text.
        minCount: drop words that occur less often.
        minCountLabel: of classifiers; only 0.
        minn: the smallest number of characters of an n-gram.
        maxn: the largest number of characters of an n-gram; 0 for none.
        neg: noise words per window.
        wordNgrams: n-grams of words, of classifiers; only 1.
        loss: ``"ns"`` or ``"hs"``.
        bucket: the buckets that n-grams are hashed into.
        thread: threads; all cores but one by default.
        lrUpdateRate: ignored, with a warning.
        t: the threshold above which frequent words are thinned out.
        label: of classifiers; ignored.
        verbose: 2 and above shows a bar.
        pretrainedVectors: vectors that the words' rows begin with.
        seed: the seed.
        others: the other spellings of these names that fastText takes, such as ``min_count``.

    Raises:
        ConfigurationError: a parameter is out of range, or wordkin has no such thing; it is a ValueError.
        CorpusError: the text cannot be read; it is a ValueError.
        TypeError: there is no such parameter, or the input is not a path.
    """
    if others:
        return train_unsupervised(**_named(locals()))
    if not isinstance(input, str | os.PathLike):
        raise TypeError(
            f"input is a {type(input).__name__}; give the path of a text file, or use wordkin.Word2Vec(...).fit(texts)"
        )
    if model not in ("skipgram", "cbow"):
        raise ValueError(f"Unrecognized model name: {model!r}; give 'skipgram' or 'cbow'")
    if loss not in ("ns", "hs"):
        raise ValueError(f"Unrecognized loss name: {loss!r}; give 'ns' or 'hs'")
    if wordNgrams != 1 or minCountLabel != 0:
        name, value = ("wordNgrams", wordNgrams) if wordNgrams != 1 else ("minCountLabel", minCountLabel)
        raise ConfigurationError(f"{name} is {value!r}, which belongs to classifiers; leave it out")
    if lrUpdateRate != 100 or label != _LABEL:
        logger.warning("lrUpdateRate and label are ignored: they change nothing here")
    has_ngrams = maxn > 0 and minn <= maxn
    with spell_arguments(_as_in_fasttext):
        trained = Word2Vec(
            architecture="cbow" if model == "cbow" else "skipgram",
            cbow_gradient="word2vec" if model == "cbow" else "exact",
            output_layer="negative-sampling" if loss == "ns" else "hierarchical-softmax",
            learning_rate=lr,
            min_learning_rate=0.0,
            vector_size=dim,
            window=ws,
            epochs=epoch,
            min_count=minCount,
            min_n=max(minn, 1) if has_ngrams else 0,
            max_n=maxn if has_ngrams else 0,
            bucket=bucket if has_ngrams else 2_000_000,
            negative=neg,
            noise_exponent=0.5,
            sample=t,
            threads=max((os.cpu_count() or 2) - 1, 1) if thread is None else thread,
            seed=seed,
        )
        trained.fit(str(input), init_vectors=pretrainedVectors or None, progress=verbose > 1)
    return _FastText(trained.vectors)


def _as_in_fasttext(name: str, value: Any, _option: str | None) -> str:
    """A parameter's name for messages: fastText's, or wordkin's own where fastText has no such parameter."""
    spelled = next((theirs for theirs, own in {**_PARAMETERS, **_FURTHER}.items() if own == name), None)
    if spelled is None:
        return f"wordkin's own {name}" if value is None else f"wordkin.Word2Vec({name}={value!r})"
    return spelled if value is None else f"{spelled}={value!r}"


def train_supervised(*_arguments: Any, **_options: Any) -> NoReturn:
    """Refused: there are no classifiers."""
    raise NotImplementedError(_CLASSIFIER)


def cbow(*_arguments: Any, **_options: Any) -> NoReturn:
    """Refused, as in fastText."""
    raise Exception("`cbow` is not supported any more. Please use `train_unsupervised` with model=`cbow`.")


def skipgram(*_arguments: Any, **_options: Any) -> NoReturn:
    """Refused, as in fastText."""
    raise Exception("`skipgram` is not supported any more. Please use `train_unsupervised` with model=`skipgram`.")


def supervised(*_arguments: Any, **_options: Any) -> NoReturn:
    """Refused, as in fastText."""
    raise Exception("`supervised` is not supported any more. Please use `train_supervised`.")


def _named(given: dict[str, Any]) -> dict[str, Any]:
    """The arguments by fastText's first names for them.

    Raises:
        ConfigurationError: the argument belongs to fastText's search for hyper-parameters.
        TypeError: there is no such argument.
    """
    named = dict(given)
    for name, value in named.pop("others").items():
        if name.startswith("autotune"):
            raise ConfigurationError(f"{name} searches hyper-parameters of classifiers, and wordkin has no classifiers")
        if name not in _ALIASES:
            raise TypeError(f"unexpected keyword argument {name!r}")
        named[_ALIASES[name]] = value
    return named


def _text(given: Any) -> str:
    """A word or a text as a string.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(given, bytes):
        return given.decode()
    if not isinstance(given, str):
        raise TypeError(f"{given!r} is a {type(given).__name__}; give a str")
    return given


def _ngrams(word: str, min_n: int, max_n: int) -> list[str]:
    """The n-grams of a word in fastText's order."""
    delimited = f"{BOW}{word}{EOW}"
    return [
        delimited[begin : begin + size]
        for begin in range(len(delimited))
        for size in range(min_n, min(max_n, len(delimited) - begin) + 1)
        if size > 1 or 0 < begin < len(delimited) - 1
    ]
