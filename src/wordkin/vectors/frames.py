"""Answers as a data frame of pandas or polars, where one is installed."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from wordkin.errors import MissingPackageError

AsFrame = bool | Literal["pandas", "polars"]


def frame(columns: Mapping[str, Sequence[Any]], library: AsFrame) -> Any:
    """A frame with these columns.

    Args:
        columns: equally long columns by name.
        library: ``"pandas"``, ``"polars"``, or True for the first of them that is installed.

    Raises:
        MissingPackageError: it is not installed.
        ValueError: another library is named.
    """
    if library not in (True, "pandas", "polars"):
        raise ValueError(f"as_frame is {library!r}; give True, 'pandas' or 'polars'")
    if library != "polars":
        try:
            import pandas as pd
        except ImportError:
            if library == "pandas":
                raise MissingPackageError("as_frame='pandas' needs pandas: pip install pandas") from None
        else:
            return pd.DataFrame(columns)
    try:
        import polars as pl
    except ImportError:
        raise MissingPackageError(
            "as_frame='polars' needs polars: pip install polars"
            if library == "polars"
            else "as_frame=True needs pandas or polars: pip install pandas"
        ) from None
    return pl.DataFrame(columns)
