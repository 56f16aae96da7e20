"""What the kernel reads, and the arrays that it writes into."""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wordkin.compilation import inlined
from wordkin.config import STEP_POSITIONS
from wordkin.model import objective
from wordkin.model.huffman import Tree
from wordkin.model.kernel.simd import GROUP, PADDING, SIMD_WIDTH, TILE, subarray
from wordkin.model.subwords import WordRows
from wordkin.storage.arrays import SPARE, aligned_zeros

AHEAD = 4
"""Steps between drawing the noise words (and prefetching their rows) and using them: a power of two."""

LINE = 8
"""Numbers of 8 bytes on a cache line, so that no two threads write to the same one."""


class Weights(NamedTuple):
    """V and W, both (vocabulary, padded vector_size), aligned to 64 bytes; the padding stays zero.

    With subwords, the rows of the n-grams stand behind those of the words in V. Private rows of threads lie behind the
    others of W. The numbers are float32, or float64 for checks.
    """

    input: npt.NDArray[Any]
    output: npt.NDArray[Any]


class Samplers(NamedTuple):
    """Thresholds for keeping a token, and the alias table of the noise words; see model/sampling.py."""

    keep: npt.NDArray[np.uint32]
    accept: npt.NDArray[np.uint32]
    alias: npt.NDArray[np.int32]


class Window(NamedTuple):
    """How a text is cut into windows, and windows into steps.

    Attributes:
        size: words on either side.
        shrink: whether that number is drawn anew for each window, from 1 to `size`.
        negative: noise words of a window.
        step_positions: most positions of a step, the centre's included; CBOW takes a whole window as one step.
        most_repeated: see objective.MOST_REPEATED.
        held_steps: with subwords, the most steps after which all words leave the ring; see training/minibatches.py.
    """

    size: int
    shrink: bool
    negative: int
    step_positions: int = STEP_POSITIONS
    most_repeated: float = objective.MOST_REPEATED
    held_steps: int = 2**31


class Setup(NamedTuple):
    """What all chunks of a run have in common.

    Attributes:
        ids: (tokens,) int32, the corpus.
        offsets: (sentences + 1,) int64, where its sentences begin.
        samplers: see Samplers.
        tree: only read for hierarchical softmax.
        window: see Window.
        frozen: (rows,) whether a row of V stays as it is; None where all of them learn.
        word_rows: with subwords, the rows of V that each word consists of; else None.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    samplers: Samplers
    tree: Tree
    window: Window
    frozen: npt.NDArray[np.bool_] | None
    word_rows: WordRows | None = None


class PrivateRows(NamedTuple):
    """The rows of W of which a thread has copies of its own: row r < `rows` is read and changed at r + `shift`."""

    rows: int
    shift: int


NO_PRIVATE_ROWS = PrivateRows(0, 0)


class Task(NamedTuple):
    """One chunk: its pieces of text, how they are split into lanes, η at both ends, and the thread's private rows.

    A piece is its tokens [begin, end), and the sentence that `begin` lies in: (pieces, 3). Lane i has the pieces
    lanes[i] to lanes[i + 1].
    """

    pieces: npt.NDArray[np.int64]
    lanes: npt.NDArray[np.int64]
    first_rate: float
    last_rate: float
    private: PrivateRows = NO_PRIVATE_ROWS


class Shape(NamedTuple):
    """The room that a step takes: most context words, input vectors and output vectors, and numbers in a row.

    With subwords, `reach` is the most positions that a window takes, the centre's included; else 0.
    """

    context: int
    inputs: int
    outputs: int
    width: int
    reach: int = 0


class Ring(NamedTuple):
    """With subwords, the vectors of the words within reach of a lane's windows; with a first axis, those of all lanes.

    A word has one place in the ring, however often it stands within reach.

    Attributes:
        vectors: (places, width) the words' vectors, which steps change.
        before: (places, width) what they were when the place was filled.
        frozen: (places,) whether the word's vector stays as it is.
        words: (places,) the word at each place, as of the newest step; −1 where there is none.
        newest: (places,) the last position that the word came within reach with.
        place_of: the place of each position of the lane's text that is within reach.
        context: of each slot, the places of the context words.
        entering: of each slot, (places, 2) the places that are filled before the step, each with its word.
        leaving: of each slot, (places, 2) the places whose change is written back after the step, each with its word.
    """

    vectors: npt.NDArray[Any]
    before: npt.NDArray[Any]
    frozen: npt.NDArray[np.bool_]
    words: npt.NDArray[np.int32]
    newest: npt.NDArray[np.int32]
    place_of: npt.NDArray[np.int32]
    context: npt.NDArray[np.int32]
    entering: npt.NDArray[np.int32]
    leaving: npt.NDArray[np.int32]


class RingStep(NamedTuple):
    """One slot's part of a Ring."""

    context: npt.NDArray[np.int32]
    entering: npt.NDArray[np.int32]
    leaving: npt.NDArray[np.int32]


