"""Word vectors from the company that words keep: word2vec, rebuilt.

>>> from wordkin import Word2Vec, WordVectors
"""

import importlib
from typing import TYPE_CHECKING, Any

from wordkin.errors import (
    CheckpointError,
    ClusterError,
    ConfigurationError,
    CorpusError,
    DivergenceError,
    FormatError,
    MissingPackageError,
    NonFiniteVectorError,
    OutputError,
    UnknownWordError,
    WordkinError,
)

if TYPE_CHECKING:
    from wordkin.config import TrainingConfig
    from wordkin.corpus.columns import Column
    from wordkin.corpus.encoded import CorpusReport, EncodedCorpus
    from wordkin.corpus.frozen_phrases import FrozenPhrases
    from wordkin.corpus.phrases import Phrases
    from wordkin.training.backend import Workers
    from wordkin.training.checkpoint import Checkpoint
    from wordkin.training.reports import EpochRecord
    from wordkin.training.word2vec import Word2Vec
    from wordkin.vectors.wordvectors import WordVectors

__version__ = "0.2.0"

__all__ = [
    "Checkpoint",
    "CheckpointError",
    "ClusterError",
    "Column",
    "ConfigurationError",
    "CorpusError",
    "CorpusReport",
    "DivergenceError",
    "EncodedCorpus",
    "EpochRecord",
    "FormatError",
    "FrozenPhrases",
    "MissingPackageError",
    "NonFiniteVectorError",
    "OutputError",
    "Phrases",
    "TrainingConfig",
    "UnknownWordError",
    "Word2Vec",
    "WordVectors",
    "WordkinError",
    "Workers",
    "__version__",
]

_MODULES = {
    "Checkpoint": "wordkin.training.checkpoint",
    "Column": "wordkin.corpus.columns",
    "CorpusReport": "wordkin.corpus.encoded",
    "EncodedCorpus": "wordkin.corpus.encoded",
    "EpochRecord": "wordkin.training.reports",
    "FrozenPhrases": "wordkin.corpus.frozen_phrases",
    "Phrases": "wordkin.corpus.phrases",
    "TrainingConfig": "wordkin.config",
    "Word2Vec": "wordkin.training.word2vec",
    "WordVectors": "wordkin.vectors.wordvectors",
    "Workers": "wordkin.training.backend",
}
"""The modules of the names that are imported when they are first used: the command line can catch Ctrl-C only after
`wordkin` itself is imported, so that has to be quick.
"""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
