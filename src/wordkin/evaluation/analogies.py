"""Analogies: a is to b as c is to …? Reads the sets of Google, Microsoft and BATS."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wordkin.display import Report
from wordkin.errors import FormatError
from wordkin.evaluation import sets
from wordkin.evaluation.sets import Lookup
from wordkin.vectors import search
from wordkin.vectors.queries import Method, require_method
from wordkin.vectors.search import choose
from wordkin.vectors.wordvectors import WordVectors

SKIPPED = -1
_COSMUL_EXPONENTS = np.array([1.0, 1.0, -1.0])  # for b, c and a


@dataclasses.dataclass(frozen=True)
class Question:
    """A question: a is to b as c is to any of `answers`; in BATS, b may be several words."""

    a: str
    b: tuple[str, ...]
    c: str
    answers: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Section:
    """Questions of one kind."""

    name: str
    questions: tuple[Question, ...]


@dataclasses.dataclass(frozen=True)
class SectionScore:
    """The score of one section.

    Attributes:
        name: the name of the section.
        correct: the number of questions answered correctly.
        asked: the number of questions whose words all have a vector, and one of whose answers is in the vocabulary.
        skipped: the number of other questions.
    """

    name: str
    correct: int
    asked: int
    skipped: int

    @property
    def accuracy(self) -> float:
        """The share of correct answers among the questions asked, 0 to 1; NaN if none was asked."""
        return self.correct / self.asked if self.asked else float("nan")


@dataclasses.dataclass(frozen=True, eq=False)
class AnalogyScore(Report):
    """The score of a set of analogies.

    Attributes:
        name: the name of the set.
        method: 3CosAdd or 3CosMul.
        most_frequent: the number of most frequent words that questions and answers were limited to; None for all.
        sections: the scores of the sections, in the order of the set.
        outcomes: (questions,) int8: 1 correct, 0 wrong, −1 skipped.
        digest: the digest of the questions; scores of equal digests can be compared.
    """

    name: str
    method: Method
    most_frequent: int | None
    sections: tuple[SectionScore, ...]
    outcomes: npt.NDArray[np.int8]
    digest: str

    kind = "analogies"

    @property
    def total(self) -> SectionScore:
        """The score of all sections together."""
        return _score("total", self.outcomes)

    @property
    def value(self) -> float:
        """The accuracy over all asked questions."""
        return self.total.accuracy

    def as_dict(self) -> dict[str, Any]:
        """The score for --json."""
        return {
            **_section_dict(self.total),
            "name": self.name,
            "method": self.method,
            "most_frequent": self.most_frequent,
            "digest": self.digest,
            "sections": [_section_dict(section) for section in self.sections],
        }


def read_analogies(path: Path) -> tuple[Section, ...]:
    """Read a set of analogies.

    A file has four words per line, in sections that begin with ``: name`` (Google), or without sections (Microsoft's
    set in one file). A file ``.questions`` has three words per line; the file ``.answers`` beside it has the section
    and the fourth word. A folder is BATS: each file is a section whose lines are a word, a tab, and the words that it
    may go with, separated by ``/``; every two lines make a question.

    Raises:
        FormatError: the set cannot be read, or a line is malformed.
    """
    if path.is_dir():
        sections = tuple(_bats(file) for file in sorted(path.rglob("*.txt")))
    elif path.suffix == ".questions":
        sections = _microsoft(path)
    else:
        sections = _google(path)
    if not any(section.questions for section in sections):
        raise FormatError(f"{path} holds no analogies: four words a line, or a folder of BATS")
    return sections


def evaluate_analogies(
    vectors: WordVectors,
    source: str | Path | Sequence[Section],
    *,
    method: Method = "3cosadd",
    most_frequent: int | None = None,
    ignore_case: bool = True,
) -> AnalogyScore:
    """Answer every question of a set with the word nearest to b − a + c that is not one of the three.

    A question is skipped if a word has no finite vector, or no answer is in the vocabulary.

    Args:
        vectors: the model.
        source: the file or folder for :func:`read_analogies`, or its result.
        method: ``"3cosadd"`` (Mikolov et al. 2013) or ``"3cosmul"`` (Levy and Goldberg 2014).
        most_frequent: limit questions and answers to this many of the most frequent words; None for all.
        ignore_case: whether words that differ only in case are the same.

    Raises:
        FormatError: the set cannot be read.
        ValueError: the method is unknown, or another argument is out of range.
    """
    require_method(method)
    name, sections = sets.load_set(source, read_analogies, "analogies")
    questions = [question for section in sections for question in section.questions]
    wanted = {word for question in questions for word in (question.a, *question.b, question.c, *question.answers)}
    lookup = Lookup(vectors, wanted, most_frequent, ignore_case)
    rows = [_question_rows(lookup, question) for question in questions]
    places = [place for place, known in enumerate(rows) if known is not None]
    outcomes = np.full(len(questions), SKIPPED, np.int8)
    for begin in range(0, len(places), search.QUERIES):
        block = places[begin : begin + search.QUERIES]
        asked = np.array([rows[place] for place in block], np.intp)
        left_out = [
            (query, row)
            for query, place in enumerate(block)
            for word in (questions[place].a, *questions[place].b, questions[place].c)
            for row in lookup.rows(word)
        ]
        found = _answers(vectors, lookup, asked, left_out, method, most_frequent)
        for place, answer in zip(block, found, strict=True):
            outcomes[place] = any(answer in lookup.rows(word) for word in questions[place].answers)
    scores = _by_section(sections, outcomes)
    return AnalogyScore(name, method, most_frequent, scores, outcomes, sets.digest(questions))


def _answers(
    vectors: WordVectors,
    lookup: Lookup,
    asked: npt.NDArray[np.intp],
    left_out: list[tuple[int, int]],
    method: Method,
    most_frequent: int | None,
) -> list[int]:
    """The row of the best answer to each question, −1 for none; `asked` holds the rows of a, b and c."""
    a, b, c = (lookup.unit_vectors(rows) for rows in asked.T)
    candidates = choose(vectors, restrict_vocabulary=most_frequent)
    if method == "3cosadd":
        blocks = vectors.cosine_blocks(b - a + c, candidates)
    else:
        blocks = search.products(vectors.cosine_blocks(np.concatenate([b, c, a]), candidates), _COSMUL_EXPONENTS)
    query, row = np.array(left_out, np.intp).reshape(-1, 2).T
    found = search.best(blocks, len(asked), 1, excluded=(query, row))
    return [int(positions[0]) if len(positions) else -1 for positions, _ in found]


def _question_rows(lookup: Lookup, question: Question) -> tuple[int, int, int] | None:
    """The rows of a, b and c; None if one of them or every answer is unknown."""
    a, c = lookup.row(question.a), lookup.row(question.c)
    b = next((row for word in question.b if (row := lookup.row(word)) is not None), None)
    if a is None or b is None or c is None or not any(lookup.rows(word) for word in question.answers):
        return None
    return a, b, c


def _by_section(sections: Iterable[Section], outcomes: npt.NDArray[np.int8]) -> tuple[SectionScore, ...]:
    scores, begin = [], 0
    for section in sections:
        own = outcomes[begin : begin + len(section.questions)]
        scores.append(_score(section.name, own))
        begin += len(own)
    return tuple(scores)


def _score(name: str, outcomes: npt.NDArray[np.int8]) -> SectionScore:
    asked = int(np.count_nonzero(outcomes != SKIPPED))
    return SectionScore(name, int(np.count_nonzero(outcomes == 1)), asked, len(outcomes) - asked)


def _google(path: Path) -> tuple[Section, ...]:
    sections: list[tuple[str, list[Question]]] = []
    for number, line in sets.lines(path):
        if line.startswith(":"):
            sections.append((line[1:].strip(), []))
            continue
        words = line.split()
        if len(words) != 4:
            raise FormatError(f"{path}, line {number}: {len(words)} words; an analogy has four")
        if not sections:
            sections.append((path.stem, []))
        a, b, c, d = words
        sections[-1][1].append(Question(a, (b,), c, (d,)))
    return tuple(Section(name, tuple(questions)) for name, questions in sections)


def _microsoft(path: Path) -> tuple[Section, ...]:
    questions, answers = list(sets.lines(path)), list(sets.lines(path.with_suffix(".answers")))
    if len(questions) != len(answers):
        raise FormatError(f"{path} has {len(questions)} questions and {len(answers)} answers beside it")
    sections: dict[str, list[Question]] = {}
    for (number, question), (_, answer) in zip(questions, answers, strict=True):
        words, (name, *fourth) = question.split(), answer.split()
        if len(words) != 3 or len(fourth) != 1:
            raise FormatError(f"{path}, line {number}: three words, and beside them a section and a word, are needed")
        sections.setdefault(name, []).append(Question(words[0], (words[1],), words[2], tuple(fourth)))
    return tuple(Section(name, tuple(questions)) for name, questions in sections.items())


def _bats(path: Path) -> Section:
    pairs: list[tuple[str, tuple[str, ...]]] = []
    for number, line in sets.lines(path):
        word, _, rest = " ".join(line.split()).partition(" ")
        others = tuple(other.strip() for other in rest.split("/") if other.strip())
        if not others:
            raise FormatError(f"{path}, line {number}: a word and the words that it may go with are needed")
        pairs.append((word, others))
    return Section(
        path.stem,
        tuple(
            Question(a, b, c, answers)
            for first, (a, b) in enumerate(pairs)
            for second, (c, answers) in enumerate(pairs)
            if first != second
        ),
    )


def _section_dict(section: SectionScore) -> dict[str, Any]:
    return {**dataclasses.asdict(section), "accuracy": section.accuracy if section.asked else None}
