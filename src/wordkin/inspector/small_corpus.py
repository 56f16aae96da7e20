"""The lab's small corpus: a few lines of text, a network for their words, and training window by window.

The page keeps the corpus and its network, and sends them with each request. They are one JSON object:

    lines         [[word]]    each of two words or more
    window, negatives, size   as window, negative and vector_size in TrainingConfig
    architecture, output_layer, cbow_gradient, eta
    V, W          [[number]]  (words, size): V's rows are words, W's rows are words or inner nodes of the Huffman tree
    at            the centre of the next window: a position in all lines, one after the other
    passes        how often the corpus has been read to its end
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from wordkin.config import Architecture, CbowGradient, OutputLayer
from wordkin.inspector.api import Call, Inspected, RequestError, choice, integer, words
from wordkin.inspector.lab import MOST_STEPS, Matrix, Vector, finite_vector, learning_rate
from wordkin.model import huffman, objective
from wordkin.model.objective import Rows
from wordkin.model.sampling import noise_probabilities

MOST_CHARACTERS = 10_000
MOST_TOKENS = 500
MOST_DISTINCT = 100
MOST_SIZE = 8
MOST_WINDOW = 5
MOST_NEGATIVES = 5
MOST_SIMILAR = 12
"""The number of words whose cosines are shown."""

TEXT = """\
the dog can run
the cat can run
a bird can fly
a crow can fly
the dog and the cat run
a bird and a crow fly
"""
NOISE_EXPONENT = 0.75
SEED = 1

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(f"[{_HAN}]|[^\\s{_HAN}]+")


class Window(NamedTuple):
    """One window of the corpus.

    Attributes:
        line, place: of the centre.
        context: (c,) the places of the context words in the line.
        outputs: (n,) rows of W.
        labels: (n,) 0 or 1.
        names: (n,) of the outputs.
    """

    line: int
    place: int
    context: list[int]
    outputs: Rows
    labels: Rows
    names: list[str]


class Corpus(NamedTuple):
    """A checked corpus with its network.

    Attributes:
        lines: the words of each line.
        words: the distinct words, the most frequent first.
        counts: (words,) their occurrences.
        V, W: (words, size).
        at: the centre of the next window.
        passes: how often the corpus has been read to its end.
    """

    lines: list[list[str]]
    words: list[str]
    counts: npt.NDArray[np.int64]
    window: int
    negatives: int
    architecture: Architecture
    output_layer: OutputLayer
    cbow_gradient: CbowGradient
    eta: float
    V: Matrix
    W: Matrix
    at: int
    passes: int

    def place(self) -> tuple[int, int]:
        """The line and the place in it of the next window's centre."""
        place = self.at
        for line, tokens in enumerate(self.lines):
            if place < len(tokens):
                return line, place
            place -= len(tokens)
        size = sum(map(len, self.lines))
        raise RequestError(f"at is {self.at}; the corpus has {size} words", f"at 是 {self.at}；語料只有 {size} 個詞")

    def next_window(self) -> Window:
        """The next window. Its noise depends on its position and the number of passes alone."""
        line, place = self.place()
        tokens = self.lines[line]
        around = range(max(0, place - self.window), min(len(tokens), place + self.window + 1))
        context = [each for each in around if each != place]
        centre = self.words.index(tokens[place])
        if self.output_layer == "hierarchical-softmax":
            outputs, labels = objective.hierarchical_softmax_outputs(*huffman.tree(self.counts).path(centre))
            return Window(line, place, context, outputs, labels, [f"n{node}" for node in outputs])
        noise = self.noise(centre)
        outputs, labels = objective.negative_sampling_outputs(centre, noise)
        return Window(line, place, context, outputs, labels, [self.words[row] for row in outputs])

    def noise(self, centre: int) -> Rows:
        """The noise words of the next window; the centre is drawn again."""
        chances = noise_probabilities(self.counts, NOISE_EXPONENT)
        chances[centre] = 0
        generator = np.random.default_rng([SEED, self.passes, self.at])
        return generator.choice(len(self.words), self.negatives, p=chances / chances.sum())

    def rows(self, window: Window) -> Rows:
        """The rows of V of a window's context words."""
        tokens = self.lines[window.line]
        return np.array([self.words.index(tokens[place]) for place in window.context], np.int64)

    def loss(self) -> float:
        """J per pair, the mean over all windows of the corpus, with the noise of the first pass."""
        total = pairs = 0.0
        for at in range(sum(map(len, self.lines))):
            window = self._replace(at=at, passes=0).next_window()
            found = objective.window_gradients(
                self.V, self.W, self.rows(window), window.outputs, window.labels, self.architecture
            )
            total, pairs = total + found.J, pairs + found.pairs
        return total / pairs

    def train(self, window: Window) -> None:
        """One step on a window, in place, from the old values."""
        objective.window_step(
            self.V,
            self.W,
            self.rows(window),
            window.outputs,
            window.labels,
            self.eta,
            self.architecture,
            self.cbow_gradient,
        )


