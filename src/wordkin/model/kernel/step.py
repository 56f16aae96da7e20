"""The step: the gradient of a window's m input vectors and n output vectors, as three small matrix products.

    scores    X = V_in · W_outᵀ                     (m, n)
    errors    E = η (T − σ(X))                      (m, n)
    changes   ΔV_in = E · W_out,  ΔW_out = Eᵀ · V_in      both from the old values

Scores and errors lie in tiles of TILE output vectors: the pair of input i and output j has the place
``[j // TILE, GROUP · i + j % TILE]``.
"""

import numpy as np

from wordkin.compilation import inlined
from wordkin.model.kernel.ring import prefetch_words
from wordkin.model.kernel.simd import (
    GROUP,
    SIMD_WIDTH,
    TILE,
    at_least,
    broadcast,
    choose_less,
    exp_negative,
    fill,
    first_group,
    fma,
    item,
    load,
    log_of_product,
    not_unrolled,
    prefetch_row,
    prefetch_to_second_level,
    store,
    store_totals,
    total,
)
from wordkin.model.kernel.workspace import (
    ENTERING,
    NEWEST,
    OUTPUTS,
    PAIRS,
    REPEATED,
    Rows,
    learns,
    step_at,
)

CACHED_ROWS = 300
"""The first rows of W, those of the most frequent words or of the nodes near the root, which are not asked for: a step
rarely finds them outside the second-level cache."""

MOST_FACTORS = 64
"""Numbers from 1 to 2 whose product certainly is a float32."""


@inlined
def score_step(setup, weights, lane, slot, forward):
    """Put the errors E of a step into its place in the lane, count its pairs, and return the sum of J over them."""
    step = step_at(lane, slot)
    inputs, outputs = forward(setup, weights, lane, step), output_rows(weights, step)
    rate = lane.rates[slot]
    scores(inputs, outputs, step.errors, lane.changes.shape[1])
    loss = errors(step.errors, step.signs, inputs.length, outputs.length, rate)
    bound = max(rate, setup.window.most_repeated)
    merge_repeated_inputs(inputs, outputs, step.errors, bound)
    if step.sizes[REPEATED]:
        merge_repeated_outputs(inputs, outputs, step.errors, bound)
    lane.totals[PAIRS] += inputs.length * outputs.length
    return loss


@inlined
def output_rows(weights, step):
    """The rows of W that a step meets."""
    return Rows(weights.output, step.outputs, np.int64(step.sizes[OUTPUTS]))


@inlined
def tile_rows(outputs, begin):
    """The rows of the tile that begins with the given output; missing ones repeat the last."""
    numbers, last = outputs.numbers, outputs.length - 1
    return (
        item(numbers, begin),
        item(numbers, min(begin + 1, last)),
        item(numbers, min(begin + 2, last)),
        item(numbers, min(begin + 3, last)),
        item(numbers, min(begin + 4, last)),
        item(numbers, min(begin + 5, last)),
    )