class Lane(NamedTuple):
    """What the kernel writes into while it trains one lane's text; with a first axis, that of all lanes.

    A step has a slot from when its words are copied until V and W have changed.

    Attributes:
        words: the words that subsampling leaves, and the margins (see text.py).
        begins, ends: for each of them, the bounds of its sentence in `words`.
        state: of the random numbers.
        progress: see WORDS.
        totals: see LOSS.
        context: of each slot, the context words.
        outputs: of each slot, the rows of W.
        sizes: of each slot, see CONTEXT.
        rates: of each slot, η.
        errors: of each slot, (tiles, GROUP · inputs) the scores X, then the errors E.
        means: of each slot, (1, width) the mean of the context's vectors, for CBOW.
        signs: of each slot, (tiles, SIMD_WIDTH) 2t − 1 of each output, once for each input vector of a register, and 0
            where there is none; they begin as those of one positive and then negative examples.
        first_row: (1,) zero, the only row of a step's `means`.
        changes: (inputs, width) room for ΔV.
        ring: see Ring; None without subwords.
    """

    words: npt.NDArray[np.int32]
    begins: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    state: npt.NDArray[np.uint64]
    progress: npt.NDArray[np.int64]
    totals: npt.NDArray[np.float64]
    context: npt.NDArray[np.int32]
    outputs: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]
    rates: npt.NDArray[np.float64]
    errors: npt.NDArray[Any]
    means: npt.NDArray[Any]
    signs: npt.NDArray[Any]
    first_row: npt.NDArray[np.int32]
    changes: npt.NDArray[Any]
    ring: Ring | None


class Step(NamedTuple):
    """One slot of a lane."""

    context: npt.NDArray[np.int32]
    outputs: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]
    errors: npt.NDArray[Any]
    mean: npt.NDArray[Any]
    signs: npt.NDArray[Any]
    ring: RingStep | None


class Rows(NamedTuple):
    """Some rows of a matrix: matrix[numbers[i]] for 0 ≤ i < length."""

    matrix: npt.NDArray[Any]
    numbers: npt.NDArray[np.int32]
    length: int


WORDS, KEPT, CENTRE, POSITION, WINDOW_END, SLOT, STEPS = range(7)
"""Columns of Lane.progress.

The number of words, and of those that are no margin. Of the newest step: its centre, where its centre's next step
begins, where that centre's window ends, and its slot. Steps of a minibatch of even number; behind it, of odd number.
"""

ENTERED, LEFT, HELD = range(LINE, LINE + 3)
"""More columns of Lane.progress, for a Ring.

All positions before the first two have come within reach, or left it; the steps since all words left.
"""

LOSS, PAIRS = range(2)
"""Columns of Lane.totals: the sum of J, and the number of pairs."""

CONTEXT, OUTPUTS, REPEATED, NEWEST, ENTERING, LEAVING = range(6)
"""Columns of Lane.sizes.

The numbers of context words and of output rows, and whether one of these may occur twice; the last word that the window
may reach; how many places of a Ring are filled before the step, and written back after it.
"""

ARRIVED, ABORTED = 0, LINE
"""Places in Workspace.barrier: how often a thread has arrived there, and whether nobody is to wait any more."""


class Workspace(NamedTuple):
    """All lanes, the barrier of the threads, and which lanes they have taken; see :func:`allocate`."""

    lanes: Lane
    barrier: npt.NDArray[np.int64]
    taken: npt.NDArray[np.int64]

    def abort(self) -> None:
        """Let no thread wait for the others any more."""
        self.barrier[ABORTED] = 1

    def totals(self) -> tuple[float, int, int]:
        """The sum of J, the number of pairs, and the number of tokens that subsampling left."""
        loss, pairs = self.lanes.totals[:, : PAIRS + 1].sum(axis=0)
        return float(loss), int(pairs), int(self.lanes.progress[:, KEPT].sum())


