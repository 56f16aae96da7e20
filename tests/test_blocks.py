"""Blocks cover every row once."""

import pytest

from wordkin.storage.arrays import BLOCK_BYTES, row_blocks


@pytest.mark.parametrize(("rows", "columns"), [(0, 5), (1, 5), (100_000, 100), (3, BLOCK_BYTES), (7, 1)])
def test_every_row_is_in_one_block_of_a_few_megabytes(rows, columns):
    blocks = list(row_blocks(rows, columns))
    assert [row for block in blocks for row in range(rows)[block]] == list(range(rows))
    assert all(
        block.stop - block.start == 1 or 4 * columns * (block.stop - block.start) <= BLOCK_BYTES for block in blocks
    )
    assert all(block.stop <= rows for block in blocks)
