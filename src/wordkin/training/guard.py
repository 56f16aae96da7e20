"""What tells a run that diverged from one that goes well: rules, chosen by benchmarks/divergence.py."""

import math

import numpy as np

from wordkin.blocks import row_blocks
from wordkin.model.kernel import Weights

EXPLODED = 20.0
"""Mean loss of a chunk, as a multiple of that of guessing: above it, the run has diverged."""

GUESSING = math.log(2)
"""Mean J per pair where every score is 0, as at the start."""

LEAST_PAIRS = 100
"""A chunk with fewer pairs counts as if it had so many, since a few may well have a great loss."""


def fault_of_loss(loss: float, examples: int) -> str | None:
    """What is wrong with a chunk's sum of J over its examples, if anything."""
    if loss / max(examples, LEAST_PAIRS) <= EXPLODED * GUESSING:
        return None
    return f"the loss is {loss / max(examples, 1):.4g} a pair, where guessing gives {GUESSING:.2f}"


def fault_of_weights(weights: Weights) -> str | None:
    """What is wrong with V and W, if anything: reads every number once."""
    for name, matrix in (("input", weights.input), ("output", weights.output)):
        for rows in row_blocks(*matrix.shape):
            with np.errstate(all="ignore"):
                total = matrix[rows].sum()
            if not np.isfinite(total):
                return f"the {name} vectors hold numbers that are not finite"
    return None