@inlined
def scores(inputs, outputs, X, width):
    """X = V_in · W_outᵀ, for a tile of outputs and, where there are several, two inputs at once."""
    V, rows, m = inputs
    W, _, n = outputs
    two = m > 1
    for begin in range(0, n, TILE):
        w0, w1, w2, w3, w4, w5 = tile_rows(outputs, begin)
        wide = n - begin > TILE // 2
        for i in range(0, m, 2):
            v0, v1 = item(rows, i), item(rows, min(i + 1, m - 1))
            x0 = fill(V, 0.0)
            x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5 = x0, x0, x0, x0, x0, x0, x0, x0, x0, x0, x0
            for k in range(0, width, SIMD_WIDTH):
                a, b = load(V, v0, k), load(V, v1, k)
                w = load(W, w0, k)
                x0, y0 = fma(a, w, x0), fma(b, w, y0) if two else y0
                w = load(W, w1, k)
                x1, y1 = fma(a, w, x1), fma(b, w, y1) if two else y1
                w = load(W, w2, k)
                x2, y2 = fma(a, w, x2), fma(b, w, y2) if two else y2
                if wide:
                    w = load(W, w3, k)
                    x3, y3 = fma(a, w, x3), fma(b, w, y3) if two else y3
                    w = load(W, w4, k)
                    x4, y4 = fma(a, w, x4), fma(b, w, y4) if two else y4
                    w = load(W, w5, k)
                    x5, y5 = fma(a, w, x5), fma(b, w, y5) if two else y5
            store_totals(X, begin // TILE, GROUP * i, x0, x1, x2, x3, x4, x5, y0, y1, y2, y3, y4, y5)


@inlined
def errors(X, signs, m, n, rate):
    """Replace X by E = η (T − σ(X)), and return the sum of the loss J.

    With the sign s = 2t − 1 and z = s x, both labels are one case: J = −log σ(z) and t − y = s σ(−z). With
    e = exp(−|z|), J = log(1 + e) + max(−z, 0), and a sum of logarithms is the logarithm of a product.

    Args:
        X: (tiles, ≥ GROUP · (m + 1)) scores in, errors out.
        signs: (≥ tiles, SIMD_WIDTH) s of each output, for each input of a register; 0 where there is none.
        m: number of input vectors.
        n: number of output vectors.
        rate: η.
    """
    one, zero, eta = fill(X, 1.0), fill(X, 0.0), fill(X, rate)
    losses, product = zero, one
    factors = 0
    for tile in range((n + TILE - 1) // TILE):
        sign = load(signs, tile, 0)
        for place in range(0, GROUP * m, SIMD_WIDTH):
            if place + GROUP == GROUP * m:
                sign = first_group(sign)
            z = load(X, tile, place) * sign
            e = exp_negative(zero - np.abs(z))
            inverse = one / (one + e)
            complement = choose_less(z, zero, inverse, e * inverse)  # σ(−z)
            store(X, tile, place, eta * complement * sign)
            weight = sign * sign  # 0 where there is no pair
            losses = losses + at_least(zero - z, zero) * weight
            product = product * fma(e, weight, one)
            factors += 1
            if factors == MOST_FACTORS:
                losses = losses + log_of_product(product)
                product = one
                factors = 0
    return np.float64(total(losses + log_of_product(product)))


@inlined
def within(error, bound):
    """The error, cut at ± bound; NaN stays NaN."""
    return bound if error > bound else -bound if error < -bound else error


@inlined
def any_repeated(rows):
    """Whether one of the rows stands twice; without a branch for each pair of rows."""
    repeated = False
    for i in range(1, rows.length):
        for first in range(i):
            repeated |= item(rows.numbers, first) == item(rows.numbers, i)
    return repeated


@inlined
def merge_repeated_inputs(inputs, outputs, E, bound):
    """Let the first of several equal input rows have all their errors, so that each row changes once."""
    if not any_repeated(inputs):
        return
    rows, tiles = inputs.numbers, (outputs.length + TILE - 1) // TILE
    for i in range(1, inputs.length):
        for first in range(i):
            if rows[first] == rows[i]:
                for tile in range(tiles):
                    for j in range(TILE):
                        both = E[tile, GROUP * first + j] + E[tile, GROUP * i + j]
                        E[tile, GROUP * first + j] = within(both, bound)
                        E[tile, GROUP * i + j] = 0
                break


@inlined
def merge_repeated_outputs(inputs, outputs, E, bound):
    """Let the first of several equal output rows have all their errors, so that each row changes once."""
    if not any_repeated(outputs):
        return
    rows = outputs.numbers
    for j in range(1, outputs.length):
        for first in range(j):
            if rows[first] == rows[j]:
                for i in range(inputs.length):
                    place, other = GROUP * i + j % TILE, GROUP * i + first % TILE
                    both = E[first // TILE, other] + E[j // TILE, place]
                    E[first // TILE, other] = within(both, bound)
                    E[j // TILE, place] = 0
                break


@inlined
def pair_change(e, v, w, new_v, new_w):
    """Add e w to the new v, and e v to the new w."""
    return fma(e, w, new_v), fma(e, v, new_w)


@inlined
def changes(inputs, outputs, E, columns, room, in_place, frozen):
    """W_out += Eᵀ · V_in, and V_in += E · W_out or, where not `in_place`, room = E · W_out: from the old values.

    Tile after tile changes V and W. The four calls differ in two constants: each has a loop without branches.

    Args:
        inputs: rows of V.
        outputs: rows of W.
        E: the errors.
        columns: the first column that changes, and the one behind the last.
        room: (≥ m, width) E · W_out; where V changes, its old rows, which the first tile keeps for the later ones.
        in_place: whether V changes; a constant.
        frozen: see Setup; only read where V changes.
    """
    for begin in range(0, outputs.length, TILE):
        wide = outputs.length - begin > TILE // 2
        if begin == 0 and wide:
            change_tile(inputs, outputs, E, begin, columns, room, in_place, frozen, True, True)
        elif begin == 0:
            change_tile(inputs, outputs, E, begin, columns, room, in_place, frozen, True, False)
        elif wide:
            change_tile(inputs, outputs, E, begin, columns, room, in_place, frozen, False, True)
        else:
            change_tile(inputs, outputs, E, begin, columns, room, in_place, frozen, False, False)


@inlined
def change_tile(inputs, outputs, E, begin, columns, room, in_place, frozen, first, wide):
    """What `changes` does for the tile that begins with the given output.

    Its output rows stay in registers, old and new, while the inputs pass by: 12 of AVX2's 16, beside e, v and x. Where
    a row stands twice, all its errors belong to its first place (a tile's missing rows repeat the last one, without
    errors), and rows are stored from last to first, so that what the first place has is stored last.

    Constants are `in_place`, `first` (whether this is the step's first tile) and `wide` (whether it has more than
    TILE // 2 outputs).
    """
    V, rows, m = inputs
    W, tile = outputs.matrix, begin // TILE
    w0, w1, w2, w3, w4, w5 = tile_rows(outputs, begin)
    for k in range(columns[0], columns[1], SIMD_WIDTH):
        old0, old1, old2 = load(W, w0, k), load(W, w1, k), load(W, w2, k)
        old3, old4, old5 = old2, old2, old2
        if wide:
            old3, old4, old5 = load(W, w3, k), load(W, w4, k), load(W, w5, k)
        new0, new1, new2, new3, new4, new5 = old0, old1, old2, old3, old4, old5
        for i in range(m - 1, -1, -1):
            not_unrolled()
            row, place = np.int64(item(rows, i)), GROUP * i
            if in_place:
                x = load(V, row, k)
                v = x if first else load(room, i, k)
            else:
                v = load(V, row, k)
                x = fill(v, 0.0) if first else load(room, i, k)
            if in_place and first:
                store(room, i, k, v)
            x, new0 = pair_change(broadcast(E, tile, place), v, old0, x, new0)
            x, new1 = pair_change(broadcast(E, tile, place + 1), v, old1, x, new1)
            x, new2 = pair_change(broadcast(E, tile, place + 2), v, old2, x, new2)
            if wide:
                x, new3 = pair_change(broadcast(E, tile, place + 3), v, old3, x, new3)
                x, new4 = pair_change(broadcast(E, tile, place + 4), v, old4, x, new4)
                x, new5 = pair_change(broadcast(E, tile, place + 5), v, old5, x, new5)
            if not in_place:
                store(room, i, k, x)
            elif learns(frozen, row):
                store(V, row, k, x)
        if wide:
            store(W, w5, k, new5)
            store(W, w4, k, new4)
            store(W, w3, k, new3)
        store(W, w2, k, new2)
        store(W, w1, k, new1)
        store(W, w0, k, new0)


@inlined
def prefetch_step(ask, setup, weights, lane, slot):
    """Ask for the rows of a step: its output vectors, and the word that came within reach last.

    There are many output vectors, so they go to the second-level cache. That word's vector is used in many steps, and
    asked for with the given function.
    """
    step, columns = step_at(lane, slot), (0, lane.changes.shape[1])
    for j in range(step.sizes[OUTPUTS]):
        row = np.int64(item(step.outputs, j))
        if row >= CACHED_ROWS:
            prefetch_row(prefetch_to_second_level, weights.output, row, columns)
    prefetch_newest(setup.word_rows, ask, weights, step, columns)


@inlined
def prefetch_newest(word_rows, ask, weights, step, columns):
    """Ask for the row of the word that came within reach last; with subwords, for those of all that enter the ring."""
    if word_rows is None:
        prefetch_row(ask, weights.input, step.sizes[NEWEST], columns)
    else:
        prefetch_words(prefetch_to_second_level, word_rows, weights, step.ring.entering, step.sizes[ENTERING], columns)
