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

import math
import operator
from functools import cache
from typing import Any, NamedTuple

import llvmlite.binding
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import intrinsic, overload, register_jitable, register_model

from wordkin.compilation import compiled

PADDING = 16
"""Rows are padded with zeros to a multiple of this many numbers, 64 bytes in float32."""

LANES = 16 if llvmlite.binding.get_host_cpu_features().get("avx512f") else 8
"""Numbers in one register; divides PADDING."""

AHEAD = 4
"""Windows between drawing the noise words (and prefetching their rows) and using them: a power of two."""

MOST_REDRAWS = 64
"""Draws that may hit the centre word before its successor is taken, so that no distribution can hang the kernel."""

INLINE: dict[str, Any] = {"forceinline": True, "fastmath": {"contract"}}


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
    """Words on either side, whether that number is drawn anew for each window, and noise words."""

    size: int
    shrink: bool
    negative: int


class Task(NamedTuple):
    """One chunk: its tokens [begin, end), the sentence that `begin` lies in, η at both ends, its random stream."""

    begin: int
    end: int
    sentence: int
    first_rate: float
    last_rate: float
    stream: np.uint64


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
    offset = builder.add(begin, builder.mul(column, array.itemsize))
    return builder.gep(builder.bitcast(array.data, ir.IntType(8).as_pointer()), [offset])


@intrinsic
def _load(_context, matrix, row, column):
    def generate(context, builder, signature, arguments):
        pointer = _row_pointer(context, builder, signature.args[0], *arguments)
        vector = _llvm_vector(matrix.dtype)
        return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=matrix.dtype.bitwidth // 8)

    return Lanes(matrix.dtype)(matrix, types.intp, types.intp), generate


