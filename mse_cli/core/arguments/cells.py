"""Anything like an array as numbers that the engine calculates with: exact, or rounded once, or an error.

NumPy's own conversion rounds in silence what float64 cannot hold: the list [2**53 + 1, 0.5].
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from numbers import Integral, Rational, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mse_cli.core.blocks import LARGEST_EXACT_INTEGER, Mask, Numbers, as_numbers
from mse_cli.errors import ParseError, Place, ShapeError, quote

MISSING = {"NoneType", "NAType"}  # what the types of None and pandas.NA are called
WIDE = ((np.int64, -(2**63), 2**63 - 1), (np.uint64, 0, 2**64 - 1))
BOX_HINT = "hand over integers alone, or make floats of them yourself"


def exact_array(values: Any) -> NDArray[Any]:
    """An array-like as an array of real numbers, in its own shape; missing cells (None, pandas.NA) are NaN.

    Raises:
        ParseError: for what is no real number, and for an integer that would be rounded.
        ShapeError: for rows of different lengths.

    >>> exact_array([[2**53 + 1, 1]]).tolist(), exact_array([Decimal("0.1"), None, 2]).tolist()
    ([[9007199254740993, 1]], [0.1, nan, 2.0])
    """
    if _holds_masks(values):
        raise ParseError("masked cells in a list or a frame are not read", hint="numpy.ma.stack makes one array of all")
    values = column_cells(values)
    try:
        array = np.asarray(values)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ShapeError("the rows have different lengths") from None
    if array.dtype == object:
        return _of_objects(array)
    if array.dtype.kind == "f" and array.dtype.itemsize > np.dtype(np.float64).itemsize:
        hint = ".astype(numpy.float64) rounds it"
        raise ParseError(f"{array.dtype} would be rounded: the loss is computed in float64", hint=hint)
    if array.dtype.kind == "f" and not hasattr(values, "dtype") and _may_be_rounded(array):
        # Python's own numbers in lists, which NumPy has made floats of.
        return _of_objects(np.asarray(values, dtype=object))
    return array


def _holds_masks(values: Any) -> bool:
    """Whether NumPy would drop a mask in silence."""
    return np.ma.isMaskedArray(values) or (isinstance(values, list | tuple) and any(map(_holds_masks, values)))


def column_cells(values: Any) -> Any:
    """The cells of a column of pandas, Polars or PyArrow: as objects where its own way to an array would round them."""
    nulls = getattr(values, "null_count", 0)
    is_decimal = str(getattr(values, "dtype", getattr(values, "type", ""))).lower().startswith("decimal")
    if is_decimal or (nulls() if callable(nulls) else nulls):
        to_list = getattr(values, "to_pylist", None) or getattr(values, "to_list", None)
        return values if to_list is None else _objects(to_list())
    if hasattr(values, "isna") and not isinstance(getattr(values, "dtype", None), np.dtype):
        absent = np.asarray(values.isna())
        return np.asarray(values, dtype=object) if absent.any() else values.to_numpy()
    return values


def _objects(cells: list[Any]) -> NDArray[Any]:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


def _may_be_rounded(array: NDArray[Any]) -> bool:
    with np.errstate(all="ignore"):
        return bool((np.abs(array) >= LARGEST_EXACT_INTEGER).any())


def _of_objects(array: NDArray[Any]) -> NDArray[Any]:
    """Numbers of any of Python's types: integers if all are, else float64."""
    cells = array.ravel().tolist()
    if cells and all(isinstance(cell, Integral | np.bool_) for cell in cells):
        for dtype, smallest, largest in WIDE:
            if all(smallest <= cell <= largest for cell in cells):
                return np.array([int(cell) for cell in cells], dtype=dtype).reshape(array.shape)
    numbers = np.empty(len(cells))
    for i, cell in enumerate(cells):
        try:
            numbers[i] = _number(cell)
        except ParseError as error:
            row, column = divmod(i, max(1, array.size // len(array) if array.ndim else 1))
            raise ParseError(error.message, Place(row=row + 1, column=column + 1), hint=error.hint) from None
    return numbers.reshape(array.shape)


def _number(cell: Any) -> float:
    """The float64 of one of Python's numbers, rounded once.

    Raises:
        ParseError: if it is none, or an integer that is not one.
    """
    if type(cell).__name__ in MISSING:
        return math.nan
    if not isinstance(cell, Real | Decimal | np.bool_):
        raise ParseError(f"{quote(str(cell))} ({type(cell).__name__}) is not a real number")
    try:
        value = math.nan if isinstance(cell, Decimal) and cell.is_nan() else float(cell)
    except (OverflowError, InvalidOperation):
        value = math.inf
    if math.isinf(value) and not _is_infinite(cell):
        raise ParseError(f"{quote(str(cell))} is too large for float64")
    if isinstance(cell, Integral) and value != int(cell):  # NumPy's own would be rounded to compare
        raise ParseError(f"the integer {cell} would be rounded: float64 does not hold it", hint=BOX_HINT)
    return value


def is_missing(cell: Any) -> bool:
    """Whether a cell that need not be a number is missing: None, pandas.NA, NaT, NaN."""
    return type(cell).__name__ in {*MISSING, "NaTType"} or (isinstance(cell, float) and math.isnan(cell))


def _is_infinite(cell: Any) -> bool:
    return not isinstance(cell, Rational) and (cell.is_infinite() if isinstance(cell, Decimal) else math.isinf(cell))


def side_by_side(columns: list[NDArray[Any]], names: tuple[str, ...]) -> Numbers:
    """Columns of one length as a matrix: of 64-bit integers if there are any and no floats, else of float64.

    Raises:
        ParseError: for an integer that would be rounded beside the others, with its column's name.
    """
    if any(column.dtype.kind not in "iub" for column in columns):
        dtype: Any = np.float64
    elif any(column.dtype.itemsize == 8 for column in columns):
        signed = any(column.dtype.kind == "i" for column in columns)
        dtype = np.int64 if signed else np.uint64
    else:
        dtype = np.float64
    matrix = np.empty((len(columns[0]), len(columns)), dtype)
    for j, (name, column) in enumerate(zip(names, columns, strict=True)):
        with np.errstate(all="ignore"):
            matrix[:, j] = as_numbers(column) if dtype == np.float64 else column
        lost = _changed(column, matrix[:, j])
        if lost.any():
            row = int(lost.argmax())
            message = f"the integer {column[row]} would be rounded, since it stands beside other columns"
            raise ParseError(message, Place(row=row + 1, column=j + 1, name=name), hint=BOX_HINT)
    return matrix


def _changed(before: NDArray[Any], after: NDArray[Any]) -> Mask:
    """Which integers are others than they were."""
    if before.dtype.kind not in "iu" or before.dtype.itemsize < 8 or before.dtype == after.dtype:
        return np.zeros(len(before), dtype=bool)
    with np.errstate(all="ignore"):  # 2^63 and 2^64, to which the largest are rounded, are no such integers
        back = after.astype(before.dtype)
    limit = 2.0**63 if before.dtype.kind == "i" else 2.0**64
    changed: Mask = (back != before) | (after >= limit if after.dtype.kind == "f" else after < 0)
    return changed
