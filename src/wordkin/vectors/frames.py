"""Vectors as tables of pandas, polars and Arrow."""

from typing import TYPE_CHECKING, Any

import numpy as np

from wordkin.errors import MissingPackageError
from wordkin.vectors.formats.tables import pyarrow

if TYPE_CHECKING:
    from wordkin.vectors.wordvectors import WordVectors


def to_pandas(vectors: "WordVectors") -> Any:
    """A frame of pandas with a row for each word, its index, and a column for each dimension, from 0.

    Raises:
        MissingPackageError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingPackageError("to_pandas needs pandas: pip install pandas") from None
    index = pd.Index(list(vectors.index_to_key), name="word", dtype=object)
    return pd.DataFrame(vectors.values(slice(None)), index=index)


def to_polars(vectors: "WordVectors") -> Any:
    """A frame of polars with the columns word, vector (an array of float32) and count.

    Raises:
        MissingPackageError: polars is not installed.
    """
    try:
        import polars as pl
    except ImportError:
        raise MissingPackageError("to_polars needs polars: pip install polars") from None
    return pl.DataFrame(
        {
            "word": pl.Series(list(vectors.index_to_key), dtype=pl.String),
            "vector": pl.Series(vectors.values(slice(None)), dtype=pl.Array(pl.Float32, vectors.vector_size)),
            "count": np.asarray(vectors.vocabulary.counts),
        }
    )


def to_arrow(vectors: "WordVectors") -> Any:
    """A table of pyarrow with the columns word, vector (lists of a fixed size) and count, as files in Arrow have them.

    Raises:
        MissingPackageError: pyarrow is not installed.
    """
    pa = pyarrow()
    numbers = pa.array(np.ascontiguousarray(vectors.values(slice(None))).reshape(-1))
    return pa.table(
        {
            "word": pa.array(list(vectors.index_to_key), pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(numbers, vectors.vector_size),
            "count": pa.array(np.asarray(vectors.vocabulary.counts)),
        }
    )
