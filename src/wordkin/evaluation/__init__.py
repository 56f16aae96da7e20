"""Evaluation of vectors on six kinds of sets, and tests that compare models.

>>> from wordkin.evaluation import evaluate_similarity
"""

from wordkin.evaluation.analogies import AnalogyScore, evaluate_analogies, read_analogies
from wordkin.evaluation.categorisation import CategorisationScore, evaluate_categorisation
from wordkin.evaluation.labels import LabelScore, evaluate_labels, read_labelled
from wordkin.evaluation.outliers import OutlierScore, evaluate_outliers
from wordkin.evaluation.report import Difference, compare
from wordkin.evaluation.sessions import SessionScore, evaluate_sessions, read_sessions
from wordkin.evaluation.similarity import SimilarityScore, evaluate_similarity, read_pairs

__all__ = [
    "AnalogyScore",
    "CategorisationScore",
    "Difference",
    "LabelScore",
    "OutlierScore",
    "SessionScore",
    "SimilarityScore",
    "compare",
    "evaluate_analogies",
    "evaluate_categorisation",
    "evaluate_labels",
    "evaluate_outliers",
    "evaluate_sessions",
    "evaluate_similarity",
    "read_analogies",
    "read_labelled",
    "read_pairs",
    "read_sessions",
]
