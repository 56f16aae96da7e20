"""Collocations of a corpus: pairs of words counted on its ids, and their scores.

A candidate is two words beside each other in a sentence, or with only connector words between them. Candidates are
counted in a hash table with open addressing. Its slots are two uint64: the two words, and the run of connector words
between them with the count. A run is a number: the run without its last word, and that word, are looked up in a second
table, which is small.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import announced, compiled, subroutine
from wordkin.corpus.scanner import prefetch
from wordkin.errors import CorpusError
from wordkin.storage.arrays import aligned_zeros, read_only

# A slot's fields. PAIR: the left word + 1 in the upper 32 bits, the right word in the lower ones; 0 if it is empty.
# VALUE: the run in the upper 24 bits; in the lower ones a count, or a phrase's number.
PAIR, VALUE = 0, 1
VALUE_BITS = 40
MOST_RUNS = 1 << (64 - VALUE_BITS)

NO_RUN = 0
"""The run of two words that are beside each other."""

BATCH = 128
"""The number of tokens whose candidates are looked up together; meanwhile their slots are fetched."""

LEAST_AT_A_TIME = 1 << 22
"""The table may always hold this many candidates, so that few rounds are needed."""

_SMALLEST_TABLE, _LARGE_TABLE = 1 << 12, 1 << 22
"""Slots of the first table, and of those that grow more slowly."""

_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_SPREAD_SECOND = np.uint64(0xD6E8FEB86659FD93)
VALUES = np.uint64((1 << VALUE_BITS) - 1)

DONE, TABLE_FULL, RUNS_FULL = range(3)

# The state of counting, kept in an int64 array between calls. LEFT: the last word that is no connector, -1 if none.
POSITION, SENTENCE, LEFT, RUN, USED, RUNS = range(6)
COUNT_FIELDS = 6


class Runs(NamedTuple):
    """Runs of connector words; run 0 is empty.

    Attributes:
        parents: (room,) int32, each run without its last word.
        words: (room,) int32, its last word.
        slots: (capacity, 2) uint64, the hash table: parent and word, and the run's number; capacity is a power of two.
    """

    parents: npt.NDArray[np.int32]
    words: npt.NDArray[np.int32]
    slots: npt.NDArray[np.uint64]

    @classmethod
    def empty(cls, room: int = 1 << 10) -> "Runs":
        """Room for some runs."""
        slots = aligned_zeros((1 << (2 * room).bit_length(), 2), np.uint64)
        return cls(np.zeros(room, np.int32), np.zeros(room, np.int32), slots)

    def grown(self, used: int) -> "Runs":
        """The same runs with twice the room."""
        larger = Runs.empty(2 * len(self.parents))
        larger.parents[:used], larger.words[:used] = self.parents[:used], self.words[:used]
        refill_runs(larger, used)
        return larger

    def words_of(self, run: int) -> list[int]:
        """The words of a run, in their order."""
        words = []
        while run != NO_RUN:
            words.append(int(self.words[run]))
            run = int(self.parents[run])
        return words[::-1]


class Candidates(NamedTuple):
    """The candidates of a corpus, in no particular order.

    Attributes:
        left: (candidates,) int32, the first word of each.
        run: (candidates,) int32, the connector words between.
        right: (candidates,) int32, the last word.
        counts: (candidates,) int64, occurrences.
        runs: the runs.
        distinct: the number of different candidates in the corpus.
        rare: the number of different candidates that were dropped because they occur less than `min_count` times.
        beyond: the number of different candidates that were dropped because there were more than `most`.
        rare_occurrences: occurrences of rare candidates.
        beyond_occurrences: occurrences of those beyond `most`.
        rounds: how often the ids were read.
    """

    left: npt.NDArray[np.int32]
    run: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]
    runs: Runs
    distinct: int
    rare: int = 0
    beyond: int = 0
    rare_occurrences: int = 0
    beyond_occurrences: int = 0
    rounds: int = 0


@subroutine()
def mixed(pair, run):
    """A hash of a pair and a run."""
    state = (pair ^ (run * _SPREAD_SECOND)) * _SPREAD
    state ^= state >> np.uint64(32)
    return state * _SPREAD_SECOND


@subroutine()
def find_slot(slots, pair, run, shift):
    """The slot of a candidate, or the empty one where it belongs."""
    last = len(slots) - 1
    slot = np.intp(mixed(pair, run) >> shift)
    while slots[slot, PAIR] != 0:
        if slots[slot, PAIR] == pair and slots[slot, VALUE] >> np.uint64(VALUE_BITS) == run:
            break
        slot = (slot + 1) & last
    return slot


@subroutine()
def shift_of(slots):
    """What leaves as many of a hash's highest bits as a slot's number has."""
    bits = 0
    while (1 << bits) < len(slots):
        bits += 1
    return np.uint64(64 - bits)


@subroutine()
def run_slot(slots, parent, word):
    """The slot of a run in their table, or the empty one where it belongs; and its key."""
    key = (np.uint64(parent) << np.uint64(32) | np.uint64(word)) + np.uint64(1)
    last = len(slots) - 1
    slot = np.intp(mixed(key, np.uint64(0)) >> np.uint64(32)) & last
    while slots[slot, 0] != 0 and slots[slot, 0] != key:
        slot = (slot + 1) & last
    return slot, key


@compiled(nogil=True)
def refill_runs(runs, used):
    """Enter the runs 1 to `used` (exclusive) into their hash table, which is empty."""
    for run in range(1, used):
        slot, key = run_slot(runs.slots, runs.parents[run], runs.words[run])
        runs.slots[slot, 0], runs.slots[slot, 1] = key, run


@compiled(nogil=True)
def count(ids, offsets, is_connector, parts, part, runs, slots, batch, state):
    """Count candidates until the text ends or a table is full.

    Args:
        ids: (tokens,) int32.
        offsets: (sentences + 1,) int64, where each sentence begins.
        is_connector: (words,) bool.
        parts: a power of two.
        part: count only candidates whose hash belongs to this part.
        runs: see Runs; new runs are added.
        slots: (capacity, 2) uint64, the table.
        batch: (BATCH, 3) uint64, working memory.
        state: (COUNT_FIELDS,) int64.

    Returns:
        DONE, or the table that has to grow before the next call.
    """
    position, sentence, left, run = state[POSITION], state[SENTENCE], state[LEFT], np.uint64(state[RUN])
    used, known_runs = state[USED], state[RUNS]
    shift, room = shift_of(slots), len(slots) // 4 * 3 - BATCH
    mask, wanted = np.uint64(parts - 1), np.uint64(part)
    reason = DONE
    while position < len(ids):
        if used > room:
            reason = TABLE_FULL
            break
        if known_runs + BATCH > len(runs.parents):
            reason = RUNS_FULL
            break
        found = 0
        stop = min(position + BATCH, len(ids))
        while position < stop:
            if position == offsets[sentence + 1]:
                sentence += 1
                left, run = -1, np.uint64(NO_RUN)
            word = ids[position]
            position += 1
            if is_connector[np.uint32(word)]:
                if left >= 0:
                    slot, key = run_slot(runs.slots, run, word)
                    if runs.slots[slot, 0] == 0:
                        runs.slots[slot, 0], runs.slots[slot, 1] = key, known_runs
                        runs.parents[known_runs], runs.words[known_runs] = run, word
                        known_runs += 1
                    run = runs.slots[slot, 1]
                continue
            if left >= 0:
                pair = np.uint64(left + 1) << np.uint64(32) | np.uint64(word)
                hashed = mixed(pair, run)
                if hashed & mask == wanted:
                    slot = np.intp(hashed >> shift)
                    prefetch(slots, slot)
                    batch[found, 0], batch[found, 1], batch[found, 2] = pair, run, slot
                    found += 1
            left, run = np.int64(word), np.uint64(NO_RUN)
        for place in range(found):
            pair, run_of_pair, slot = batch[place, 0], batch[place, 1], np.intp(batch[place, 2])
            while slots[slot, PAIR] != 0:
                if slots[slot, PAIR] == pair and slots[slot, VALUE] >> np.uint64(VALUE_BITS) == run_of_pair:
                    break
                slot = (slot + 1) & (len(slots) - 1)
            if slots[slot, PAIR] == 0:
                slots[slot, PAIR], slots[slot, VALUE] = pair, run_of_pair << np.uint64(VALUE_BITS)
                used += 1
            slots[slot, VALUE] += np.uint64(1)
    state[POSITION], state[SENTENCE], state[LEFT], state[RUN] = position, sentence, left, run
    state[USED], state[RUNS] = used, known_runs
    return reason


@compiled(nogil=True)
def refill(slots, larger, parts, part):
    """Copy the entries of a part from a table into an empty one; return their number."""
    shift, mask, wanted, used = shift_of(larger), np.uint64(parts - 1), np.uint64(part), 0
    for slot in range(len(slots)):
        pair, value = slots[slot, PAIR], slots[slot, VALUE]
        if pair != 0 and mixed(pair, value >> np.uint64(VALUE_BITS)) & mask == wanted:
            place = find_slot(larger, pair, value >> np.uint64(VALUE_BITS), shift)
            larger[place, PAIR], larger[place, VALUE] = pair, value
            used += 1
    return used


@compiled(nogil=True)
def select(slots, least, left, run, right, counts):
    """Copy the entries of a table that occur at least `least` times; where the arrays are empty, only count them.

    Returns:
        The number of such entries, and the occurrences of the other ones.
    """
    found, rare_occurrences = 0, 0
    for slot in range(len(slots)):
        if slots[slot, PAIR] == 0:
            continue
        occurrences = np.int64(slots[slot, VALUE] & VALUES)
        if occurrences < least:
            rare_occurrences += occurrences
            continue
        if len(counts):
            left[found] = np.int32(slots[slot, PAIR] >> np.uint64(32)) - 1
            right[found] = np.int32(slots[slot, PAIR] & np.uint64(0xFFFFFFFF))
            run[found] = np.int32(slots[slot, VALUE] >> np.uint64(VALUE_BITS))
            counts[found] = occurrences
        found += 1
    return found, rare_occurrences


def count_candidates(
    ids: npt.NDArray[np.int32],
    offsets: npt.NDArray[np.int64],
    is_connector: npt.NDArray[np.bool_],
    least: int = 1,
    most: int = 1 << 62,
) -> Candidates:
    """Count the candidates of a corpus.

    No count is approximate. Where more candidates than `most` occur, they are counted in several rounds, each of which
    reads all ids and counts a part of the candidates.

    Args:
        ids: (tokens,) each token's word.
        offsets: (sentences + 1,) where each sentence begins in `ids`; no sentence is empty.
        is_connector: (words,) whether a word may stand between the two words of a candidate.
        least: drop candidates that occur less often.
        most: keep at most this many candidates, the most frequent ones; bounds the memory.

    Raises:
        CorpusError: there are more than 16 million different runs of connector words.
    """
    ids, offsets = read_only(ids), read_only(offsets)
    at_a_time = max(LEAST_AT_A_TIME, min(most, len(ids) // 8))
    runs, state, batch = Runs.empty(), np.zeros(COUNT_FIELDS, np.int64), np.zeros((BATCH, 3), np.uint64)
    state[RUNS] = 1
    nothing = np.zeros(0, np.int32)
    kept = Candidates(nothing, nothing, nothing, np.zeros(0, np.int64), runs, 0)
    waiting = [(1, 0)]  # the parts to count
    with announced("the counting of phrases"):
        while waiting:
            parts, part = waiting.pop()
            slots = aligned_zeros((_SMALLEST_TABLE, 2), np.uint64)
            state[[POSITION, SENTENCE, LEFT, RUN, USED]] = 0, 0, -1, NO_RUN, 0
            while (reason := count(ids, offsets, is_connector, parts, part, runs, slots, batch, state)) != DONE:
                if reason == RUNS_FULL:
                    runs = _larger_runs(runs, int(state[RUNS]))
                    continue
                capacity = len(slots)
                if state[USED] > at_a_time:  # one half of the part goes on, and the other one is counted later
                    parts *= 2
                    waiting.append((parts, part + parts // 2))
                else:
                    capacity *= 4 if capacity < _LARGE_TABLE else 2
                larger = aligned_zeros((capacity, 2), np.uint64)
                state[USED] = refill(slots, larger, parts, part)
                slots = larger
            kept = _with_part(kept, slots, int(state[USED]), least, most)
    return kept._replace(runs=runs)


def _larger_runs(runs: Runs, used: int) -> Runs:
    if 2 * len(runs.parents) > MOST_RUNS:
        raise CorpusError(
            f"more than {used:,} different runs of connector words stand between other words: give fewer of them"
        )
    return runs.grown(used)


def _with_part(kept: Candidates, slots: npt.NDArray[np.uint64], used: int, least: int, most: int) -> Candidates:
    """The candidates with those of one more table, without the rare ones and those beyond `most`."""
    nothing = np.zeros(0, np.int32)
    number, rare_occurrences = select(slots, least, nothing, nothing, nothing, np.zeros(0, np.int64))
    new = [np.zeros(number, dtype) for dtype in (np.int32, np.int32, np.int32, np.int64)]
    select(slots, least, *new)
    earlier = (kept.left, kept.run, kept.right, kept.counts)
    left, run, right, counts = (np.concatenate([old, more]) for old, more in zip(earlier, new, strict=True))
    kept = kept._replace(
        rounds=kept.rounds + 1,
        distinct=kept.distinct + used,
        rare=kept.rare + used - number,
        rare_occurrences=kept.rare_occurrences + int(rare_occurrences),
    )
    if len(counts) > most:
        order = np.lexsort((right, run, left, -counts))
        chosen, others = np.sort(order[:most]), order[most:]
        kept = kept._replace(
            beyond=kept.beyond + len(others), beyond_occurrences=kept.beyond_occurrences + int(counts[others].sum())
        )
        left, run, right, counts = left[chosen], run[chosen], right[chosen], counts[chosen]
    return kept._replace(left=left, run=run, right=right, counts=counts)


# --- Scores -----------------------------------------------------------------------------------------------------------


def default_score(
    worda_count: Any, wordb_count: Any, bigram_count: Any, *, len_vocab: float, min_count: float, **_unused: float
) -> Any:
    """The default score, as gensim's: (count(ab) − min_count) / (count(a) count(b)) × len_vocab.

    Mikolov et al. (2013) have the same without a factor. The first three arguments are numbers, or arrays of them.

    Args:
        worda_count: occurrences of the first word.
        wordb_count: occurrences of the last word.
        bigram_count: occurrences of the two words one after the other, with these connector words between.
        len_vocab: the number of different words, without connector words, and of different candidates.
        min_count: the least count.
    """
    return (bigram_count - min_count) / (worda_count * wordb_count) * len_vocab


def word2phrase_score(
    worda_count: Any,
    wordb_count: Any,
    bigram_count: Any,
    *,
    min_count: float,
    corpus_word_count: float,
    **_unused: float,
) -> Any:
    """The score of word2phrase: as :func:`default_score`, but × the number of tokens; −∞ for words under min_count."""
    score = (bigram_count - min_count) / (worda_count * wordb_count) * corpus_word_count
    return np.where((worda_count >= min_count) & (wordb_count >= min_count), score, -np.inf)


def npmi_score(
    worda_count: Any,
    wordb_count: Any,
    bigram_count: Any,
    *,
    min_count: float,
    corpus_word_count: float,
    **_unused: float,
) -> Any:
    """Normalized pointwise mutual information (Bouma 2009), from −1 to 1; −∞ for candidates under min_count.

    ln(p(ab) / (p(a) p(b))) / −ln p(ab), where p is a count divided by the number of tokens.
    """
    p_a, p_b, p_ab = (number / corpus_word_count for number in (worda_count, wordb_count, bigram_count))
    return np.where(bigram_count >= min_count, np.log(p_ab / (p_a * p_b)) / -np.log(p_ab), -np.inf)


SCORES: dict[str, Callable[..., Any]] = {
    "default": default_score,
    "word2phrase": word2phrase_score,
    "npmi": npmi_score,
}
"""The scores by name."""
