"""The compiled kernel: one chunk of tokens, window by window.

A window is a centre word and its context. Its m input vectors (the context's own for skip-gram, their mean for CBOW)
and its n output vectors (the centre word and one set of noise words for all, or the centre word's Huffman path) make
three small matrix products, which are all the work there is:

    scores    X = V_in · W_outᵀ                     (m, n)
    error     E = η (T − σ(X))                      (m, n)
    changes   ΔV_in = E · W_out,  ΔW_out = Eᵀ · V_in      both from the old values

Registers are used by name: `Lanes` is a Numba type for one vector register of LANES numbers, whose operations become
single LLVM instructions. Each has a NumPy twin, which ``.py_func`` runs. Everything here shares one file, because
Numba's cache notices edits in a function's own file only. Fast-math flags are named, so that NaN stays visible.
"""

import ctypes
import math
import operator
import sys
import time
from functools import cache
from typing import Any, NamedTuple

import llvmlite.binding
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import overload, register_jitable, register_model
from numba.np.arrayobj import populate_array

from wordkin.compilation import compiled, generates
from wordkin.model import objective
from wordkin.storage.arrays import aligned_zeros

PADDING = 16
"""Rows are padded with zeros to a multiple of this many numbers, 64 bytes in float32."""

LANES = 16 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 8
"""Numbers in one register; divides PADDING."""

TILE = 6
"""Output vectors that are worked on at once."""

GROUP = 8
"""Lanes of a register of errors that belong to one input vector: one for each output vector of a tile, two spare."""

SHIFT = 1.5 * 2**23
"""Added to a small float32, it leaves no bits for a fraction: the sum is rounded to a whole number."""

MOST_FACTORS = 64
"""Numbers from 1 to 2 whose product certainly is a float32."""

AHEAD = 4
"""Windows between drawing the noise words (and prefetching their rows) and using them: a power of two."""

MOST_REDRAWS = 64
"""Draws that may hit the centre word before its successor is taken, so that no distribution can hang the kernel."""

OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "_nrt": False}
"""Of all compiled functions. Without _nrt nothing counts references: the arrays are the caller's, who holds them, and
counting took a tenth of CBOW's time. So no compiled function may hand an array to Python."""

INLINE: dict[str, Any] = {"forceinline": True, **OPTIONS}


class Weights(NamedTuple):
    """V and W, both (vocabulary, padded vector_size), aligned to 64 bytes; the padding stays zero."""

    input: npt.NDArray[Any]
    output: npt.NDArray[Any]


class Samplers(NamedTuple):
    """Thresholds for keeping a token, and the alias table of the noise words; see model/sampling.py."""

    keep: npt.NDArray[np.uint32]
    accept: npt.NDArray[np.uint32]
    alias: npt.NDArray[np.int32]


class Window(NamedTuple):
    """Words on either side, whether that number is drawn anew for each window, noise words, and limits of one step.

    The limits are arguments, not constants: Numba's cache would not notice a change in another file.
    """

    size: int
    shrink: bool
    negative: int
    step_positions: int = objective.STEP_POSITIONS
    most_repeated: float = objective.MOST_REPEATED


class Task(NamedTuple):
    """One chunk: its pieces of text, how they are dealt to lanes, and η at both ends.

    A piece is its tokens [begin, end), and the sentence that `begin` lies in: (pieces, 3). Lane i has the pieces
    lanes[i] to lanes[i + 1].
    """

    pieces: npt.NDArray[np.int64]
    lanes: npt.NDArray[np.int64]
    first_rate: float
    last_rate: float


class Lane(NamedTuple):
    """What the kernel writes into while it trains one lane's text; with a first axis, that of all lanes.

    A step (see objective.STEP_POSITIONS) has a slot from when its words are gathered until V and W have changed.
    """

    words: npt.NDArray[np.int32]
    begins: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int32]
    state: npt.NDArray[np.uint64]
    progress: npt.NDArray[np.int64]
    losses: npt.NDArray[np.float64]
    context: npt.NDArray[np.int32]
    outputs: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.int32]
    rates: npt.NDArray[np.float64]
    errors: npt.NDArray[Any]
    signs: npt.NDArray[Any]
    hidden: npt.NDArray[Any]
    only: npt.NDArray[np.int32]
    change: npt.NDArray[Any]


class Workspace(NamedTuple):
    """All lanes, the barrier of the threads, and which lanes they have taken; see :func:`workspace`."""

    lanes: Lane
    barrier: npt.NDArray[np.int64]
    taken: npt.NDArray[np.int64]


COUNT, KEPT, EXAMPLES, CENTRE, POSITION, LAST, SLOT, FILLED = range(8)
"""Columns of Lane.progress.

Words; those of them that are no margin; pairs. Of the step gathered last: its centre, where its centre's next step
begins, where that centre's window ends, and its slot. Steps gathered for a round of even number; behind it, of odd.
"""

CONTEXT, INPUTS, OUTPUTS, WORD, NEWEST = range(5)
"""Columns of Lane.sizes.

Numbers of context words, input vectors, output vectors; the centre word, and the last word that its window may reach.
"""

LINE = 8
"""Numbers of 8 bytes on a cache line, so that no two threads write to the same one."""


def workspace(
    streams: npt.ArrayLike,
    room: int,
    context: int,
    inputs: int,
    outputs: int,
    width: int,
    dtype: npt.DTypeLike,
    round_size: int = 0,
) -> Workspace:
    """Make room for one chunk; in Python, since compiled allocation doubles the time that the kernel takes to compile.

    Args:
        streams: of the lanes, the states that their random numbers begin with.
        room: most words of a lane.
        context: most context words of a step.
        inputs: most input vectors of a step.
        outputs: most output vectors of a step.
        width: vector_size in whole registers.
        dtype: of the weights.
        round_size: steps of a lane in a round; 0 where there are no rounds.
    """
    states = np.asarray(streams, np.uint64)
    lanes, slots = len(states), 2 * (round_size or AHEAD)
    tiles = math.ceil(outputs / TILE)
    signs = np.zeros((lanes, tiles, LANES), dtype)
    for group in range(0, LANES, GROUP):
        for j in range(outputs):
            signs[:, j // TILE, group + j % TILE] = 1 if j == 0 else -1
    pairs = GROUP * (inputs + 2 - inputs % 2)  # a register's second input may lie behind the last
    lane = Lane(
        words=np.zeros((lanes, room + 1), np.int32),
        begins=np.zeros((lanes, room), np.int32),
        ends=np.zeros((lanes, room), np.int32),
        state=np.repeat(states[:, np.newaxis], LINE, axis=1),
        progress=np.zeros((lanes, 2 * LINE), np.int64),
        losses=np.zeros((lanes, LINE), np.float64),
        context=np.zeros((lanes, slots, context + 1), np.int32),
        outputs=np.zeros((lanes, slots, outputs), np.int32),
        sizes=np.zeros((lanes, slots, LINE), np.int32),
        rates=np.zeros((lanes, slots), np.float64),
        errors=aligned_zeros((lanes, slots, tiles, pairs), dtype),
        signs=signs,
        hidden=aligned_zeros((lanes, slots, 1, width), dtype),
        only=np.zeros((lanes, 1), np.int32),
        change=aligned_zeros((lanes, inputs, width), dtype),
    )
    lane.progress[:, CENTRE] = -1
    return Workspace(lane, np.zeros(2 * LINE, np.int64), np.zeros((lanes, 2, LINE), np.int64))


# --- Lanes: one vector register -----------------------------------------------------------------------------------


class Lanes(types.Type):
    """LANES numbers of one dtype."""

    def __init__(self, dtype):
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype}, {LANES})")


