"""Checks for common mistakes in a corpus, in a few milliseconds and bounded memory."""

import collections
import itertools
import logging
from collections.abc import Iterable, Iterator

import numpy as np

from wordkin.corpus.encoded import EncodedCorpus
from wordkin.corpus.tokenizer import advice_without_spaces, without_spaces
from wordkin.errors import argument
from wordkin.vocabulary import Vocabulary

logger = logging.getLogger("wordkin")

FREQUENT = 5_000
"""The number of most frequent words whose length and case are checked."""

SINGLE_CHARACTERS = 0.9
"""The share of one-character tokens that gives a warning; it is 0.03 in English prose."""

ONE_LINE = 0.5
"""The share of the tokens in one line that gives a warning."""

LONG_LINE = 1_000
"""A line of this many tokens is longer than any sentence; word2vec.c cuts there."""

FEW_WORDS = 100

BLOCK_TOKENS = 65_536
MOST_BLOCKS = 8
"""The largest number of blocks in which lines are compared, spread over the corpus: half a million tokens."""

MANY_COPIES = 1_000
COPIED_SHARE = 0.01
"""The copies of one line, and their share of the tokens, that give a warning: dialogues often repeat short answers."""

OTHER_CASE = 0.01
"""The share of tokens that differ from a more frequent word only in case; it is 0.05 in English prose."""

_FACTOR = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
_INVERSE = pow(_FACTOR, -1, 2**64)


def check(corpus: EncodedCorpus) -> list[str]:
    """Warnings about a corpus: one line each, with the numbers and the advice. Empty if nothing is unusual."""
    if corpus.report.sources == 0:  # ids, which were never text
        findings: tuple[str | None, ...] = (_few_words(corpus),)
    else:
        frequent = _words(corpus.vocabulary, range(min(FREQUENT, len(corpus.vocabulary))))
        findings = (
            _single_characters(corpus, frequent),
            _one_line(corpus),
            _copies(corpus),
            _no_spaces(corpus, frequent) or _few_words(corpus),
            _two_cases(corpus, frequent),
        )
    return [finding for finding in findings if finding is not None]


def warn(corpus: EncodedCorpus) -> list[str]:
    """Log the warnings and return them."""
    findings = check(corpus)
    for finding in findings:
        logger.warning("%s", finding)
    return findings


def _single_characters(corpus: EncodedCorpus, frequent: list[str]) -> str | None:
    if corpus.settings["tokenizer"] == "characters":
        return None
    single = [len(word) == 1 for word in frequent]
    counts = corpus.vocabulary.counts
    share = int(counts[: len(frequent)][single].sum()) / int(counts.sum())
    if share < SINGLE_CHARACTERS:
        return None
    return (
        f"{share:.1%} of the tokens are one character long: if characters are meant, "
        f"{argument('tokenizer', 'characters')} says so; "
        "if words are, the text has white space between letters, or was given as letters instead of words"
    )


def _one_line(corpus: EncodedCorpus) -> str | None:
    offsets, step = corpus.sentence_offsets, BLOCK_TOKENS
    longest = max(int(np.diff(offsets[begin : begin + step + 1]).max()) for begin in range(0, len(offsets) - 1, step))
    tokens = len(corpus.ids)
    if longest <= LONG_LINE or longest < ONE_LINE * tokens:
        return None
    return (
        f"one line holds {longest:,} of {tokens:,} tokens ({longest / tokens:.0%}): a line is a sentence, and windows "
        "reach over all words of it; where it is not running text, put each sentence on a line of its own"
    )


def _copies(corpus: EncodedCorpus) -> str | None:
    """Find repeated lines of two tokens or more by a 64-bit hash: Σ (id + 1) · factor^position."""
    offsets, tokens = corpus.sentence_offsets, len(corpus.ids)
    room = min(2 * BLOCK_TOKENS, tokens)
    powers, inverses = (np.cumprod(np.full(room, factor, np.uint64)) for factor in (_FACTOR, _INVERSE))
    hashes, lines, looked_at = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], 0
    for first, last in _blocks(corpus):
        begins = offsets[first:last] - offsets[first]
        ids = corpus.ids[offsets[first] : offsets[last]].astype(np.uint64)
        sums = np.add.reduceat((ids + 1) * powers[: len(ids)], begins)
        several = np.diff(offsets[first : last + 1]) > 1
        hashes.append((sums * inverses[begins])[several])
        lines.append(np.arange(first, last)[several])
        looked_at += len(ids)
    every = np.concatenate(hashes)
    ordered = np.sort(every)
    if not (ordered[MANY_COPIES - 1 :] == ordered[: max(len(ordered) - MANY_COPIES + 1, 0)]).any():
        return None
    _, places, copies = np.unique(every, return_index=True, return_counts=True)
    often = copies >= MANY_COPIES
    line, copies = np.concatenate(lines)[places[often]], copies[often]
    copied = copies * (offsets[line + 1] - offsets[line])
    if copied.sum() < COPIED_SHARE * looked_at:
        return None
    most = int(copied.argmax())
    others = f", {len(line) - 1:,} other lines at least {MANY_COPIES:,} times each" if len(line) > 1 else ""
    pruned = " (dropped words left out)" if corpus.report.tokens > corpus.report.tokens_kept else ""
    sample = f" in a sample of {looked_at:,} tokens" if looked_at < tokens else ""
    return (
        f"the line {_quote_line(corpus, int(line[most]))}{pruned} occurs {copies[most]:,} times{sample}{others}, "
        f"{copied.sum() / looked_at:.0%} of the tokens in all: keep one copy of each line, "
        "for instance with awk '!seen[$0]++'"
    )


