"""benchmarks/ablation.py cuts parts out of the kernel's source: they have to be there."""

import sys
from pathlib import Path

import pytest

from wordkin.model import kernels

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from ablation import CUTS

SOURCE = Path(kernels.__file__).read_text("utf-8")


@pytest.mark.parametrize("name", CUTS)
def test_what_is_cut_is_in_the_kernel_once(name):
    for old, _new in CUTS[name]:
        assert SOURCE.count(old) == 1
