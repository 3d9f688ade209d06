"""Columns of Arrow arrays as numbers: each in NumPy's own type, then several side by side as a matrix of one type."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow
from pyarrow import types

from mse_cli.core.blocks import Mask, Numbers

KINDS = "bool, integers of up to 64 bits, floating point and decimals are"
IS_NUMBER: tuple[Callable[[Any], bool], ...] = (
    types.is_boolean,
    types.is_integer,
    types.is_floating,
    types.is_decimal,
    types.is_null,
)
LARGEST_SIGNED = 2**63 - 1


class Column(NamedTuple):
    """Some rows of a column: its values, 0 or NaN where one is missing; and which are missing, ``None`` for none."""

    values: Numbers
    absent: Mask | None = None

    def rows(self, start: int, stop: int) -> Column:
        """Some of these rows."""
        absent = None if self.absent is None else self.absent[start:stop]
        return Column(self.values[start:stop], absent if absent is not None and absent.any() else None)

    @property
    def is_long(self) -> bool:
        """Whether it holds integers that float64 may not hold."""
        return self.values.dtype.kind in "iu" and self.values.dtype.itemsize == 8


class TooLongError(Exception):
    """An integer that would be rounded: where it is among the rows and columns at hand, and beside what it stands."""

    def __init__(self, value: int, row: int, column: int, others: str):
        super().__init__(value, row, column, others)
        self.value, self.row, self.column, self.others = value, row, column, others


def is_number(kind: Any) -> bool:
    """Whether a type's values are numbers; of a dictionary those that it refers to count."""
    kind = kind.value_type if types.is_dictionary(kind) else kind
    return any(test(kind) for test in IS_NUMBER)


def column_of(array: Any) -> Column:
    """The numbers of an Arrow array."""
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    absent = array.is_null().to_numpy(zero_copy_only=False) if array.null_count else None
    if types.is_decimal(array.type) or types.is_null(array.type):  # a decimal is rounded once, from all of its digits
        return Column(np.array([np.nan if cell is None else float(cell) for cell in array.to_pylist()]), absent)
    filled = array if absent is None else array.fill_null(pyarrow.scalar(0).cast(array.type))
    return Column(filled.to_numpy(zero_copy_only=False), absent)


def common_type(columns: list[Column]) -> np.dtype[Any]:
    """The type of a matrix of these columns: of 64-bit integers if there are any and no floats, else float64."""
    if not any(column.is_long for column in columns) or any(column.values.dtype.kind == "f" for column in columns):
        return np.dtype(np.float64)
    return np.dtype(np.int64 if any(column.values.dtype.kind == "i" for column in columns) else np.uint64)


def matrix_of(columns: list[Column], dtype: np.dtype[Any]) -> Numbers:
    """The columns side by side, NaN where a value is missing; one column alone is not copied."""
    if len(columns) == 1 and columns[0].absent is None and columns[0].values.dtype == dtype:
        return columns[0].values.reshape(-1, 1)
    numbers = np.empty((len(columns[0].values), len(columns)), dtype)
    with np.errstate(invalid="ignore"):  # a signalling NaN of float32 is a NaN
        for position, (values, absent) in enumerate(columns):
            numbers[:, position] = values
            if absent is not None:
                numbers[absent, position] = np.nan
    return numbers


def would_round(values: Numbers) -> Mask:
    """Which integers float64 cannot hold."""
    if not Column(values).is_long:
        return np.zeros(values.shape, dtype=bool)
    numbers = values.astype(np.float64)
    with np.errstate(invalid="ignore"):  # 2^63 and 2^64, to which the largest are rounded, are no such integers
        back = numbers.astype(values.dtype)
    limit = 2.0**63 if values.dtype == np.int64 else 2.0**64
    rounded: Mask = np.logical_or(numbers >= limit, back != values)
    return rounded


def exact_runs(columns: list[Column], numbers: Numbers | None = None) -> Iterator[Numbers]:
    """The rows as matrices that hold every value exactly: of integers where there are no floats, else of float64.

    Args:
        columns: The columns, some rows of them.
        numbers: They as float64, if they have been made already.

    Raises:
        TooLongError: for an integer that stands beside floats or missing cells, and that float64 cannot hold.
    """
    dtype = common_type(columns)
    if dtype.kind != "f" and not any(column.absent is not None for column in columns):
        _check_signs(columns, dtype)
        yield matrix_of(columns, dtype)
        return
    numbers = matrix_of(columns, np.dtype(np.float64)) if numbers is None else numbers
    if not any(column.is_long for column in columns):
        yield numbers
        return
    rounded = np.stack([would_round(column.values) for column in columns], axis=1)
    floating: Mask = np.logical_or(np.isnan(numbers).any(axis=1), dtype.kind == "f")  # rows that cannot be integers
    refused = np.argwhere(rounded & floating[:, np.newaxis])
    if len(refused):
        row, column = refused[0].tolist()
        raise TooLongError(columns[column].values[row], row, column, "floats or missing cells")
    if not rounded.any():
        yield numbers
        return
    bounds = [0, *(np.flatnonzero(np.diff(floating)) + 1).tolist(), len(floating)]
    for start, stop in itertools.pairwise(bounds):
        run = [column.rows(start, stop) for column in columns]
        yield from [numbers[start:stop]] if floating[start] else exact_runs(run)


def _check_signs(columns: list[Column], dtype: np.dtype[Any]) -> None:
    """Refuse what a signed integer cannot hold."""
    for position, (values, _) in enumerate(columns):
        if dtype == np.int64 and values.dtype == np.uint64 and (values > LARGEST_SIGNED).any():
            row = int(np.argmax(values > LARGEST_SIGNED))
            raise TooLongError(values[row], row, position, "signed integers")
