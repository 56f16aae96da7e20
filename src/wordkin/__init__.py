"""Word vectors from the company that words keep: word2vec, rebuilt.

>>> from wordkin import Word2Vec, WordVectors
"""

from wordkin.config import TrainingConfig
from wordkin.corpus.columns import Column
from wordkin.corpus.encoded import CorpusReport, EncodedCorpus
from wordkin.corpus.frozen_phrases import FrozenPhrases
from wordkin.corpus.phrases import Phrases
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
from wordkin.training.backend import Workers
from wordkin.training.checkpoint import Checkpoint
from wordkin.training.reports import EpochRecord
from wordkin.training.word2vec import Word2Vec
from wordkin.vectors.wordvectors import WordVectors

__version__ = "0.1.0"

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