def allocate(
    streams: npt.ArrayLike, room: int, shape: Shape, dtype: npt.DTypeLike, minibatch_steps: int = 0
) -> Workspace:
    """Make room for one chunk; in Python, since compiled allocation doubles the time that the kernel takes to compile.

    Args:
        streams: of the lanes, the states that their random numbers begin with.
        room: most words of a lane.
        shape: of a step.
        dtype: of the weights.
        minibatch_steps: steps of a lane in a minibatch; 0 where there are no minibatches.
    """
    states = np.asarray(streams, np.uint64)
    lanes, slots = len(states), 2 * (minibatch_steps or AHEAD)
    tiles = math.ceil(shape.outputs / TILE)
    signs = aligned_zeros((lanes, slots, tiles, SIMD_WIDTH), dtype)
    for group in range(0, SIMD_WIDTH, GROUP):
        for j in range(shape.outputs):
            signs[:, :, j // TILE, group + j % TILE] = 1 if j == 0 else -1
    pairs = GROUP * (shape.inputs + 2 - shape.inputs % 2)  # a register's second input may lie behind the last
    lane = Lane(
        words=np.zeros((lanes, room + SPARE), np.int32),
        begins=np.zeros((lanes, room), np.int32),
        ends=np.zeros((lanes, room), np.int32),
        state=np.repeat(states[:, np.newaxis], LINE, axis=1),
        progress=np.zeros((lanes, 2 * LINE), np.int64),
        totals=np.zeros((lanes, LINE), np.float64),
        context=np.zeros((lanes, slots, shape.context + SPARE), np.int32),
        outputs=np.zeros((lanes, slots, shape.outputs + SPARE), np.int32),
        sizes=np.zeros((lanes, slots, LINE), np.int32),
        rates=np.zeros((lanes, slots), np.float64),
        errors=aligned_zeros((lanes, slots, tiles, pairs), dtype),
        means=aligned_zeros((lanes, slots, 1, shape.width), dtype),
        signs=signs,
        first_row=np.zeros((lanes, 1), np.int32),
        changes=aligned_zeros((lanes, shape.inputs, shape.width), dtype),
        ring=_allocate_ring(lanes, room, slots, shape, dtype, minibatch_steps) if shape.reach else None,
    )
    lane.progress[:, CENTRE] = -1
    return Workspace(lane, np.zeros(2 * LINE, np.int64), np.zeros((lanes, 2, LINE), np.int64))


def _allocate_ring(lanes: int, room: int, slots: int, shape: Shape, dtype: npt.DTypeLike, minibatch_steps: int) -> Ring:
    """Make room for the words within reach of one window, or of all windows of a minibatch."""
    places = shape.reach * max(minibatch_steps, 1)
    return Ring(
        vectors=aligned_zeros((lanes, places, shape.width), dtype),
        before=aligned_zeros((lanes, places, shape.width), dtype),
        frozen=np.zeros((lanes, places), np.bool_),
        words=np.full((lanes, places), -1, np.int32),
        newest=np.full((lanes, places), -1, np.int32),
        place_of=np.zeros((lanes, room), np.int32),
        context=np.zeros((lanes, slots, shape.context + 1), np.int32),
        entering=np.zeros((lanes, slots, places, 2), np.int32),
        leaving=np.zeros((lanes, slots, places, 2), np.int32),
    )


@inlined
def ring_at(rings, number):
    """The ring of one lane; None without subwords."""
    if rings is None:
        return None
    return Ring(
        subarray(rings.vectors, number),
        subarray(rings.before, number),
        subarray(rings.frozen, number),
        subarray(rings.words, number),
        subarray(rings.newest, number),
        subarray(rings.place_of, number),
        subarray(rings.context, number),
        subarray(rings.entering, number),
        subarray(rings.leaving, number),
    )


@inlined
def ring_step_at(ring, slot):
    """One step's part of a ring; None without subwords."""
    if ring is None:
        return None
    return RingStep(subarray(ring.context, slot), subarray(ring.entering, slot), subarray(ring.leaving, slot))


@inlined
def learns(frozen, row):
    """Whether a row of V is to change."""
    if frozen is None:
        return True
    return not frozen[row]


@inlined
def lane_at(lanes, number):
    """One lane of all."""
    return Lane(
        subarray(lanes.words, number),
        subarray(lanes.begins, number),
        subarray(lanes.ends, number),
        subarray(lanes.state, number),
        subarray(lanes.progress, number),
        subarray(lanes.totals, number),
        subarray(lanes.context, number),
        subarray(lanes.outputs, number),
        subarray(lanes.sizes, number),
        subarray(lanes.rates, number),
        subarray(lanes.errors, number),
        subarray(lanes.means, number),
        subarray(lanes.signs, number),
        subarray(lanes.first_row, number),
        subarray(lanes.changes, number),
        ring_at(lanes.ring, number),
    )


@inlined
def step_at(lane, slot):
    """One step of a lane."""
    return Step(
        subarray(lane.context, slot),
        subarray(lane.outputs, slot),
        subarray(lane.sizes, slot),
        subarray(lane.errors, slot),
        subarray(lane.means, slot),
        subarray(lane.signs, slot),
        ring_step_at(lane.ring, slot),
    )


def whole_registers(vector_size: int) -> int:
    """`vector_size` rounded up to whole registers: the part of a padded row that the kernel works on."""
    return math.ceil(vector_size / SIMD_WIDTH) * SIMD_WIDTH


def padded(vector_size: int) -> int:
    """`vector_size` rounded up to whole cache lines of float32."""
    return math.ceil(vector_size / PADDING) * PADDING
