"""fastText's Python module over this engine; docs/from-fasttext.md has the differences."""

import sys
from types import ModuleType

from wordkin.compat.fasttext import FastText
from wordkin.compat.fasttext.FastText import (
    BOW,
    EOS,
    EOW,
    cbow,
    load_model,
    skipgram,
    supervised,
    tokenize,
    train_supervised,
    train_unsupervised,
)

__all__ = [
    "BOW",
    "EOS",
    "EOW",
    "FastText",
    "cbow",
    "load_model",
    "skipgram",
    "supervised",
    "tokenize",
    "train_supervised",
    "train_unsupervised",
]

VERSION = "0.9.3"
"""The version of fastText whose names these are."""


def modules() -> dict[str, ModuleType]:
    """The modules that stand for fastText's, by dotted name."""
    return {"fasttext": sys.modules[__name__], "fasttext.FastText": FastText}
