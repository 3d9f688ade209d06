"""The columns of a Parquet or Arrow file as numbers: each in its own type, then several as a matrix of one type."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mse_cli.core.blocks import Mask, Numbers

if TYPE_CHECKING:
    import polars

TYPES = {
    "Boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float16", "Float32",
    "Float64", "Decimal", "Null",
}  # fmt: skip
LONG = {np.dtype(np.int64), np.dtype(np.uint64)}


@dataclass(frozen=True)
class Column:
    """Some rows of a column: its values, and which of them are missing, ``None`` for none."""

    values: Numbers
    absent: Mask | None

    def rows(self, start: int, stop: int) -> Column:
        """Some of these rows."""
        absent = None if self.absent is None else self.absent[start:stop]
        return Column(self.values[start:stop], absent if absent is not None and absent.any() else None)


def column_of(series: polars.Series) -> Column:
    """The values of a column in NumPy's own type, with a 0 (or NaN) where one is missing."""
    import polars

    absent = series.is_null().to_numpy() if series.null_count() else None
    if series.dtype.base_type() in {polars.Decimal, polars.Null}:
        # Rounded once, which Polars' own cast does not promise.
        return Column(np.array([np.nan if cell is None else float(cell) for cell in series.to_list()]), absent)
    filler = False if series.dtype == polars.Boolean else 0
    return Column(series.fill_null(filler).to_numpy() if absent is not None else series.to_numpy(), absent)


def common_type(columns: list[Column]) -> np.dtype[np.generic]:
    """The type of a matrix of these columns: of 64-bit integers if there are any and no floats, else float64."""
    if not any_long(columns) or any(column.values.dtype.kind == "f" for column in columns):
        return np.dtype(np.float64)
    return np.dtype(np.int64 if any(column.values.dtype.kind == "i" for column in columns) else np.uint64)


def any_long(columns: list[Column]) -> bool:
    """Whether some hold integers that float64 may not hold."""
    return any(column.values.dtype in LONG for column in columns)


def matrix_of(columns: list[Column], dtype: np.dtype[np.generic]) -> Numbers:
    """The columns side by side, NaN where a value is missing."""
    numbers = np.empty((len(columns[0].values), len(columns)), dtype)
    for position, column in enumerate(columns):
        numbers[:, position] = column.values
        if column.absent is not None:
            numbers[column.absent, position] = np.nan
    return numbers


def is_rounded(column: Column) -> Mask:
    """Which integers float64 cannot hold."""
    values = column.values
    if values.dtype not in LONG:
        return np.zeros(values.shape, dtype=bool)
    numbers = values.astype(np.float64)
    with np.errstate(invalid="ignore"):  # 2^63 and 2^64, to which the largest are rounded, are no such integers
        back = numbers.astype(values.dtype)
    limit = 2.0**63 if values.dtype == np.int64 else 2.0**64
    rounded: Mask = np.logical_or(numbers >= limit, back != values)
    return rounded


def runs_of(mask: Mask) -> Iterator[tuple[int, int]]:
    """The bounds of the rows that follow one another with the same value."""
    bounds = [0, *(np.flatnonzero(np.diff(mask)) + 1).tolist(), len(mask)]
    yield from itertools.pairwise(bounds)