def _llvm_vector(dtype):
    return ir.VectorType(ir.FloatType() if dtype == types.float32 else ir.DoubleType(), LANES)


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, lanes):
        super().__init__(manager, lanes, _llvm_vector(lanes.dtype))


def _call(builder, name, result, arguments, **options):
    """Call an LLVM intrinsic, declaring it where needed."""
    signature = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments, **options)


def _suffix(vector):
    return f"v{LANES}f{32 if isinstance(vector.element, ir.FloatType) else 64}"


def _row_pointer(context, builder, matrix_type, matrix, row, column):
    array = context.make_array(matrix_type)(context, builder, matrix)
    begin = builder.mul(row, builder.extract_value(array.strides, 0))
    size = ir.Constant(column.type, matrix_type.dtype.bitwidth // 8)  # LLVM does not know array.itemsize
    offset = builder.add(begin, builder.mul(column, size))
    return builder.gep(builder.bitcast(array.data, ir.IntType(8).as_pointer()), [offset])


def part(array, i):
    """array[i], for 0 ≤ i, without counting a reference: counting takes longer than what is done with a short row."""
    return array[i]


@generates(part, lambda array, i: array.copy(ndim=array.ndim - 1)(array, types.intp))
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    shape = cgutils.unpack_tuple(builder, array.shape)[1:]
    strides = cgutils.unpack_tuple(builder, array.strides)
    bytes_before = builder.mul(arguments[1], strides[0])
    data = builder.gep(builder.bitcast(array.data, ir.IntType(8).as_pointer()), [bytes_before])
    row = context.make_array(signature.return_type)(context, builder)
    data = builder.bitcast(data, row.data.type)
    populate_array(row, data, shape, strides[1:], array.itemsize, meminfo=None)
    return row._getvalue()


def load(matrix, row, column):
    """matrix[row, column : column + LANES]."""
    return matrix[row, column : column + LANES].copy()


@generates(load, lambda matrix, row, column: Lanes(matrix.dtype)(matrix, types.intp, types.intp))
def _(context, builder, signature, arguments):
    pointer = _row_pointer(context, builder, signature.args[0], *arguments)
    vector = _llvm_vector(signature.args[0].dtype)
    return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=signature.args[0].dtype.bitwidth // 8)


def store(matrix, row, column, lanes):
    """Set matrix[row, column : column + LANES]."""
    matrix[row, column : column + LANES] = lanes


@generates(store, lambda matrix, row, column, lanes: types.void(matrix, types.intp, types.intp, lanes))
def _(context, builder, signature, arguments):
    pointer = _row_pointer(context, builder, signature.args[0], *arguments[:3])
    target = builder.bitcast(pointer, arguments[3].type.as_pointer())
    builder.store(arguments[3], target, align=signature.args[0].dtype.bitwidth // 8)
    return context.get_dummy_value()


def prefetch(matrix, row, column):
    """Ask for the cache line that holds matrix[row, column]; changes nothing."""


def prefetch_to_write(matrix, row, column):
    """Ask for that cache line for this core alone, since it will be written."""


def _prefetch_as(function, write):
    """Give a prefetching function its meaning."""

    @generates(function, lambda matrix, row, column: types.void(matrix, types.intp, types.intp))
    def _(context, builder, signature, arguments):
        pointer = _row_pointer(context, builder, signature.args[0], *arguments)
        flags = [ir.Constant(ir.IntType(32), flag) for flag in (write, 3, 1)]  # keep in every cache, data
        _call(builder, "llvm.prefetch.p0", ir.VoidType(), [pointer, *flags])
        return context.get_dummy_value()


_prefetch_as(prefetch, 0)
_prefetch_as(prefetch_to_write, 1)


def fill(like, value):
    """LANES times `value`, in the dtype of `like`, an array or Lanes."""
    return np.full(LANES, value, like.dtype)


@generates(fill, lambda like, value: Lanes(like.dtype)(like, like.dtype))
def _(_context, builder, signature, arguments):
    return _spread(builder, _llvm_vector(signature.return_type.dtype), arguments[1])


def spread(matrix, row, column):
    """LANES times matrix[row, column]."""
    return np.full(LANES, matrix[row, column], matrix.dtype)


@generates(spread, lambda matrix, row, column: Lanes(matrix.dtype)(matrix, types.intp, types.intp))
def _(context, builder, signature, arguments):
    vector = _llvm_vector(signature.return_type.dtype)
    pointer = _row_pointer(context, builder, signature.args[0], *arguments)
    value = builder.load(builder.bitcast(pointer, vector.element.as_pointer()))
    return _spread(builder, vector, value)


def _spread(builder, vector, value):
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def row_at(rows, i):
    """rows[i], for 0 ≤ i."""
    return rows[i]


@generates(row_at, lambda rows, i: rows.dtype(rows, types.intp))
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.load(builder.gep(array.data, [arguments[1]]))


def fma(a, b, c):
    """A times b plus c, rounded once where the processor can."""
    return a * b + c


@generates(fma, lambda a, b, c: a(a, b, c))
def _(_context, builder, _signature, arguments):
    vector = arguments[0].type
    return _call(builder, f"llvm.fmuladd.{_suffix(vector)}", vector, arguments)


def total(lanes):
    """The sum of the lanes."""
    return lanes.sum(dtype=lanes.dtype)


@generates(total, lambda lanes: lanes.dtype(lanes))
def _(_context, builder, _signature, arguments):
    vector = arguments[0].type
    name = f"llvm.vector.reduce.fadd.{_suffix(vector)}"
    zero = ir.Constant(vector.element, -0.0)
    return _call(builder, name, vector.element, [zero, *arguments], fastmath=("reassoc",))


def power_of_two(shifted):
    """2ⁿ in float32 for whole n from −126 to 0, given as n + SHIFT."""
    return np.exp2(shifted - SHIFT)


@generates(power_of_two, lambda shifted: shifted(shifted))
def _(_context, builder, _signature, arguments):
    # A float32 is sign, 8 bits of exponent + 127, 23 bits of fraction: 2ⁿ has the fraction 0. The lowest bits of
    # n + SHIFT are n's own.
    integers = ir.VectorType(ir.IntType(32), LANES)
    places = builder.shl(builder.bitcast(arguments[0], integers), ir.Constant(integers, [23] * LANES))
    return builder.bitcast(builder.add(places, ir.Constant(integers, [127 << 23] * LANES)), arguments[0].type)


def exponent(x):
    """The n of x = 2ⁿ f with 1 ≤ f < 2, for normal float32."""
    return np.floor(np.log2(x))


@generates(exponent, lambda x: x(x))
def _(_context, builder, _signature, arguments):
    integers = ir.VectorType(ir.IntType(32), LANES)
    bits = builder.lshr(builder.bitcast(arguments[0], integers), ir.Constant(integers, [23] * LANES))
    return builder.sitofp(builder.sub(bits, ir.Constant(integers, [127] * LANES)), arguments[0].type)


def fraction(x):
    """The f of x = 2ⁿ f with 1 ≤ f < 2, for normal float32."""
    return x / np.exp2(np.floor(np.log2(x)))


@generates(fraction, lambda x: x(x))
def _(_context, builder, _signature, arguments):
    integers = ir.VectorType(ir.IntType(32), LANES)
    bits = builder.and_(builder.bitcast(arguments[0], integers), ir.Constant(integers, [0x7FFFFF] * LANES))
    return builder.bitcast(builder.or_(bits, ir.Constant(integers, [0x3F800000] * LANES)), arguments[0].type)


def store_totals(matrix, row, column, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5):
    """Store the sums of x0 … x5, two zeros, the sums of y0 … y5, and two zeros from matrix[row, column] on."""
    for begin, group in ((column, (x0, x1, x2, x3, x4, x5)), (column + GROUP, (y0, y1, y2, y3, y4, y5))):
        matrix[row, begin : begin + GROUP] = [*(total(lanes) for lanes in group), 0, 0]


@generates(
    store_totals,
    lambda matrix, row, column, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5: types.void(
        matrix, types.intp, types.intp, *[x0] * (2 * TILE)
    ),
)
def _(context, builder, signature, arguments):
    sums = {lane + (GROUP - TILE) * (lane >= TILE): vector for lane, vector in enumerate(arguments[3:])}
    for begin in range(0, 2 * GROUP, LANES):
        # Fold two vectors into the halves of one, then two of those into its quarters …: 3 instructions a vector.
        half, vectors = LANES // 2, {lane - begin: sums[lane] for lane in sums if begin <= lane < begin + LANES}
        while half:
            lanes = range(min(half, TILE))
            vectors = {lane: _folded(builder, vectors[lane], vectors.get(lane + half), half) for lane in lanes}
            half //= 2
        column = builder.add(arguments[2], ir.Constant(arguments[2].type, begin))
        pointer = _row_pointer(context, builder, signature.args[0], *arguments[:2], column)
        pointer = builder.bitcast(pointer, vectors[0].type.as_pointer())
        builder.store(vectors[0], pointer, align=signature.args[0].dtype.bitwidth // 8)
    return context.get_dummy_value()


def _folded(builder, a, b, half):
    """In each run of 2 · half lanes, the sums of a's two halves, then those of b's."""
    runs = [range(begin, begin + half) for begin in range(0, LANES, 2 * half)]
    b, other = (a, 0) if b is None else (b, LANES)
    mask = ir.VectorType(ir.IntType(32), LANES)
    low = [lane for run in runs for lane in (*run, *(other + lane for lane in run))]
    lower = builder.shuffle_vector(a, b, ir.Constant(mask, low))
    upper = builder.shuffle_vector(a, b, ir.Constant(mask, [lane + half for lane in low]))
    return builder.fadd(lower, upper, flags=("contract",))


def first_group(lanes):
    """The lanes of the first input of a register; 0 for a second one."""
    return np.where(np.arange(LANES) < GROUP, lanes, 0).astype(lanes.dtype)


@generates(first_group, lambda lanes: lanes(lanes))
def _(_context, builder, _signature, arguments):
    zero = ir.Constant(arguments[0].type, [0.0] * LANES)
    mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [i if i < GROUP else LANES + i for i in range(LANES)])
    return builder.shuffle_vector(arguments[0], zero, mask)


def choose_less(a, b, yes, no):
    """`yes` where a < b, else (also where a is NaN) `no`."""
    return np.where(a < b, yes, no)


@generates(choose_less, lambda a, b, yes, no: a(a, b, yes, no))
def _(_context, builder, _signature, arguments):
    return builder.select(builder.fcmp_ordered("<", arguments[0], arguments[1]), arguments[2], arguments[3])


def at_least(lanes, bound):
    """`bound` where lanes < bound, else lanes: NaN stays NaN."""
    return np.where(lanes < bound, bound, lanes)


@generates(at_least, lambda lanes, bound: lanes(lanes, bound))
def _(_context, builder, _signature, arguments):
    lanes, bound = arguments
    return builder.select(builder.fcmp_ordered("<", lanes, bound), bound, lanes)


def _binary(function, instruction):
    """Give an operator its meaning for two Lanes."""

    @generates(function, lambda a, b: a(a, b) if isinstance(a, Lanes) and a == b else None, Lanes, Lanes)
    def _(_context, builder, _signature, arguments):
        return getattr(builder, instruction)(*arguments, flags=("contract",))


def _unary(function, instruction):
    """Give a NumPy function its meaning for Lanes."""

    @generates(function, lambda a: a(a) if isinstance(a, Lanes) else None, Lanes)
    def _(_context, builder, _signature, arguments):
        vector = arguments[0].type
        return _call(builder, f"{instruction}.{_suffix(vector)}", vector, arguments)


_binary(operator.add, "fadd")
_binary(operator.sub, "fsub")
_binary(operator.mul, "fmul")
_binary(operator.truediv, "fdiv")
_unary(np.abs, "llvm.fabs")
_unary(np.exp, "llvm.exp")
_unary(np.log, "llvm.log")


def exp_negative(a):
    """e^a for a ≤ 0."""
    return np.exp(a)


@overload(exp_negative)
def _(a):
    if a.dtype == types.float64:
        return lambda a: np.exp(a)

    def polynomial(a):
        # a = n log 2 + r with |r| ≤ ½ log 2, log 2 in two parts (Cody and Waite); e^r as in Cephes' expf.
        a = at_least(a, fill(a, -87.0))  # e^−87 is the smallest that float32 holds in full
        shifted = fma(a, fill(a, 1.4426950408889634), fill(a, SHIFT))
        n = shifted - fill(a, SHIFT)
        r = fma(n, fill(a, -0.693359375), a)
        r = fma(n, fill(a, 2.12194440e-4), r)
        p = fma(fill(a, 1.9875691500e-4), r, fill(a, 1.3981999507e-3))
        p = fma(p, r, fill(a, 8.3334519073e-3))
        p = fma(p, r, fill(a, 4.1665795894e-2))
        p = fma(p, r, fill(a, 1.6666665459e-1))
        p = fma(p, r, fill(a, 5.0000001201e-1))
        p = fma(p * r, r, r) + fill(a, 1.0)
        return p * power_of_two(shifted)

    return polynomial


def log_of_product(product):
    """Logarithms of numbers from 1 to the largest of the dtype."""
    return np.log(product)


@overload(log_of_product)
def _(product):
    if product.dtype == types.float64:
        return lambda product: np.log(product)

    def series(product):
        # 2ⁿ f with 1 ≤ f < 2: log f = 2 artanh(s) = 2 (s + s³/3 + s⁵/5 + …) with s = (f − 1) / (f + 1) ≤ 1/3.
        f, one = fraction(product), fill(product, 1.0)
        s = (f - one) / (f + one)
        square = s * s
        p = fma(fill(s, 1 / 13), square, fill(s, 1 / 11))
        p = fma(p, square, fill(s, 1 / 9))
        p = fma(p, square, fill(s, 1 / 7))
        p = fma(p, square, fill(s, 1 / 5))
        p = fma(p, square, fill(s, 1 / 3))
        p = fma(p, square, one)
        return fma(s + s, p, exponent(product) * fill(s, 0.6931471805599453))

    return series


# --- Random numbers -----------------------------------------------------------------------------------------------

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


@register_jitable
def advance(state):
    """The next state of SplitMix64 (Steele, Lea and Flood 2014)."""
    return state + _GOLDEN


@register_jitable
def output(state):
    """The 64 random bits that belong to a state."""
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@register_jitable
def below(bits, bound):
    """A number in [0, bound) from the upper 32 of 64 random bits, by multiplication (Lemire 2019)."""
    return np.int64(((bits >> _HALF) * np.uint64(bound)) >> _HALF)


@compiled(**INLINE)
def draw_noise(state, samplers, centre, rows, count):
    """Draw rows[1 : count] from the noise distribution, each different from the centre word.

    Returns:
        The random state.
    """
    for index in range(1, count):
        word = centre
        redraws = 0
        while word == centre and redraws < MOST_REDRAWS:
            state = advance(state)
            bits = output(state)
            cell = below(bits, len(samplers.alias))
            word = cell if (bits & _LOW) <= np.uint64(samplers.accept[cell]) else np.int64(samplers.alias[cell])
            redraws += 1
        if word == centre:
            word = (centre + 1) % len(samplers.alias)
        rows[index] = word
    return state


@compiled(**INLINE)
def keep_range(state, ids, begin, end, keep, words, kept):
    """Subsample the tokens [begin, end) into words[kept:].

    Returns:
        The random state, and how many words there are now.
    """
    for token in range(begin, end):
        word = ids[token]
        state = advance(state)
        words[kept] = word
        kept += (output(state) >> _HALF) <= np.uint64(keep[word])
    return state, kept


@compiled(**INLINE)
def keep_tokens(state, ids, offsets, pieces, margin, keep, words, begins, ends):
    """Subsample a chunk's tokens into `words`, and note for each the bounds of its sentence there.

    Where a piece begins or ends within a sentence, `margin` tokens of its neighbours join it as context; they are no
    centre words here, so they get bounds that hold no other word.

    Returns:
        The random state, how many words there are, and how many of them without the margins.
    """
    count, kept = 0, 0
    for piece in range(len(pieces)):
        begin, end, sentence = pieces[piece, 0], pieces[piece, 1], pieces[piece, 2]
        token = begin
        while token < end:
            start, stop = max(offsets[sentence], begin - margin), min(offsets[sentence + 1], end + margin)
            inner = min(stop, end)
            state, first = keep_range(state, ids, start, token, keep, words, count)
            state = np.uint64(state)
            state, last = keep_range(state, ids, token, inner, keep, words, first)
            state = np.uint64(state)
            state, total = keep_range(state, ids, inner, stop, keep, words, last)
            state = np.uint64(state)
            begins[first:last] = count
            ends[first:last] = total
            for position in range(count, first):
                begins[position], ends[position] = position, position + 1
            for position in range(last, total):
                begins[position], ends[position] = position, position + 1
            kept += last - first
            count = total
            token = inner
            sentence += 1
    return state, count, kept


# --- One window ---------------------------------------------------------------------------------------------------


@compiled(**INLINE)
def tile_rows(output_rows, begin, n):
    """The output rows of the tile that begins with the given one; missing ones repeat the last."""
    last = n - 1
    return (
        row_at(output_rows, begin),
        row_at(output_rows, min(begin + 1, last)),
        row_at(output_rows, min(begin + 2, last)),
        row_at(output_rows, min(begin + 3, last)),
        row_at(output_rows, min(begin + 4, last)),
        row_at(output_rows, min(begin + 5, last)),
    )


@compiled(**INLINE)
def score(inputs, input_rows, m, outputs, output_rows, n, width, errors, two):
    """Set errors[j // TILE, GROUP i + j % TILE] = v_i · w_j, for a tile and (where `two`) two inputs at once."""
    for begin in range(0, n, TILE):
        w0, w1, w2, w3, w4, w5 = tile_rows(output_rows, begin, n)
        wide = n - begin > TILE // 2
        for i in range(0, m, 2):
            v0, v1 = row_at(input_rows, i), row_at(input_rows, min(i + 1, m - 1))
            x0 = fill(inputs, 0.0)
            x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5 = x0, x0, x0, x0, x0, x0, x0, x0, x0, x0, x0
            for k in range(0, width, LANES):
                a, b = load(inputs, v0, k), load(inputs, v1, k)
                w = load(outputs, w0, k)
                x0, y0 = fma(a, w, x0), fma(b, w, y0) if two else y0
                w = load(outputs, w1, k)
                x1, y1 = fma(a, w, x1), fma(b, w, y1) if two else y1
                w = load(outputs, w2, k)
                x2, y2 = fma(a, w, x2), fma(b, w, y2) if two else y2
                if wide:
                    w = load(outputs, w3, k)
                    x3, y3 = fma(a, w, x3), fma(b, w, y3) if two else y3
                    w = load(outputs, w4, k)
                    x4, y4 = fma(a, w, x4), fma(b, w, y4) if two else y4
                    w = load(outputs, w5, k)
                    x5, y5 = fma(a, w, x5), fma(b, w, y5) if two else y5
            store_totals(errors, begin // TILE, GROUP * i, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5)


@compiled(**INLINE)
def score_to_error(errors, signs, tiles, m, rate):
    """Replace each score x by η (t − y), and return the sum of the loss J.

    With the sign s = 2t − 1 and z = s x, both labels are one case: J = −log σ(z) and t − y = s σ(−z). With
    e = exp(−|z|), J = log(1 + e) + max(−z, 0), and a sum of logarithms is the logarithm of a product.

    Args:
        errors: (≥ tiles, ≥ GROUP · (m + 1)) x in, η (t − y) out.
        signs: (≥ tiles, LANES) s of each output, for each input of a register; 0 where there is none.
        tiles: number of tiles of output vectors.
        m: number of input vectors.
        rate: η.
    """
    one, zero, eta = fill(errors, 1.0), fill(errors, 0.0), fill(errors, rate)
    losses, product = zero, one
    factors = 0
    for tile in range(tiles):
        sign = load(signs, tile, 0)
        for lane in range(0, GROUP * m, LANES):
            if lane + GROUP == GROUP * m:
                sign = first_group(sign)
            z = load(errors, tile, lane) * sign
            e = exp_negative(zero - np.abs(z))
            inverse = one / (one + e)
            complement = choose_less(z, zero, inverse, e * inverse)  # σ(−z)
            store(errors, tile, lane, eta * complement * sign)
            weight = sign * sign  # 0 where there is no pair
            losses = losses + at_least(zero - z, zero) * weight
            product = product * fma(e, weight, one)
            factors += 1
            if factors == MOST_FACTORS:
                losses = losses + log_of_product(product)
                product = one
                factors = 0
    return np.float64(total(losses + log_of_product(product)))


@compiled(**INLINE)
def within(error, bound):
    """The error, cut at ± bound; NaN stays NaN."""
    return bound if error > bound else -bound if error < -bound else error


@compiled(**INLINE)
def merge_repeated_inputs(input_rows, m, errors, tiles, bound):
    """Let the first of several equal input rows have all their errors, so that each row changes once."""
    for i in range(1, m):
        for first in range(i):
            if input_rows[first] == input_rows[i]:
                for tile in range(tiles):
                    for lane in range(TILE):
                        both = errors[tile, GROUP * first + lane] + errors[tile, GROUP * i + lane]
                        errors[tile, GROUP * first + lane] = within(both, bound)
                        errors[tile, GROUP * i + lane] = 0
                break


@compiled(**INLINE)
def merge_repeated_outputs(output_rows, n, errors, m, bound):
    """Let the first of several equal output rows have all their errors, so that each row changes once."""
    for j in range(1, n):
        for first in range(j):
            if output_rows[first] == output_rows[j]:
                for i in range(m):
                    lane, other = GROUP * i + j % TILE, GROUP * i + first % TILE
                    both = errors[first // TILE, other] + errors[j // TILE, lane]
                    errors[first // TILE, other] = within(both, bound)
                    errors[j // TILE, lane] = 0
                break


@compiled(**INLINE)
def stays(frozen, row, freezing):
    """Whether a row of V is to stay as it is; without `freezing` none is, and nothing is read."""
    return frozen[row] if freezing else False


@compiled(**INLINE)
def apply_errors(
    inputs,
    input_rows,
    m,
    outputs,
    output_rows,
    n,
    errors,
    begin_column,
    end_column,
    change,
    in_place,
    frozen,
    freezing,
):
    """W += Eᵀ V in place, V += E W in place or, where not `in_place`, change = E W: both from the old values.

    A tile's output rows stay in registers, old and new, while the inputs pass by. Where a row stands twice, all its
    errors belong to its first place (a tile's missing rows repeat the last one, without errors), and rows are stored
    from last to first, so that the first place has the last word.
    """
    for begin in range(0, n, TILE):
        tile = begin // TILE
        w0, w1, w2, w3, w4, w5 = tile_rows(output_rows, begin, n)
        wide = n - begin > TILE // 2
        final = in_place and begin + TILE >= n
        for k in range(begin_column, end_column, LANES):
            old0, old1, old2 = load(outputs, w0, k), load(outputs, w1, k), load(outputs, w2, k)
            old3, old4, old5 = old2, old2, old2
            if wide:
                old3, old4, old5 = load(outputs, w3, k), load(outputs, w4, k), load(outputs, w5, k)
            new0, new1, new2, new3, new4, new5 = old0, old1, old2, old3, old4, old5
            for i in range(m - 1, -1, -1):
                v = load(inputs, row_at(input_rows, i), k)
                if begin > 0:
                    x = load(change, i, k)
                elif in_place:
                    x = v
                else:
                    x = fill(v, 0.0)
                lane = GROUP * i
                e = spread(errors, tile, lane)
                x, new0 = fma(e, old0, x), fma(e, v, new0)
                e = spread(errors, tile, lane + 1)
                x, new1 = fma(e, old1, x), fma(e, v, new1)
                e = spread(errors, tile, lane + 2)
                x, new2 = fma(e, old2, x), fma(e, v, new2)
                if wide:
                    e = spread(errors, tile, lane + 3)
                    x, new3 = fma(e, old3, x), fma(e, v, new3)
                    e = spread(errors, tile, lane + 4)
                    x, new4 = fma(e, old4, x), fma(e, v, new4)
                    e = spread(errors, tile, lane + 5)
                    x, new5 = fma(e, old5, x), fma(e, v, new5)
                if not final:
                    store(change, i, k, x)
                elif not stays(frozen, row_at(input_rows, i), freezing):
                    store(inputs, row_at(input_rows, i), k, x)
            if wide:
                store(outputs, w5, k, new5)
                store(outputs, w4, k, new4)
                store(outputs, w3, k, new3)
            store(outputs, w2, k, new2)
            store(outputs, w1, k, new1)
            store(outputs, w0, k, new0)


@compiled(**INLINE)
def mean_row(target, sources, source_rows, count, width):
    """target[0] = the mean of the source rows."""
    share = fill(target, 1 / count)
    for k in range(0, width, LANES):
        mean = fill(target, 0.0)
        for s in range(count):
            mean = fma(share, load(sources, row_at(source_rows, s), k), mean)
        store(target, 0, k, mean)


@compiled(**INLINE)
def add_share(target, rows, count, source, share, begin_column, end_column, frozen, freezing):
    """target[row] += share · source[0] for each of the rows; one that stands twice gets it twice."""
    factor = fill(target, share)
    for s in range(count):
        row = np.int64(row_at(rows, s))
        if stays(frozen, row, freezing):
            continue
        for k in range(begin_column, end_column, LANES):
            store(target, row, k, fma(factor, load(source, 0, k), load(target, row, k)))


@compiled(**INLINE)
def context_rows(words, begin, end, centre, rows):
    """Put the words at positions [begin, end), without position `centre`, into `rows`; return their number."""
    count = 0
    for position in range(begin, end):
        rows[count] = words[position]
        count += position != centre
    return count


@compiled(**INLINE)
def path_rows(tree, word, rows):
    """Put the inner nodes on a word's Huffman path into `rows`; return their number."""
    begin, end = tree.offsets[word], tree.offsets[word + 1]
    for step in range(end - begin):
        rows[step] = tree.nodes[begin + step]
    return end - begin


@compiled(**INLINE)
def path_signs(tree, word, signs):
    """Put 2t − 1 of a word's Huffman path into `signs`, (tiles, LANES), once for each input of a register."""
    begin, n = tree.offsets[word], tree.offsets[word + 1] - tree.offsets[word]
    tiles = (n + TILE - 1) // TILE
    for group in range(0, LANES, GROUP):
        signs[tiles - 1, group : group + TILE] = 0
        for j in range(n):
            signs[j // TILE, group + j % TILE] = tree.signs[begin + j]


# --- One step -----------------------------------------------------------------------------------------------------


@register_jitable(**INLINE)
def lane_of(lanes, number):
    """One lane of all."""
    return Lane(
        part(lanes.words, number),
        part(lanes.begins, number),
        part(lanes.ends, number),
        part(lanes.state, number),
        part(lanes.progress, number),
        part(lanes.losses, number),
        part(lanes.context, number),
        part(lanes.outputs, number),
        part(lanes.sizes, number),
        part(lanes.rates, number),
        part(lanes.errors, number),
        part(lanes.signs, number),
        part(lanes.hidden, number),
        part(lanes.only, number),
        part(lanes.change, number),
    )


@compiled(**INLINE)
def gather(lane, slot, samplers, tree, window, task, cbow, hierarchical):
    """Put a lane's next step into a slot: its context, its output vectors, its rate.

    Returns:
        Whether there is one.
    """
    words, progress, sizes = lane.words, lane.progress, part(lane.sizes, slot)
    rows, outputs = part(lane.context, slot), part(lane.outputs, slot)
    state = lane.state[0]
    centre, position, last, count = progress[CENTRE], progress[POSITION], progress[LAST], progress[COUNT]
    n = np.int64(lane.sizes[progress[SLOT], OUTPUTS])
    if position < last:
        before = part(lane.outputs, progress[SLOT])
        for j in range(n):
            outputs[j] = before[j]
    near = 0
    while near == 0 and (position < last or centre + 1 < count):
        if position == last:
            centre += 1
            word = np.int64(words[centre])
            reach = window.size
            if window.shrink:
                state = advance(state)
                reach = 1 + below(output(state), window.size)
            if hierarchical:
                n = path_rows(tree, word, outputs)
            else:
                n = window.negative + 1
                outputs[0] = word
                state = np.uint64(draw_noise(state, samplers, word, outputs, n))
            position = max(np.int64(lane.begins[centre]), centre - reach)
            last = min(np.int64(lane.ends[centre]), centre + reach + 1)
        end = last if cbow else min(position + window.step_positions, last)
        near = context_rows(words, position, end, centre, rows)
        position = end
    lane.state[0] = state
    progress[CENTRE], progress[POSITION], progress[LAST], progress[SLOT] = centre, position, last, slot
    m = min(near, 1) if cbow else near
    sizes[CONTEXT], sizes[INPUTS], sizes[OUTPUTS], sizes[WORD] = near, m, n, words[max(centre, 0)]
    sizes[NEWEST] = words[max(min(centre + window.size, count - 1), 0)]
    lane.rates[slot] = task.first_rate + (task.last_rate - task.first_rate) / max(count, 1) * centre
    progress[EXAMPLES] += m * n
    return near > 0


@compiled(**INLINE)
def prefetch_row(matrix, row, begin_column, end_column, to_write):
    """Ask for some columns of a row."""
    for k in range(begin_column, end_column, PADDING):
        if to_write:
            prefetch_to_write(matrix, row, k)
        else:
            prefetch(matrix, row, k)


@compiled(**INLINE)
def prefetch_step(lane, slot, weights, to_write):
    """Ask for the rows of a step: its output vectors, and the word that came within reach last."""
    sizes, outputs, width = part(lane.sizes, slot), part(lane.outputs, slot), lane.change.shape[1]
    for j in range(sizes[OUTPUTS]):
        prefetch_row(weights.output, row_at(outputs, j), 0, width, to_write)
    prefetch_row(weights.input, sizes[NEWEST], 0, width, to_write)


@compiled(**INLINE)
def score_step(lane, slot, weights, window, tree, cbow, hierarchical):
    """Put η (t − y) of each pair of a step into lane.errors, and return the sum of the loss J over them.

    A row that occurs twice gets both of its changes, but see objective.MOST_REPEATED.
    """
    sizes, errors, outputs = part(lane.sizes, slot), part(lane.errors, slot), part(lane.outputs, slot)
    m = 1 if cbow else np.int64(sizes[INPUTS])
    n, width = np.int64(sizes[OUTPUTS]), lane.change.shape[1]
    tiles = (n + TILE - 1) // TILE
    rate = lane.rates[slot]
    inputs, rows = weights.input, part(lane.context, slot)
    if cbow:
        hidden = part(lane.hidden, slot)
        mean_row(hidden, inputs, rows, np.int64(sizes[CONTEXT]), width)
        inputs, rows = hidden, lane.only
    if hierarchical:
        path_signs(tree, sizes[WORD], lane.signs)
    score(inputs, rows, m, weights.output, outputs, n, width, errors, not cbow)
    loss = score_to_error(errors, lane.signs, tiles, m, rate)
    bound = max(rate, window.most_repeated)
    if not cbow:
        merge_repeated_inputs(rows, m, errors, tiles, bound)
    if not hierarchical:  # a path has no node twice
        merge_repeated_outputs(outputs, n, errors, m, bound)
    return loss


@compiled(**INLINE)
def change_rows(lane, slot, weights, begin_column, end_column, change, cbow, exact, frozen, freezing):
    """Change the rows of V and W that belong to a step, in some columns; `change` is room for V's changes."""
    sizes, rows, errors = part(lane.sizes, slot), part(lane.context, slot), part(lane.errors, slot)
    m = 1 if cbow else np.int64(sizes[INPUTS])
    n = np.int64(sizes[OUTPUTS])
    V, W = weights
    inputs, input_rows = V, rows
    if cbow:
        inputs, input_rows = part(lane.hidden, slot), lane.only
    apply_errors(
        inputs,
        input_rows,
        m,
        W,
        part(lane.outputs, slot),
        n,
        errors,
        begin_column,
        end_column,
        change,
        not cbow,
        frozen,
        freezing,
    )
    if cbow:
        near = np.int64(sizes[CONTEXT])
        share = 1 / near if exact else 1.0
        add_share(V, rows, near, change, share, begin_column, end_column, frozen, freezing)


# --- Rounds: several threads, the same bytes ----------------------------------------------------------------------

ARRIVED, ABORTED = 0, LINE
"""Places in Workspace.barrier: how often a thread has arrived there, and whether nobody is to wait any more."""

SPINS = 2_000
"""Looks at the barrier before a thread gives its core to another one."""

if sys.platform == "win32":
    _yield_address = ctypes.cast(ctypes.windll.kernel32.SwitchToThread, ctypes.c_void_p).value
else:
    _yield_address = ctypes.cast(ctypes.CDLL(None).sched_yield, ctypes.c_void_p).value
llvmlite.binding.add_symbol("wordkin_yield", _yield_address)


def fetch_add(numbers, place, value):
    """Add to numbers[place], atomically, and return what it was."""
    before = numbers[place]
    numbers[place] += value
    return before


@generates(fetch_add, lambda numbers, place, value: types.int64(numbers, types.intp, types.int64))
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.atomic_rmw("add", builder.gep(array.data, [arguments[1]]), arguments[2], "acq_rel")


def fetch(numbers, place):
    """numbers[place], as other threads left it."""
    return numbers[place]


@generates(fetch, lambda numbers, place: types.int64(numbers, types.intp))
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.load_atomic(builder.gep(array.data, [arguments[1]]), "acquire", 8)


def give_way():
    """Let another thread have this core."""
    time.sleep(0)


@generates(give_way, lambda: types.void())
def _(context, builder, _signature, _arguments):
    signature = ir.FunctionType(ir.IntType(32), [])
    builder.call(cgutils.get_or_insert_function(builder.module, signature, "wordkin_yield"), [])
    return context.get_dummy_value()


@compiled(**INLINE)
def all_there(barrier, arrivals):
    """Whether threads have arrived so many times, or nobody is to wait any more."""
    return fetch(barrier, ARRIVED) >= arrivals or fetch(barrier, ABORTED) != 0


@compiled(**INLINE)
def wait(barrier, arrivals):
    """Wait until threads have arrived so many times: what each wrote before, all see after."""
    spins = 0
    while not all_there(barrier, arrivals):
        spins += 1
        if spins > SPINS:
            give_way()


@compiled(**INLINE)
def first_lane(thread, threads, lanes):
    """The first of the lanes that belong to a thread; the next thread's first one comes after its last one."""
    return lanes * thread // threads


@compiled(**INLINE)
def take(taken, odd, thread, threads):
    """Take a lane that no thread has taken in this round, one of the thread's own ones where there is one.

    Args:
        taken: (lanes, 2, LINE), how often lanes of each thread were taken, in rounds of even and of odd number.
        odd: the round's number modulo 2.
        thread: this thread's number.
        threads: how many there are.

    Returns:
        The lane's number; -1 where none is left.
    """
    for other in range(thread, thread + threads):
        owner = other % threads
        begin, end = first_lane(owner, threads, len(taken)), first_lane(owner + 1, threads, len(taken))
        counter = part(part(taken, owner), odd)
        if begin + fetch(counter, 0) < end:
            number = begin + fetch_add(counter, 0, 1)
            if number < end:
                return number
    return -1


@cache
def chunk_kernel(cbow=False, hierarchical=False, exact=True, rounds=False, freezing=False):
    """Compile the kernel for one variant; the five are constants to LLVM, so that no branch between them is left.

    Args:
        cbow: one input vector, the context's mean, instead of one for each context word.
        hierarchical: the outputs are the centre word's Huffman path, instead of itself and noise words.
        exact: for CBOW, divide the mean's gradient by the number of context words, as its derivative demands.
        rounds: score several steps of each lane before any of them changes V and W, so that threads can share them.
        freezing: leave some rows of V as they are.

    The kernel trains one chunk. Its arguments:
        ids: (tokens,) int32, the corpus.
        offsets: (sentences + 1,) int64, its sentences.
        weights: V and W, changed in place; float32, or float64 for checks.
        frozen: (words,) bool, the rows of V that stay as they are; only read with `freezing`.
        samplers: see Samplers.
        tree: see huffman.Tree; only read for hierarchical softmax.
        window: see Window.
        task: see Task.
        space: see workspace; with lanes.losses and lanes.progress it has the sums of J, the numbers of pairs, and the
            numbers of tokens left by subsampling.
        thread: this thread's number.
        threads: how many train the chunk together, each with the same arguments but `thread`; 1 without rounds.
    """

    def train_steps(ids, offsets, weights, frozen, samplers, tree, window, task, space, _thread, _threads):
        lane = lane_of(space.lanes, 0)
        keep_lane(lane, 0, ids, offsets, window, samplers, task)
        width = lane.change.shape[1]
        gathered, step, loss = 0, -AHEAD, 0.0
        while step < gathered:
            if gathered - step == AHEAD:
                slot = gathered & (2 * AHEAD - 1)
                if gather(lane, slot, samplers, tree, window, task, cbow, hierarchical):
                    prefetch_step(lane, slot, weights, True)
                    gathered += 1
            if step >= 0:
                slot = step & (2 * AHEAD - 1)
                loss += score_step(lane, slot, weights, window, tree, cbow, hierarchical)
                change_rows(lane, slot, weights, 0, width, lane.change, cbow, exact, frozen, freezing)
            step += 1
        lane.losses[0] = loss

    def train_rounds(ids, offsets, weights, frozen, samplers, tree, window, task, space, thread, threads):
        lanes, width, size = len(space.lanes.words), space.lanes.change.shape[2], space.lanes.rates.shape[1] // 2
        own = range(first_lane(thread, threads, lanes), first_lane(thread + 1, threads, lanes))
        begin_column, end_column = column(thread, threads, width), column(thread + 1, threads, width)
        change = part(space.lanes.change, own.start)
        for number in own:
            lane = lane_of(space.lanes, number)
            keep_lane(lane, number, ids, offsets, window, samplers, task)
            gather_round(lane, 0, size, samplers, tree, window, task, cbow, hierarchical)
        fetch_add(space.barrier, ARRIVED, 1)
        wait(space.barrier, threads)
        odd, arrivals = 0, threads
        while steps_of_round(space.lanes, odd) > 0 and fetch(space.barrier, ABORTED) == 0:
            begin = odd * size
            for number in own:
                lane = lane_of(space.lanes, number)
                end = begin + lane.progress[FILLED + odd]
                loss = 0.0
                for slot in range(begin - AHEAD, end):
                    if slot + AHEAD < end:
                        prefetch_step(lane, slot + AHEAD, weights, False)
                    if slot >= begin:
                        loss += score_step(lane, slot, weights, window, tree, cbow, hierarchical)
                lane.losses[0] += loss
            fetch_add(space.barrier, ARRIVED, 1)
            arrivals += threads
            gather_free(space, odd, size, thread, threads, arrivals, samplers, tree, window, task, cbow, hierarchical)
            wait(space.barrier, arrivals)
            space.taken[thread, 1 - odd, 0] = 0
            for number in range(lanes):
                lane = lane_of(space.lanes, number)
                end = begin + lane.progress[FILLED + odd]
                for slot in range(begin, begin + size):
                    if threads > 1:
                        prefetch_words(space.lanes, number + 2, slot)
                        claim_step(space.lanes, number + 1, slot, weights, begin_column, end_column)
                    if slot < end:
                        change_rows(
                            lane, slot, weights, begin_column, end_column, change, cbow, exact, frozen, freezing
                        )
            arrivals += threads
            gather_free(space, odd, size, thread, threads, arrivals, samplers, tree, window, task, cbow, hierarchical)
            fetch_add(space.barrier, ARRIVED, 1)
            wait(space.barrier, arrivals)
            odd = 1 - odd

    return compiled(nogil=True, **OPTIONS)(train_rounds if rounds else train_steps)


@compiled(**INLINE)
def keep_lane(lane, number, ids, offsets, window, samplers, task):
    """Subsample a lane's text."""
    pieces = task.pieces[task.lanes[number] : task.lanes[number + 1]]
    state, count, kept = keep_tokens(
        lane.state[0], ids, offsets, pieces, window.size, samplers.keep, lane.words, lane.begins, lane.ends
    )
    lane.state[0], lane.progress[COUNT], lane.progress[KEPT] = state, count, kept


@compiled(**INLINE)
def gather_round(lane, odd, size, samplers, tree, window, task, cbow, hierarchical):
    """Gather a lane's steps of a round into their half of the slots."""
    filled = 0
    while filled < size and gather(lane, odd * size + filled, samplers, tree, window, task, cbow, hierarchical):
        filled += 1
    lane.progress[FILLED + odd] = filled


@compiled(**INLINE)
def gather_free(space, odd, size, thread, threads, arrivals, samplers, tree, window, task, cbow, hierarchical):
    """Gather the next steps of lanes that no thread has taken, until threads have arrived so many times.

    It needs neither V nor W, and so fills the time in which a thread would wait. Who has not yet arrived gathers all.
    """
    while not all_there(space.barrier, arrivals):
        number = take(space.taken, odd, thread, threads)
        if number < 0:
            break
        gather_round(lane_of(space.lanes, number), 1 - odd, size, samplers, tree, window, task, cbow, hierarchical)


@compiled(**INLINE)
def prefetch_words(lanes, number, slot):
    """Ask for the sizes and words of a step in a lane, if there is that lane: another thread may have written them."""
    if number < len(lanes.sizes):
        prefetch(part(lanes.sizes, number), slot, 0)
        prefetch(part(lanes.context, number), slot, 0)
        prefetch(part(lanes.outputs, number), slot, 0)


@compiled(**INLINE)
def claim_step(lanes, number, slot, weights, begin_column, end_column):
    """Ask for a step's errors, and for its rows for this core alone, if there is such a lane: they are changed next."""
    if number == len(lanes.sizes):
        return
    sizes, errors = part(part(lanes.sizes, number), slot), part(part(lanes.errors, number), slot)
    outputs, context = part(part(lanes.outputs, number), slot), part(part(lanes.context, number), slot)
    for j in range(sizes[OUTPUTS]):
        prefetch_row(weights.output, row_at(outputs, j), begin_column, end_column, True)
    for i in range(sizes[CONTEXT]):
        prefetch_row(weights.input, row_at(context, i), begin_column, end_column, True)
    for begin in range(0, sizes[OUTPUTS], TILE):
        for pair in range(0, GROUP * sizes[INPUTS], PADDING):
            prefetch(errors, begin // TILE, pair)


@compiled(**INLINE)
def steps_of_round(lanes, odd):
    """How many steps a round has in all lanes."""
    steps = 0
    for number in range(len(lanes.progress)):
        steps += lanes.progress[number, FILLED + odd]
    return steps


@compiled(**INLINE)
def column(part, parts, width):
    """Where a part of the columns begins, on a cache line, of as equal parts as there are."""
    return min((width + PADDING - 1) // PADDING * part // parts * PADDING, width)


def whole_registers(vector_size: int) -> int:
    """`vector_size` rounded up to whole registers: the part of a padded row that the kernel works on."""
    return math.ceil(vector_size / LANES) * LANES


def padded(vector_size: int) -> int:
    """`vector_size` rounded up to whole cache lines of float32."""
    return math.ceil(vector_size / PADDING) * PADDING