@intrinsic
def _store(_context, matrix, row, column, lanes):
    def generate(context, builder, signature, arguments):
        pointer = _row_pointer(context, builder, signature.args[0], *arguments[:3])
        target = builder.bitcast(pointer, arguments[3].type.as_pointer())
        builder.store(arguments[3], target, align=matrix.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(matrix, types.intp, types.intp, lanes), generate


@intrinsic
def _prefetch(_context, matrix, row, column):
    def generate(context, builder, signature, arguments):
        pointer = _row_pointer(context, builder, signature.args[0], *arguments)
        flags = [ir.Constant(ir.IntType(32), flag) for flag in (0, 3, 1)]  # read, keep in every cache, data
        _call(builder, "llvm.prefetch.p0", ir.VoidType(), [pointer, *flags])
        return context.get_dummy_value()

    return types.void(matrix, types.intp, types.intp), generate


@intrinsic
def _fill(_context, like, value):
    def generate(_context, builder, _signature, arguments):
        vector = _llvm_vector(like.dtype)
        undefined = ir.Constant(vector, ir.Undefined)
        first = builder.insert_element(undefined, arguments[1], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(first, undefined, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))

    return Lanes(like.dtype)(like, like.dtype), generate


@intrinsic
def _fma(_context, a, b, c):
    def generate(_context, builder, _signature, arguments):
        vector = arguments[0].type
        return _call(builder, f"llvm.fmuladd.{_suffix(vector)}", vector, arguments)

    return a(a, b, c), generate


@intrinsic
def _total(_context, lanes):
    def generate(_context, builder, _signature, arguments):
        vector = arguments[0].type
        zero = ir.Constant(vector.element, -0.0)
        name = f"llvm.vector.reduce.fadd.{_suffix(vector)}"
        return _call(builder, name, vector.element, [zero, *arguments], fastmath=("reassoc",))

    return lanes.dtype(lanes), generate


@intrinsic
def _power_of_two(_context, lanes):
    def generate(_context, builder, _signature, arguments):
        # A float32 is sign, 8 bits of exponent + 127, 23 bits of fraction: 2ⁿ has the fraction 0.
        integers = ir.VectorType(ir.IntType(32), LANES)
        name = f"llvm.fptosi.sat.v{LANES}i32.{_suffix(arguments[0].type)}"  # defined for NaN, too
        biased = builder.add(_call(builder, name, integers, arguments), ir.Constant(integers, [127] * LANES))
        return builder.bitcast(builder.shl(biased, ir.Constant(integers, [23] * LANES)), arguments[0].type)

    return lanes(lanes), generate


@intrinsic
def _choose_less(_context, a, b, yes, no):
    def generate(_context, builder, _signature, arguments):
        return builder.select(builder.fcmp_ordered("<", arguments[0], arguments[1]), arguments[2], arguments[3])

    return a(a, b, yes, no), generate


def _binary(function, instruction):
    """Give an operator its meaning for two Lanes."""

    @intrinsic
    def generated(_context, a, b):
        def generate(_context, builder, _signature, arguments):
            return getattr(builder, instruction)(*arguments, flags=("contract",))

        return a(a, b), generate

    @overload(function)
    def implementation(a, b):
        if isinstance(a, Lanes) and isinstance(b, Lanes):
            return lambda a, b: generated(a, b)
        return None


def _unary(function, instruction):
    """Give a NumPy function its meaning for Lanes."""

    @intrinsic
    def generated(_context, a):
        def generate(_context, builder, _signature, arguments):
            vector = arguments[0].type
            return _call(builder, f"{instruction}.{_suffix(vector)}", vector, arguments)

        return a(a), generate

    @overload(function)
    def implementation(a):
        return (lambda a: generated(a)) if isinstance(a, Lanes) else None


_binary(operator.add, "fadd")
_binary(operator.sub, "fsub")
_binary(operator.mul, "fmul")
_binary(operator.truediv, "fdiv")
_unary(np.abs, "llvm.fabs")
_unary(np.floor, "llvm.floor")
_unary(np.exp, "llvm.exp")
_unary(np.log, "llvm.log")


def load(matrix, row, column):
    """matrix[row, column : column + LANES]."""
    return matrix[row, column : column + LANES].copy()


@overload(load)
def _(matrix, row, column):
    return lambda matrix, row, column: _load(matrix, row, column)


def store(matrix, row, column, lanes):
    """Set matrix[row, column : column + LANES]."""
    matrix[row, column : column + LANES] = lanes


@overload(store)
def _(matrix, row, column, lanes):
    return lambda matrix, row, column, lanes: _store(matrix, row, column, lanes)


def prefetch(matrix, row, column):
    """Ask for the cache line that holds matrix[row, column]; changes nothing."""


@overload(prefetch)
def _(matrix, row, column):
    return lambda matrix, row, column: _prefetch(matrix, row, column)


def fill(like, value):
    """LANES times `value`, in the dtype of `like`, an array or Lanes."""
    return np.full(LANES, value, like.dtype)


@overload(fill)
def _(like, value):
    return lambda like, value: _fill(like, value)


def fma(a, b, c):
    """A · b + c, rounded once where the processor can."""
    return a * b + c


@overload(fma)
def _(a, b, c):
    return lambda a, b, c: _fma(a, b, c)


def total(lanes):
    """The sum of the lanes."""
    return lanes.sum(dtype=lanes.dtype)


@overload(total)
def _(lanes):
    return lambda lanes: _total(lanes)


def choose_less(a, b, yes, no):
    """`yes` where a < b, else (also where a is NaN) `no`."""
    return np.where(a < b, yes, no)


@overload(choose_less)
def _(a, b, yes, no):
    return lambda a, b, yes, no: _choose_less(a, b, yes, no)


def at_least(lanes, bound):
    """`bound` where lanes < bound, else lanes: NaN stays NaN."""
    return np.where(lanes < bound, bound, lanes)


@overload(at_least)
def _(lanes, bound):
    return lambda lanes, bound: _choose_less(lanes, bound, bound, lanes)


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
        n = np.floor(fma(a, fill(a, 1.4426950408889634), fill(a, 0.5)))
        r = fma(n, fill(a, -0.693359375), a)
        r = fma(n, fill(a, 2.12194440e-4), r)
        p = fma(fill(a, 1.9875691500e-4), r, fill(a, 1.3981999507e-3))
        p = fma(p, r, fill(a, 8.3334519073e-3))
        p = fma(p, r, fill(a, 4.1665795894e-2))
        p = fma(p, r, fill(a, 1.6666665459e-1))
        p = fma(p, r, fill(a, 5.0000001201e-1))
        p = fma(p * r, r, r) + fill(a, 1.0)
        return p * _power_of_two(n)

    return polynomial


def log_one_plus(e):
    """log(1 + e) for 0 ≤ e ≤ 1."""
    return np.log1p(e)


@overload(log_one_plus)
def _(e):
    if e.dtype == types.float64:
        return lambda e: np.log(fill(e, 1.0) + e)

    def series(e):
        # log(1 + e) = 2 artanh(s) = 2 (s + s³/3 + s⁵/5 + …) with s = e / (2 + e) ≤ 1/3.
        s = e / (fill(e, 2.0) + e)
        square = s * s
        p = fma(fill(e, 1 / 13), square, fill(e, 1 / 11))
        p = fma(p, square, fill(e, 1 / 9))
        p = fma(p, square, fill(e, 1 / 7))
        p = fma(p, square, fill(e, 1 / 5))
        p = fma(p, square, fill(e, 1 / 3))
        p = fma(p, square, fill(e, 1.0))
        return (s + s) * p

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


@compiled(forceinline=True)
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


@compiled(forceinline=True)
def keep_tokens(state, ids, offsets, task, keep, words, begins, ends):
    """Subsample the chunk's tokens into `words`, and note for each the bounds of its sentence there.

    Returns:
        The random state, and how many tokens were kept.
    """
    kept = 0
    sentence = task.sentence
    token = task.begin
    while token < task.end:
        stop = min(offsets[sentence + 1], task.end)
        begin = kept
        while token < stop:
            word = ids[token]
            state = advance(state)
            words[kept] = word
            kept += (output(state) >> _HALF) <= np.uint64(keep[word])
            token += 1
        begins[begin:kept] = begin
        ends[begin:kept] = kept
        sentence += 1
    return state, kept


# --- One window ---------------------------------------------------------------------------------------------------


@compiled(**INLINE)
def score(inputs, input_rows, m, outputs, output_rows, n, width, scores):
    """scores[i n + j] = v_i · w_j, in tiles of two input and three output vectors."""
    for j in range(0, n, 3):
        w0, w1, w2 = output_rows[j], output_rows[min(j + 1, n - 1)], output_rows[min(j + 2, n - 1)]
        for i in range(0, m, 2):
            v0, v1 = input_rows[i], input_rows[min(i + 1, m - 1)]
            x00 = fill(inputs, 0.0)
            x01, x02, x10, x11, x12 = x00, x00, x00, x00, x00
            for k in range(0, width, LANES):
                a0, a1 = load(inputs, v0, k), load(inputs, v1, k)
                b = load(outputs, w0, k)
                x00, x10 = fma(a0, b, x00), fma(a1, b, x10)
                b = load(outputs, w1, k)
                x01, x11 = fma(a0, b, x01), fma(a1, b, x11)
                b = load(outputs, w2, k)
                x02, x12 = fma(a0, b, x02), fma(a1, b, x12)
            # A tile's second row may lie behind the last input: `scores` has room for it.
            first, second = i * n + j, (i + 1) * n + j
            scores[0, first], scores[0, second] = total(x00), total(x10)
            if j + 1 < n:
                scores[0, first + 1], scores[0, second + 1] = total(x01), total(x11)
            if j + 2 < n:
                scores[0, first + 2], scores[0, second + 2] = total(x02), total(x12)


@compiled(**INLINE)
def score_to_error(scores, signs, count, rate):
    """Replace each score x by η (t − y), and return the sum of the loss J.

    With the sign s = 2t − 1 and z = s x, both labels are one case: J = −log σ(z) and t − y = s σ(−z).

    Args:
        scores: (1, ≥ count + LANES) x in, η (t − y) out.
        signs: (1, ≥ count + LANES) s of each score; never 0.
        count: number of scores.
        rate: η.
    """
    for surplus in range(count, count + LANES):  # fills the last register: z = 100, whose J and σ(−z) vanish
        scores[0, surplus] = 100 * signs[0, surplus]
    one, zero = fill(scores, 1.0), fill(scores, 0.0)
    eta = fill(scores, rate)
    losses = zero
    for k in range(0, count, LANES):
        sign = load(signs, 0, k)
        z = load(scores, 0, k) * sign
        e = exp_negative(zero - np.abs(z))
        inverse = one / (one + e)
        complement = choose_less(z, zero, inverse, e * inverse)  # σ(−z)
        losses = losses + log_one_plus(e) + at_least(zero - z, zero)
        store(scores, 0, k, eta * complement * sign)
    return np.float64(total(losses))


@compiled(**INLINE)
def add_combination(target, row, sources, source_rows, count, factors, first, step, width, fresh):
    """target[row] (+)= Σ_s factors[first + s · step] · sources[source_rows[s]]; `fresh` overwrites, else it adds."""
    s = 0
    while s < count:
        f = first + s * step
        if count - s >= 6:
            r0, r1, r2 = source_rows[s], source_rows[s + 1], source_rows[s + 2]
            r3, r4, r5 = source_rows[s + 3], source_rows[s + 4], source_rows[s + 5]
            f0, f1 = fill(factors, factors[0, f]), fill(factors, factors[0, f + step])
            f2, f3 = fill(factors, factors[0, f + 2 * step]), fill(factors, factors[0, f + 3 * step])
            f4, f5 = fill(factors, factors[0, f + 4 * step]), fill(factors, factors[0, f + 5 * step])
            for k in range(0, width, LANES):
                change = fill(target, 0.0) if fresh and s == 0 else load(target, row, k)
                change = fma(f1, load(sources, r1, k), fma(f0, load(sources, r0, k), change))
                change = fma(f3, load(sources, r3, k), fma(f2, load(sources, r2, k), change))
                change = fma(f5, load(sources, r5, k), fma(f4, load(sources, r4, k), change))
                store(target, row, k, change)
            s += 6
        elif count - s >= 2:
            r0, r1 = source_rows[s], source_rows[s + 1]
            f0, f1 = fill(factors, factors[0, f]), fill(factors, factors[0, f + step])
            for k in range(0, width, LANES):
                change = fill(target, 0.0) if fresh and s == 0 else load(target, row, k)
                change = fma(f1, load(sources, r1, k), fma(f0, load(sources, r0, k), change))
                store(target, row, k, change)
            s += 2
        else:
            r0 = source_rows[s]
            f0 = fill(factors, factors[0, f])
            for k in range(0, width, LANES):
                change = fill(target, 0.0) if fresh and s == 0 else load(target, row, k)
                store(target, row, k, fma(f0, load(sources, r0, k), change))
            s += 1


@compiled(**INLINE)
def add_row(target, row, source, source_row, width):
    """target[row] += source[source_row]."""
    for k in range(0, width, LANES):
        store(target, row, k, load(target, row, k) + load(source, source_row, k))


@compiled(**INLINE)
def step_window(inputs, input_rows, m, outputs, output_rows, n, signs, rate, width, scores, change):
    """The step that all architectures share: W changes in place, the inputs' changes go to `change`.

    A row that occurs twice gets both of its changes: output rows are updated one after the other, each from input
    vectors that have not changed yet.

    Args:
        inputs: matrix that holds the m input vectors, in the rows `input_rows`.
        input_rows: (≥ m,) int64.
        m: number of input vectors.
        outputs: W.
        output_rows: (≥ n,) int64.
        n: number of output vectors.
        signs: (1, ≥ m n + LANES) 2t − 1 of each pair, row by row.
        rate: η.
        width: padded vector_size.
        scores: (1, ≥ (m + 1) n + LANES) work space.
        change: (≥ m, width) −η ∂J/∂v of each input vector, out.

    Returns:
        The sum of the loss J over the m n pairs, before the step.
    """
    score(inputs, input_rows, m, outputs, output_rows, n, width, scores)
    loss = score_to_error(scores, signs, m * n, rate)
    for i in range(m):
        add_combination(change, i, outputs, output_rows, n, scores, i * n, 1, width, True)
    for j in range(n):
        add_combination(outputs, output_rows[j], inputs, input_rows, m, scores, j, n, width, False)
    return loss


@compiled(forceinline=True)
def context_rows(words, begin, end, centre, reach, rows):
    """Put the words within `reach` of position `centre`, and within its sentence, into `rows`; return their number."""
    count = 0
    for position in range(max(begin, centre - reach), min(end, centre + reach + 1)):
        rows[count] = words[position]
        count += position != centre
    return count


@compiled(forceinline=True)
def path_rows(tree, word, rows):
    """Put the inner nodes on a word's Huffman path into `rows`; return their number."""
    begin, end = tree.offsets[word], tree.offsets[word + 1]
    for step in range(end - begin):
        rows[step] = tree.nodes[begin + step]
    return end - begin


@compiled(forceinline=True)
def path_signs(tree, word, m, signs):
    """Put 2t − 1 of a word's Huffman path into `signs`, once for each of m input vectors."""
    begin, n = tree.offsets[word], tree.offsets[word + 1] - tree.offsets[word]
    for i in range(m):
        for j in range(n):
            signs[0, i * n + j] = tree.signs[begin + j]


@cache
def chunk_kernel(width, cbow=False, hierarchical=False, exact=True):
    """Compile the kernel for one padded vector_size and one variant.

    All four are constants to LLVM: every loop over a row is unrolled, and no branch between variants is left.

    Args:
        width: padded vector_size.
        cbow: one input vector, the context's mean, instead of one for each context word.
        hierarchical: the outputs are the centre word's Huffman path, instead of itself and noise words.
        exact: for CBOW, divide the mean's gradient by the number of context words, as its derivative demands.
    """

    def train_chunk(ids, offsets, weights, samplers, tree, window, task):
        """Train one chunk.

        Args:
            ids: (tokens,) int32, the corpus.
            offsets: (sentences + 1,) int64, its sentences.
            weights: V and W, changed in place; float32, or float64 for checks.
            samplers: see Samplers.
            tree: see huffman.Tree; only read for hierarchical softmax.
            window: see Window.
            task: see Task.

        Returns:
            The sum of the loss J, the number of examples (pairs), and the number of tokens left by subsampling.
        """
        V, W = weights
        room = task.end - task.begin
        words = np.empty(room + 1, np.int32)
        begins, ends = np.empty(room, np.int32), np.empty(room, np.int32)
        state, kept = keep_tokens(task.stream, ids, offsets, task, samplers.keep, words, begins, ends)
        state = np.uint64(state)
        most_inputs = 1 if cbow else 2 * window.size
        most_outputs = tree.longest if hierarchical else window.negative + 1
        upcoming_outputs = np.empty((AHEAD, most_outputs), np.int64)
        upcoming_count = np.full(AHEAD, most_outputs, np.int64)
        upcoming_reach = np.full(AHEAD, window.size, np.int64)
        context = np.empty(2 * window.size + 1, np.int64)
        scores = np.zeros((1, (most_inputs + 1) * most_outputs + LANES), V.dtype)
        signs = np.full((1, (most_inputs + 1) * most_outputs + LANES), -1, V.dtype)
        if not hierarchical:
            signs[0, ::most_outputs] = 1
        change = np.zeros((most_inputs, width), V.dtype)
        hidden = np.zeros((1, width), V.dtype)
        only = np.zeros(1, np.int64)
        share = np.ones((1, 1), V.dtype)
        slope = (task.last_rate - task.first_rate) / max(kept, 1)
        loss = 0.0
        examples = 0
        for centre in range(-AHEAD, kept):
            slot = centre & (AHEAD - 1)
            outputs = upcoming_outputs[slot]
            if centre >= 0:
                n = upcoming_count[slot]
                reach = upcoming_reach[slot]
                count = context_rows(words, begins[centre], ends[centre], centre, reach, context)
                m = min(count, 1) if cbow else count
                if hierarchical:
                    path_signs(tree, words[centre], m, signs)
                rate = task.first_rate + slope * centre
                if m > 0 and cbow:
                    share[0, 0] = 1 / count
                    add_combination(hidden, 0, V, context, count, share, 0, 0, width, True)
                    loss += step_window(hidden, only, 1, W, outputs, n, signs, rate, width, scores, change)
                    if not exact:
                        share[0, 0] = 1
                    for i in range(count):
                        add_combination(V, context[i], change, only, 1, share, 0, 0, width, False)
                elif m > 0:
                    loss += step_window(V, context, m, W, outputs, n, signs, rate, width, scores, change)
                    for i in range(m):
                        add_row(V, context[i], change, i, width)
                examples += m * n
            upcoming = centre + AHEAD
            if upcoming < kept:
                if window.shrink:
                    state = advance(state)
                    upcoming_reach[slot] = 1 + below(output(state), window.size)
                if hierarchical:
                    upcoming_count[slot] = path_rows(tree, words[upcoming], outputs)
                else:
                    outputs[0] = words[upcoming]
                    state = np.uint64(draw_noise(state, samplers, outputs[0], outputs, most_outputs))
                for j in range(upcoming_count[slot]):
                    for k in range(0, width, PADDING):
                        prefetch(W, outputs[j], k)
                newest = upcoming + window.size
                if newest < kept:
                    for k in range(0, width, PADDING):
                        prefetch(V, words[newest], k)
        return loss, examples, kept

    return compiled(nogil=True, fastmath={"contract"})(train_chunk)


def padded(vector_size: int) -> int:
    """`vector_size` rounded up to whole cache lines of float32."""
    return math.ceil(vector_size / PADDING) * PADDING
