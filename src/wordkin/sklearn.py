"""Documents as vectors, as a transformer of scikit-learn (the extra ``sklearn``)."""

from pathlib import Path
from typing import Any, Self, Unpack

import numpy as np
import numpy.typing as npt

from wordkin.config import Parameters, TrainingConfig, parameters, takes_parameters
from wordkin.corpus.sources import first_item
from wordkin.errors import ConfigurationError, CorpusError, MissingPackageError, pip_install
from wordkin.training.word2vec import Word2Vec
from wordkin.vectors.documents import DocumentEncoder, Weighting
from wordkin.vectors.wordvectors import WordVectors

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils.validation import check_is_fitted
except ImportError:
    raise MissingPackageError(f"wordkin.sklearn needs scikit-learn: {pip_install('sklearn')}") from None


@takes_parameters
class WordVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turns documents into dense vectors, (documents, vector_size) float32: means of the vectors of their words.

    :meth:`fit` trains the words' vectors on the documents, or takes pretrained ones. Documents are strings or lists of
    tokens. Use ``threads=1`` or ``deterministic=True`` for the same result each time.

    Args:
        vectors: pretrained vectors, or the file of them; None to train. With them the parameters of training are not
            used, and text is read as in their training run where `tokenizer` and `lower` do not say otherwise.
        weighting: ``"mean"``, ``"idf"`` or ``"sif"``, as for :class:`wordkin.vectors.documents.DocumentEncoder`.
        smoothing: as there.
        common_components: as there.
        pre_normalize: as there.
        post_normalize: as there.
        parameters: the hyper-parameters of training, as for :class:`wordkin.Word2Vec`. Without a tokenizer the one for
            strings is ``"words"``.

    Attributes:
        vectors_: the words' vectors.
        encoder_: the :class:`wordkin.vectors.documents.DocumentEncoder`, whose ``report`` counts what was read last.

    Raises:
        ConfigurationError: there is no such parameter.
    """

    def __init__(
        self,
        *,
        vectors: WordVectors | str | Path | None = None,
        weighting: Weighting = "mean",
        smoothing: float = 1e-3,
        common_components: int = 0,
        pre_normalize: bool = False,
        post_normalize: bool = False,
        **parameters: Unpack[Parameters],
    ) -> None:
        self.vectors = vectors
        self.weighting = weighting
        self.smoothing = smoothing
        self.common_components = common_components
        self.pre_normalize = pre_normalize
        self.post_normalize = post_normalize
        defaults = TrainingConfig().as_dict()
        for name in parameters.keys() - defaults.keys():
            raise ConfigurationError(f"WordVectorizer has no parameter {name!r}")
        for name, value in {**defaults, **parameters}.items():  # fit checks them, as scikit-learn wants it
            setattr(self, name, value)

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002 (scikit-learn passes it)
        """Train on documents, or take the pretrained vectors; then learn what the weighting needs.

        Args:
            X: strings or lists of tokens, such as one column of a table.
            y: not used.

        Raises:
            ConfigurationError: a parameter is outside its range.
            CorpusError: the documents are something else, or too few.
        """
        X = _repeatable(X)
        self.vectors_ = self._train(X) if self.vectors is None else self._pretrained(self.vectors)
        self.encoder_ = DocumentEncoder(
            self.vectors_,
            weighting=self.weighting,
            smoothing=self.smoothing,
            common_components=self.common_components,
            pre_normalize=self.pre_normalize,
            post_normalize=self.post_normalize,
            tokenizer=self.tokenizer,
            token_pattern=self.token_pattern,
            lower=self.lower or None,
        ).fit(X)
        self._n_features_out = self.vectors_.vector_size
        return self

    def transform(self, X: Any) -> npt.NDArray[np.float32]:
        """The documents' vectors: (documents, vector_size) float32; 0 for a document without any known word.

        Args:
            X: as for :meth:`fit`.

        Raises:
            CorpusError: the documents are something else.
            NotFittedError: :meth:`fit` was not called.
        """
        check_is_fitted(self)
        _refuse_table(X)
        return self.encoder_.transform(X)

    def fit_transform(self, X: Any, y: Any = None) -> npt.NDArray[np.float32]:
        """:meth:`fit` and :meth:`transform` of the same documents."""
        X = _repeatable(X)
        return self.fit(X, y).transform(X)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn may expect: documents, not numbers; none is refused for what it holds."""
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        tags.non_deterministic = self.threads != 1 and not self.deterministic
        return tags

    def _train(self, X: Any) -> WordVectors:
        values = {name: getattr(self, name) for name in parameters()}
        if self.phrases:
            raise ConfigurationError(
                f"phrases is {self.phrases}, but transform does not join phrases, so none would be found: join the "
                "documents with wordkin.Phrases first, and leave phrases out"
            )
        if self.tokenizer is None and self.token_pattern is None and isinstance(first_item(X)[0], str):
            values["tokenizer"] = "words"
        return Word2Vec(**values).fit(X, progress=False).vectors

    def _pretrained(self, vectors: Any) -> WordVectors:
        if isinstance(vectors, WordVectors):
            return vectors
        if isinstance(vectors, str | Path):
            return WordVectors.load(vectors)
        raise ConfigurationError(
            f"vectors is a {type(vectors).__name__}; it must be WordVectors (a model has them as .vectors) or a path"
        )


def _repeatable(X: Any) -> Any:
    """The documents, which can be read twice."""
    _refuse_table(X)
    return X if hasattr(X, "__len__") else list(X)


def _refuse_table(X: Any) -> None:
    """Refuse a table with one column, each of whose texts would be taken as a list of one token."""
    if getattr(X, "ndim", 1) == 2 and X.shape[1] == 1 and not hasattr(X, "columns"):
        raise CorpusError(f"the documents are a table of shape {X.shape}: pass its column, such as X[:, 0]")
