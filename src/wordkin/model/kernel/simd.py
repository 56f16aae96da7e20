"""Vector registers by name: `Register` is a Numba type of SIMD_WIDTH numbers whose operations are LLVM instructions.

Each operation is a Python function on NumPy arrays, which runs where the kernel is not compiled, and beside it what
compiled calls of it become.
"""

import operator

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features
from numba.core.datamodel import models
from numba.extending import overload, register_model
from numba.np.arrayobj import populate_array

from wordkin.compilation import generates, inlined
from wordkin.storage.arrays import SPARE

_FEATURES: str = get_host_cpu_features() if numba.config.CPU_FEATURES is None else numba.config.CPU_FEATURES
"""The processor's features that Numba generates code for: NUMBA_CPU_FEATURES, or those of this machine."""

SIMD_WIDTH = 16 if "+avx512f" in _FEATURES.split(",") else 8
"""Numbers in a register."""

PADDING = 16
"""Rows are padded with zeros to a multiple of this many numbers, 64 bytes in float32; SIMD_WIDTH divides it."""

TILE = 6
"""Output vectors that are worked on at once."""

GROUP = 8
"""Numbers in a register of scores or errors that belong to one input vector: one for each output vector of a tile, and
two spare ones."""

SHIFT = 1.5 * 2**23
"""Added to a small float32, it leaves no bits for a fraction: the sum is rounded to a whole number."""


class Register(types.Type):
    """SIMD_WIDTH numbers of one dtype."""

    def __init__(self, dtype):
        self.dtype = dtype
        super().__init__(name=f"Register({dtype}, {SIMD_WIDTH})")


def _llvm_vector(dtype):
    return ir.VectorType(ir.FloatType() if dtype == types.float32 else ir.DoubleType(), SIMD_WIDTH)


@register_model(Register)
class _RegisterModel(models.PrimitiveModel):
    def __init__(self, manager, register):
        super().__init__(manager, register, _llvm_vector(register.dtype))


_INTEGERS = ir.VectorType(ir.IntType(32), SIMD_WIDTH)


def _call(builder, name, result, arguments, **options):
    """Call an LLVM intrinsic, declaring it where needed."""
    signature = ir.FunctionType(result, [argument.type for argument in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, name), arguments, **options)


def _suffix(vector):
    return f"v{SIMD_WIDTH}f{32 if isinstance(vector.element, ir.FloatType) else 64}"


