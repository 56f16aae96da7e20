"""Large matrices are worked through a few megabytes at a time, in blocks of rows."""

from collections.abc import Iterator

BLOCK_BYTES = 1 << 22
"""Of the float32 in a block, about."""


def rows_of_block(columns: int) -> int:
    """How many rows make a block."""
    return max(BLOCK_BYTES // (4 * columns), 1)


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """The blocks of a matrix, (rows, columns)."""
    step = rows_of_block(columns)
    for begin in range(0, rows, step):
        yield slice(begin, min(begin + step, rows))