def _no_spaces(corpus: EncodedCorpus, frequent: list[str]) -> str | None:
    if corpus.settings["tokenizer"] == "characters" or not without_spaces("".join(frequent).encode(), len(frequent)):
        return None
    longest = max(frequent, key=len)
    return f"words such as {longest[:20]!r} are whole sentences: {advice_without_spaces()}"


def _few_words(corpus: EncodedCorpus) -> str | None:
    words, report = len(corpus.vocabulary), corpus.report
    if words >= FEW_WORDS:
        return None
    if report.dropped_by_max_vocabulary:
        cause = (
            f"{argument('max_vocabulary')} dropped {report.dropped_by_max_vocabulary:,} tokens in other words: raise it"
        )
    elif report.dropped_by_min_count:
        cause = (
            f"{argument('min_count', corpus.settings['min_count'])} dropped {report.dropped_by_min_count:,} tokens in "
            "rarer words"
        )
        cause += f": lower it, or give more {'text' if report.sources else 'ids'}"
    else:
        cause = "with so few words, neighbours mean little: give more " + (
            f"text, or check whether {argument('tokenizer')} fits it" if report.sources else "ids"
        )
    return f"the vocabulary has only {words} words; {cause}"


def _two_cases(corpus: EncodedCorpus, frequent: list[str]) -> str | None:
    forms = collections.defaultdict(list)
    for row, word in enumerate(frequent):
        forms[word.lower()].append(row)
    counts = corpus.vocabulary.counts
    # Rows are ordered by frequency: the first form is the most frequent one.
    split = {rows[0]: int(counts[rows[1:]].sum()) for rows in forms.values() if len(rows) > 1}
    share = sum(split.values()) / int(counts.sum())
    if share < OTHER_CASE:
        return None
    most = max(split, key=lambda row: split[row])
    examples = ", ".join(f"{frequent[row]!r} {counts[row]:,} times" for row in forms[frequent[most].lower()][:2])
    return (
        f"{len(split):,} of the {len(frequent):,} most frequent words occur in upper and lower case ({examples}), "
        f"{share:.1%} of the tokens in the rarer one: if case has no meaning, {argument('lower', True)} makes them "
        "one word"
    )


def _blocks(corpus: EncodedCorpus) -> Iterator[tuple[int, int]]:
    """Yield the first and last (exclusive) sentence of each block to check; a small corpus is checked completely."""
    offsets, tokens = corpus.sentence_offsets, len(corpus.ids)
    blocks = min(MOST_BLOCKS, -(-tokens // BLOCK_TOKENS))
    for begin, next_begin in itertools.pairwise(number * tokens // blocks for number in range(blocks + 1)):
        end = min(next_begin, begin + BLOCK_TOKENS)
        first, last = (int(sentence) for sentence in np.searchsorted(offsets, [begin, end]))
        if offsets[last] > begin + 2 * BLOCK_TOKENS:  # a line that cannot occur there a thousand times
            last -= 1
        if first < last:
            yield first, last


def _words(vocabulary: Vocabulary, rows: Iterable[int]) -> list[str]:
    """The words of some rows, without decoding all words."""
    text, offsets = vocabulary.text, vocabulary.offsets
    return [text[offsets[row] : offsets[row + 1]].tobytes().decode() for row in rows]


def _quote_line(corpus: EncodedCorpus, line: int, words: int = 6, characters: int = 60) -> str:
    """The beginning of a line, in quotes."""
    begin, end = int(corpus.sentence_offsets[line]), int(corpus.sentence_offsets[line + 1])
    text = " ".join(_words(corpus.vocabulary, corpus.ids[begin : min(end, begin + words)]))
    whole = end - begin <= words and len(text) <= characters
    return repr(text if whole else text[:characters] + " …")