def begin(_: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The corpus of a text, with a new network.

    The body may have: text (lines, else :data:`TEXT`), window, negatives, size, architecture, output_layer,
    cbow_gradient, eta.
    """
    lines = [tokens for tokens in _read(body.get("text", TEXT)) if len(tokens) > 1]
    size = integer(body, "size", 2, MOST_SIZE, 3)
    distinct = len(_count(lines))
    generator = np.random.default_rng(SEED)
    return _shown(
        _corpus(
            {
                "window": 2,
                "negatives": 2,
                "architecture": "skipgram",
                "output_layer": "negative-sampling",
                "cbow_gradient": "exact",
                "eta": 0.2,
                **{name: value for name, value in body.items() if value is not None},
                "lines": lines,
                "V": ((generator.random((distinct, size)) - 0.5) / size).tolist(),  # as training begins
                "W": np.zeros((distinct, size)).tolist(),
                "at": 0,
                "passes": 0,
            }
        ),
        0,
    )


def steps(_: Inspected, body: Mapping[str, Any]) -> dict[str, Any]:
    """The corpus after several windows, one step each, and the window that comes next.

    The body has the corpus, the number of steps, and may have the context word to follow with skip-gram, by its place
    in the window.
    """
    corpus = _corpus(body.get("corpus"))
    tokens = sum(map(len, corpus.lines))
    with np.errstate(over="ignore", invalid="ignore"):  # refused below
        for _step in range(integer(body, "steps", 0, MOST_STEPS)):
            corpus.train(corpus.next_window())
            following = corpus.at + 1
            corpus = corpus._replace(at=following % tokens, passes=corpus.passes + following // tokens)
    if not (np.isfinite(corpus.V).all() and np.isfinite(corpus.W).all()):
        raise RequestError(
            f"the vectors are no longer finite; choose a smaller η than {corpus.eta:g}",
            f"向量不再是有限值；請選比 {corpus.eta:g} 小的 η",
        )
    return _shown(corpus, integer(body, "input", 0, 2 * MOST_WINDOW - 1, 0))


CALLS: dict[str, Call] = {"lab-corpus": begin, "lab-corpus-steps": steps}


def _shown(corpus: Corpus, followed: int) -> dict[str, Any]:
    """A corpus, its next window, and that window as the lab shows one: see :func:`wordkin.inspector.lab.begin`."""
    window = corpus.next_window()
    inputs = corpus.rows(window)
    context = [corpus.words[row] for row in inputs]
    skipgram = corpus.architecture == "skipgram"
    followed = min(followed, len(inputs) - 1)
    shown = inputs[followed : followed + 1] if skipgram else inputs
    path = corpus.output_layer == "hierarchical-softmax"
    centre = corpus.lines[window.line][window.place]
    code = (1 - window.labels).tolist()
    similar = corpus.V[:MOST_SIMILAR]
    return {
        "corpus": {
            **corpus._asdict(),
            "size": corpus.V.shape[1],
            "counts": corpus.counts.tolist(),
            "V": corpus.V.tolist(),
            "W": corpus.W.tolist(),
        },
        "J": corpus.loss(),
        "window": {
            "line": window.line,
            "place": window.place,
            "context": window.context,
            "input": followed if skipgram else None,
            "input_rows": shown.tolist(),
            "output_rows": window.outputs.tolist(),
        },
        "noise": noise_probabilities(corpus.counts, NOISE_EXPONENT).tolist(),
        "cosines": _cosines(similar).tolist(),
        "beginning": {
            "state": {
                "architecture": corpus.architecture,
                "output_layer": corpus.output_layer,
                "cbow_gradient": corpus.cbow_gradient,
                "eta": corpus.eta,
                "turn": 0,
                "inputs": [{"word": corpus.words[row], "vector": corpus.V[row].tolist()} for row in shown],
                "outputs": [
                    {"name": name, "label": label, "vector": corpus.W[row].tolist()}
                    for name, label, row in zip(window.names, window.labels.tolist(), window.outputs, strict=True)
                ],
            },
            "source": "corpus",
            "inputs": context,
            "output": centre,
            "negatives": [] if path else window.names[1:],
            "output_layers": get_args(OutputLayer),
            "paths": [{"word": centre, "nodes": window.outputs.tolist(), "code": code}] if path else None,
            "example_words": corpus.words,
            "subwords": False,
        },
    }


def _cosines(vectors: Matrix) -> Matrix:
    """(n, n) the cosine of each two rows; 0 where one is zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return np.asarray(directions @ directions.T)


def _read(text: Any) -> Iterator[list[str]]:
    """The words of each line, in lower case, without punctuation at their ends; each Chinese character is a word."""
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        raise RequestError(
            f"the text must have at most {MOST_CHARACTERS:,} characters", f"文本最多 {MOST_CHARACTERS:,} 個字元"
        )
    for line in text.lower().splitlines():
        tokens = (_without_punctuation(token) for token in _TOKEN.findall(line))
        yield [token for token in tokens if token]


def _without_punctuation(token: str) -> str:
    """A token from its first to its last letter, mark or digit."""
    kept = [place for place, character in enumerate(token) if unicodedata.category(character)[0] in "LMN"]
    return token[kept[0] : kept[-1] + 1] if kept else ""


def _count(lines: list[list[str]]) -> list[tuple[str, int]]:
    """The words and their occurrences, the most frequent first; a text that is too large or too small is refused."""
    if not lines:
        raise RequestError(
            "no line of the text has two words: a window needs a word and another one beside it",
            "文本沒有一行有兩個詞：一個視窗需要一個詞與旁邊的另一個詞",
        )
    tokens = sum(map(len, lines))
    if tokens > MOST_TOKENS:
        raise RequestError(
            f"the text has {tokens:,} words; the lab takes at most {MOST_TOKENS}: give fewer lines",
            f"文本有 {tokens:,} 個詞；實驗室最多接受 {MOST_TOKENS} 個：請減少行數",
        )
    counts = Counter(token for tokens in lines for token in tokens).most_common()
    if len(counts) > MOST_DISTINCT:
        raise RequestError(
            f"the text has {len(counts)} different words; the lab takes at most {MOST_DISTINCT}: give fewer lines",
            f"文本有 {len(counts)} 個不同的詞；實驗室最多接受 {MOST_DISTINCT} 個：請減少行數",
        )
    if len(counts) < 2:
        raise RequestError(
            f"the text has no other word than {counts[0][0]!r}; noise needs a second one",
            f"文本只有「{counts[0][0]}」一個詞；雜訊詞需要第二個詞",
        )
    return counts


def _corpus(given: Any) -> Corpus:
    """The corpus of a request; an invalid one is refused."""
    if not isinstance(given, Mapping):
        raise RequestError("the request has no corpus", "請求缺少語料")
    lines = given.get("lines")
    if not isinstance(lines, list) or not all(isinstance(tokens, list) and len(tokens) > 1 for tokens in lines):
        raise RequestError("lines: give a list of lists of two words or more", "lines：請給串列的串列，每個至少兩個詞")
    lines = [words({"line": tokens}, "line", MOST_TOKENS) for tokens in lines]
    counted = _count(lines)
    V, W = (_matrix(given.get(name), name, len(counted)) for name in "VW")
    if V.shape != W.shape:
        raise RequestError("the rows of V and W have different lengths", "V 與 W 的列長度不同")
    return Corpus(
        lines,
        [word for word, _ in counted],
        np.array([count for _, count in counted], np.int64),
        integer(given, "window", 1, MOST_WINDOW),
        integer(given, "negatives", 0, MOST_NEGATIVES),
        choice(given, "architecture", get_args(Architecture)),
        choice(given, "output_layer", get_args(OutputLayer)),
        choice(given, "cbow_gradient", get_args(CbowGradient)),
        learning_rate(given.get("eta")),
        V,
        W,
        integer(given, "at", 0, sum(map(len, lines)) - 1),
        integer(given, "passes", 0, 1 << 40),
    )


def _matrix(given: Any, name: str, rows: int) -> Matrix:
    if not isinstance(given, list) or len(given) != rows:
        raise RequestError(f"{name}: give a row for each of the {rows} words", f"{name}：{rows} 個詞各需一列")
    matrix: list[Vector] = [np.array(finite_vector(row), np.float64) for row in given]
    if len({len(row) for row in matrix}) != 1 or not 2 <= len(matrix[0]) <= MOST_SIZE:
        raise RequestError(
            f"{name}: give rows of one length, from 2 to {MOST_SIZE}", f"{name}：各列長度須相同，2 到 {MOST_SIZE}"
        )
    return np.array(matrix)