def _row_pointer(context, builder, matrix_type, matrix, row, column):
    array = context.make_array(matrix_type)(context, builder, matrix)
    begin = builder.mul(row, builder.extract_value(array.strides, 0))
    size = ir.Constant(column.type, matrix_type.dtype.bitwidth // 8)  # LLVM does not know array.itemsize
    offset = builder.add(begin, builder.mul(column, size))
    return builder.gep(builder.bitcast(array.data, ir.IntType(8).as_pointer()), [offset])


def subarray(array, i):
    """array[i], for 0 ≤ i, without counting a reference, which would take longer than the work on a short row."""
    return array[i]


@generates(subarray, lambda array, i: array.copy(ndim=array.ndim - 1)(array, types.intp))
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
    """matrix[row, column : column + SIMD_WIDTH]."""
    return matrix[row, column : column + SIMD_WIDTH].copy()


@generates(load, lambda matrix, row, column: Register(matrix.dtype)(matrix, types.intp, types.intp))
def _(context, builder, signature, arguments):
    pointer = _row_pointer(context, builder, signature.args[0], *arguments)
    vector = _llvm_vector(signature.args[0].dtype)
    return builder.load(builder.bitcast(pointer, vector.as_pointer()), align=signature.args[0].dtype.bitwidth // 8)


def store(matrix, row, column, register):
    """Set matrix[row, column : column + SIMD_WIDTH]."""
    matrix[row, column : column + SIMD_WIDTH] = register


@generates(store, lambda matrix, row, column, register: types.void(matrix, types.intp, types.intp, register))
def _(context, builder, signature, arguments):
    pointer = _row_pointer(context, builder, signature.args[0], *arguments[:3])
    target = builder.bitcast(pointer, arguments[3].type.as_pointer())
    builder.store(arguments[3], target, align=signature.args[0].dtype.bitwidth // 8)
    return context.get_dummy_value()


def prefetch(matrix, row, column):
    """Ask for the cache line that holds matrix[row, column]; changes nothing."""


def prefetch_to_write(matrix, row, column):
    """Ask for that cache line for this core alone, since it will be written."""


def prefetch_to_second_level(matrix, row, column):
    """Ask the second-level cache alone for that cache line: it can wait for more lines at the same time."""


def _prefetch_as(function, write, locality):
    """Let compiled calls of a function be one of the processor's instructions to prefetch."""

    @generates(function, lambda matrix, row, column: types.void(matrix, types.intp, types.intp))
    def _(context, builder, signature, arguments):
        pointer = _row_pointer(context, builder, signature.args[0], *arguments)
        flags = [ir.Constant(ir.IntType(32), flag) for flag in (write, locality, 1)]  # data
        _call(builder, "llvm.prefetch.p0", ir.VoidType(), [pointer, *flags])
        return context.get_dummy_value()


@inlined
def prefetch_row(ask, matrix, row, columns):
    """Ask for some columns of a row, with one of these functions."""
    for k in range(columns[0], columns[1], PADDING):
        ask(matrix, row, k)


_prefetch_as(prefetch, 0, 3)
_prefetch_as(prefetch_to_write, 1, 3)
_prefetch_as(prefetch_to_second_level, 0, 2)


def fill(like, value):
    """SIMD_WIDTH times `value`, in the dtype of `like`, an array or a register."""
    return np.full(SIMD_WIDTH, value, like.dtype)


@generates(fill, lambda like, value: Register(like.dtype)(like, like.dtype))
def _(_context, builder, signature, arguments):
    return _broadcast(builder, _llvm_vector(signature.return_type.dtype), arguments[1])


def broadcast(matrix, row, column):
    """SIMD_WIDTH times matrix[row, column]."""
    return np.full(SIMD_WIDTH, matrix[row, column], matrix.dtype)


@generates(broadcast, lambda matrix, row, column: Register(matrix.dtype)(matrix, types.intp, types.intp))
def _(context, builder, signature, arguments):
    vector = _llvm_vector(signature.return_type.dtype)
    pointer = _row_pointer(context, builder, signature.args[0], *arguments)
    value = builder.load(builder.bitcast(pointer, vector.element.as_pointer()))
    return _broadcast(builder, vector, value)


def _broadcast(builder, vector, value):
    undefined = ir.Constant(vector, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, undefined, ir.Constant(_INTEGERS, [0] * SIMD_WIDTH))


def item(array, i):
    """array[i], a number, for 0 ≤ i."""
    return array[i]


@generates(item, lambda array, i: array.dtype(array, types.intp))
def _(context, builder, signature, arguments):
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    return builder.load(builder.gep(array.data, [arguments[1]]))


def copy_some(target, place, source, begin):
    """Copy the int32 source[begin : begin + SPARE] to target[place:]."""
    target[place : place + SPARE] = source[begin : begin + SPARE]


@generates(copy_some, lambda target, place, source, begin: types.void(target, types.intp, source, types.intp))
def _(context, builder, signature, arguments):
    some = ir.VectorType(ir.IntType(32), SPARE).as_pointer()
    target = context.make_array(signature.args[0])(context, builder, arguments[0])
    source = context.make_array(signature.args[2])(context, builder, arguments[2])
    read = builder.load(builder.bitcast(builder.gep(source.data, [arguments[3]]), some), align=4)
    builder.store(read, builder.bitcast(builder.gep(target.data, [arguments[1]]), some), align=4)
    return context.get_dummy_value()


@inlined
def copy_numbers(target, place, source, begin, count):
    """Copy the int32 source[begin : begin + count] to target[place:].

    They are copied SPARE at a time, so that the loop mostly ends as it did the last time, which the processor expects.
    Up to SPARE numbers behind them are read and written, too: both arrays have room for that.
    """
    for i in range(0, count, SPARE):
        copy_some(target, place + i, source, begin + i)


def not_unrolled():
    """Keep LLVM from unrolling the loop that calls this: two rounds at once need more registers than AVX2 has."""


@generates(not_unrolled, lambda: types.void())
def _(context, builder, _signature, _arguments):
    # An empty instruction, of which LLVM may not make copies that run under other conditions.
    nothing = ir.InlineAsm(ir.FunctionType(ir.VoidType(), []), "", "", side_effect=True)
    builder.call(nothing, [], attrs=("convergent",))
    return context.get_dummy_value()


def fma(a, b, c):
    """A times b plus c, rounded once where the processor can."""
    return a * b + c


@generates(fma, lambda a, b, c: a(a, b, c))
def _(_context, builder, _signature, arguments):
    vector = arguments[0].type
    return _call(builder, f"llvm.fmuladd.{_suffix(vector)}", vector, arguments)


def total(register):
    """The sum of a register's numbers."""
    return register.sum(dtype=register.dtype)


@generates(total, lambda register: register.dtype(register))
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
    places = builder.shl(builder.bitcast(arguments[0], _INTEGERS), ir.Constant(_INTEGERS, [23] * SIMD_WIDTH))
    return builder.bitcast(builder.add(places, ir.Constant(_INTEGERS, [127 << 23] * SIMD_WIDTH)), arguments[0].type)


def exponent(x):
    """The n of x = 2ⁿ f with 1 ≤ f < 2, for normal float32."""
    return np.floor(np.log2(x))


@generates(exponent, lambda x: x(x))
def _(_context, builder, _signature, arguments):
    bits = builder.lshr(builder.bitcast(arguments[0], _INTEGERS), ir.Constant(_INTEGERS, [23] * SIMD_WIDTH))
    return builder.sitofp(builder.sub(bits, ir.Constant(_INTEGERS, [127] * SIMD_WIDTH)), arguments[0].type)


def fraction(x):
    """The f of x = 2ⁿ f with 1 ≤ f < 2, for normal float32."""
    return x / np.exp2(np.floor(np.log2(x)))


@generates(fraction, lambda x: x(x))
def _(_context, builder, _signature, arguments):
    bits = builder.and_(builder.bitcast(arguments[0], _INTEGERS), ir.Constant(_INTEGERS, [0x7FFFFF] * SIMD_WIDTH))
    return builder.bitcast(builder.or_(bits, ir.Constant(_INTEGERS, [0x3F800000] * SIMD_WIDTH)), arguments[0].type)


def store_totals(matrix, row, column, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5):
    """Store the sums of x0 … x5, two zeros, the sums of y0 … y5, and two zeros from matrix[row, column] on."""
    for begin, group in ((column, (x0, x1, x2, x3, x4, x5)), (column + GROUP, (y0, y1, y2, y3, y4, y5))):
        matrix[row, begin : begin + GROUP] = [*(total(register) for register in group), 0, 0]


@generates(
    store_totals,
    lambda matrix, row, column, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5: types.void(
        matrix, types.intp, types.intp, *[x0] * (2 * TILE)
    ),
)
def _(context, builder, signature, arguments):
    sums = {i + (GROUP - TILE) * (i >= TILE): vector for i, vector in enumerate(arguments[3:])}
    for begin in range(0, 2 * GROUP, SIMD_WIDTH):
        # Fold two vectors into the halves of one, then two of those into its quarters …: 3 instructions a vector.
        half, vectors = SIMD_WIDTH // 2, {i - begin: sums[i] for i in sums if begin <= i < begin + SIMD_WIDTH}
        while half:
            places = range(min(half, TILE))
            vectors = {i: _folded(builder, vectors[i], vectors.get(i + half), half) for i in places}
            half //= 2
        column = builder.add(arguments[2], ir.Constant(arguments[2].type, begin))
        pointer = _row_pointer(context, builder, signature.args[0], *arguments[:2], column)
        pointer = builder.bitcast(pointer, vectors[0].type.as_pointer())
        builder.store(vectors[0], pointer, align=signature.args[0].dtype.bitwidth // 8)
    return context.get_dummy_value()


def _folded(builder, a, b, half):
    """In each run of 2 · half numbers, the sums of a's two halves, then those of b's."""
    runs = [range(begin, begin + half) for begin in range(0, SIMD_WIDTH, 2 * half)]
    b, other = (a, 0) if b is None else (b, SIMD_WIDTH)
    low = [i for run in runs for i in (*run, *(other + i for i in run))]
    lower = builder.shuffle_vector(a, b, ir.Constant(_INTEGERS, low))
    upper = builder.shuffle_vector(a, b, ir.Constant(_INTEGERS, [i + half for i in low]))
    return builder.fadd(lower, upper, flags=("contract",))


def to_groups(like, numbers, begin, count):
    """The int8 numbers[begin : begin + count] at the beginning of each group, then zeros, in the dtype of `like`.

    Whatever the count, GROUP numbers are read.
    """
    group = np.zeros(GROUP, like.dtype)
    group[:count] = numbers[begin : begin + count]
    return np.tile(group, SIMD_WIDTH // GROUP)


@generates(to_groups, lambda like, numbers, begin, count: Register(like.dtype)(like, numbers, types.intp, types.intp))
def _(context, builder, signature, arguments):
    numbers = context.make_array(signature.args[1])(context, builder, arguments[1])
    begin, count = arguments[2:]
    eight, lanes = ir.VectorType(ir.IntType(8), GROUP), [lane % GROUP for lane in range(SIMD_WIDTH)]
    pointer = builder.bitcast(builder.gep(numbers.data, [begin]), eight.as_pointer())
    read = builder.load(pointer, align=1)
    read = builder.shuffle_vector(read, ir.Constant(eight, ir.Undefined), ir.Constant(_INTEGERS, lanes))
    vector = _llvm_vector(signature.return_type.dtype)
    values = builder.sitofp(builder.sext(read, _INTEGERS), vector)
    counts = _broadcast(builder, _INTEGERS, builder.trunc(count, ir.IntType(32)))
    counted = builder.icmp_signed("<", ir.Constant(_INTEGERS, lanes), counts)
    return builder.select(counted, values, ir.Constant(vector, [0.0] * SIMD_WIDTH))


def first_group(register):
    """The numbers of a register's first input vector; 0 for its second one."""
    return np.where(np.arange(SIMD_WIDTH) < GROUP, register, 0).astype(register.dtype)


@generates(first_group, lambda register: register(register))
def _(_context, builder, _signature, arguments):
    zero = ir.Constant(arguments[0].type, [0.0] * SIMD_WIDTH)
    mask = ir.Constant(_INTEGERS, [i if i < GROUP else SIMD_WIDTH + i for i in range(SIMD_WIDTH)])
    return builder.shuffle_vector(arguments[0], zero, mask)


def choose_less(a, b, yes, no):
    """`yes` where a < b, else (also where a is NaN) `no`."""
    return np.where(a < b, yes, no)


@generates(choose_less, lambda a, b, yes, no: a(a, b, yes, no))
def _(_context, builder, _signature, arguments):
    return builder.select(builder.fcmp_ordered("<", arguments[0], arguments[1]), arguments[2], arguments[3])


def at_least(register, bound):
    """`bound` where the number is less, else the number: NaN stays NaN."""
    return np.where(register < bound, bound, register)


@generates(at_least, lambda register, bound: register(register, bound))
def _(_context, builder, _signature, arguments):
    register, bound = arguments
    return builder.select(builder.fcmp_ordered("<", register, bound), bound, register)


def _binary(function, instruction):
    """Give an operator its meaning for two registers."""

    @generates(function, lambda a, b: a(a, b) if isinstance(a, Register) and a == b else None, Register, Register)
    def _(_context, builder, _signature, arguments):
        return getattr(builder, instruction)(*arguments, flags=("contract",))


def _unary(function, instruction):
    """Give a NumPy function its meaning for a register."""

    @generates(function, lambda a: a(a) if isinstance(a, Register) else None, Register)
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
