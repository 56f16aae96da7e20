"""Private copies of the hottest rows of W, one set for each thread, which are merged now and then.

Threads that change the same row wait for its cache lines, which move from core to core. Most of these rows are frequent
words' rows of W, or the inner nodes near the root. So each thread has copies of them, behind W in the same array. After
some tokens it adds what it changed to the shared rows, scaled as combining.py says, and copies these again.
"""

import math
import threading
from typing import NamedTuple

import numpy as np

from wordkin.config import TrainingConfig
from wordkin.model.kernel import PrivateRows, Weights, padded
from wordkin.training.combining import Curvature, curvature, decay
from wordkin.training.minibatches import Pairs, inputs_of_window

TOKENS = 50_000
"""The most tokens that a thread trains between two merges."""

FEWEST_TOKENS = 20_000
"""The same where there are many threads."""

TOKENS_OF_ALL = 400_000
"""The most tokens that all threads train between two merges of a thread, as far as FEWEST_TOKENS allows."""

LEAST_WINDOWS = 5
"""A row is copied if a thread changes it in this many windows between two merges: a merge fetches it once."""

MOST_BYTES = 1 << 20
"""The most bytes of a thread's private rows, so that a core's second-level cache holds them."""

MOST_BLOCKS = 16
"""The most blocks of rows that different threads merge at the same time."""


class Plan(NamedTuple):
    """How many rows each thread copies, and the most tokens that it trains between two merges."""

    rows: int
    tokens: float


NO_HOT_ROWS = Plan(0, math.inf)


def plan(threads: int, config: TrainingConfig, pairs: Pairs) -> Plan:
    """Choose the hot rows of a run.

    One thread has none, nor has CBOW, whose quality they lower, nor have subwords, nor the two output layers of the
    engine at once.

    Args:
        threads: how many train at the same time.
        config: the hyper-parameters.
        pairs: of each row, for each token of the text.
    """
    one_layer = config.output_layer in ("negative-sampling", "hierarchical-softmax")
    if threads == 1 or config.architecture == "cbow" or config.min_n or not one_layer:
        return NO_HOT_ROWS
    tokens = min(TOKENS, max(FEWEST_TOKENS, TOKENS_OF_ALL // threads))
    frequent = np.count_nonzero(tokens * pairs.output >= LEAST_WINDOWS * inputs_of_window(config))
    return Plan(min(int(frequent), MOST_BYTES // (4 * padded(config.vector_size))), tokens)


class HotRows:
    """The private rows of all threads, and the shared rows that they are copies of: the first ones of W.

    Args:
        weights: V, and W with the room for private rows behind it.
        size: vector_size.
        words: rows of W without private ones.
        threads: how many threads have copies.
        chosen: how many rows each of them copies, and how often they are merged.
        pairs: of each row, for each token of the text.

    Attributes:
        tokens: see :class:`Plan`.
        views: of each thread, its private rows, as the kernel is told of them.
    """

    def __init__(self, weights: Weights, size: int, words: int, threads: int, chosen: Plan, pairs: Pairs) -> None:
        rows, self.tokens = chosen
        self._inputs, self._pairs_of_inputs = weights.input[:, :size], pairs.input
        self._pairs = pairs.output[:rows]
        self._shared = weights.output[:rows, :size]
        self._private = [
            weights.output[words + thread * rows : words + (thread + 1) * rows, :size] for thread in range(threads)
        ]
        self._base = [np.zeros((rows, size), np.float32) for _ in range(threads)]
        self.views = [PrivateRows(rows, words + thread * rows) for thread in range(threads)]
        self._tokens, self._overlap = [0] * threads, [0.0] * threads
        blocks = min(threads, MOST_BLOCKS, rows)
        self._blocks = [slice(rows * block // blocks, rows * (block + 1) // blocks) for block in range(blocks)]
        self._locks = [threading.Lock() for _ in range(blocks)]
        self._of_inputs: Curvature
        self._measuring = threading.Lock()
        self._merges = self._next_measurement = 0

    def compile(self) -> None:
        """Compile what merges, or load it from the cache, by a merge that changes nothing."""
        self.copy()
        self.merge(0)

    def copy(self) -> None:
        """Let every thread begin with the shared rows, when none is training."""
        for private, base in zip(self._private, self._base, strict=True):
            private[...] = self._shared
            base[...] = self._shared

    def trained(self, thread: int, tokens: int, rate: float) -> None:
        """Note that a thread has trained some tokens at that η, and merge if it is time."""
        self._tokens[thread] += tokens
        self._overlap[thread] += tokens * rate
        if 2 * self._tokens[thread] >= self.tokens:
            self.merge(thread)

    def merge(self, thread: int) -> None:
        """Put together what a thread and what others have changed since its last merge, and copy that.

        Had the thread begun with the rows as they are now, it would have changed those of the others' changes that its
        training overlaps with. So of these is kept what its training leaves. Every thread begins with another block,
        and a block is merged by one thread at a time.
        """
        if not self._blocks:
            return
        overlap, of_inputs = self._overlap[thread] * self._pairs, self._curvature()
        self._tokens[thread], self._overlap[thread] = 0, 0.0
        for turn in range(thread, thread + len(self._blocks)):
            block = turn % len(self._blocks)
            rows = self._blocks[block]
            private, base, shared = self._private[thread][rows], self._base[thread][rows], self._shared[rows]
            with self._locks[block]:
                of_others = shared - base
                decay(of_others, overlap[rows], of_inputs)
                private += of_others
                shared[...] = private
            base[...] = private

    def _curvature(self) -> Curvature:
        """The curvature of V, measured again in every merge at first, later in every 64th."""
        with self._measuring:
            if self._merges >= self._next_measurement:
                self._of_inputs = curvature(self._inputs, self._pairs_of_inputs)
                self._next_measurement = self._merges + 1 + min(self._merges // 8, 63)
            self._merges += 1
            return self._of_inputs
