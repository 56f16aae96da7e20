"""benchmarks/ablation.py cuts parts out of the kernel's source: they have to be there."""

import sys
from pathlib import Path

import pytest

from wordkin.model import kernel

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from ablation import CUTS, file_with

FOLDER = Path(kernel.__file__).parent


@pytest.mark.parametrize("name", CUTS)
def test_what_is_cut_is_in_the_kernel_once(name):
    for old, _new in CUTS[name]:
        assert file_with(FOLDER, old).parent == FOLDER


def test_a_kernel_without_the_piece_is_refused():
    with pytest.raises(SystemExit, match="the kernel has changed"):
        file_with(FOLDER, "no such line")
