"""DataFrames and whatever else has named columns, by what they can do: none of their libraries is imported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mse_cli.core.arguments.cells import exact_array, side_by_side, texts_of
from mse_cli.core.blocks import Numbers, as_numbers
from mse_cli.core.matching import Names, is_identifier, match_names
from mse_cli.errors import MseError, ParseError, Place, ShapeError, UsageError, counted, quote

SELECT = "choose the columns: frame[[…]] on both sides"
BY_POSITION = ".reset_index(drop=True) on both pairs by position"
IN_ORDER = f"target.loc[prediction.index] puts one in the other's order; {BY_POSITION}"


class Frame(NamedTuple):
    """Something with named columns.

    Attributes:
        names: What they are called.
        column: The one at a position.
        n_rows: How many rows it has.
    """

    names: Names
    column: Callable[[int], Any]
    n_rows: int

    def matrix(self, columns: Sequence[int]) -> Numbers:
        """Some of its columns side by side.

        Raises:
            ParseError: with the name of a column that does not hold numbers.
        """
        names = tuple(self.names[i] for i in columns)
        return side_by_side([self._numbers(i) for i in columns], names)

    def floats(self, columns: Sequence[int]) -> Numbers:
        """The same as float64, which may stand beside any other columns.

        Raises:
            ParseError: also for an integer that float64 does not hold.
        """
        as_float = np.zeros(self.n_rows)
        names = tuple(self.names[i] for i in columns)
        return side_by_side([*(self._numbers(i) for i in columns), as_float], (*names, ""))[:, :-1]

    def texts(self, position: int) -> list[str]:
        """The cells of a column as text.

        Raises:
            ParseError: for a missing one.
        """
        cells = texts_of(self.column(position))
        if "" in cells:
            place = Place(row=cells.index("") + 1, column=position + 1, name=self.names[position])
            raise ParseError("the key is missing", place)
        return cells

    def _numbers(self, position: int) -> Numbers:
        place = Place(column=position + 1, name=self.names[position])
        try:
            array = exact_array(self.column(position))
            as_numbers(array[:0])
        except MseError as error:
            raise type(error)(error.message, place._replace(row=error.place.row), hint=error.hint) from None
        if array.shape != (self.n_rows,):
            raise ShapeError(f"has shape {array.shape}, the frame {counted(self.n_rows, 'row')}", place)
        return array


def frame_of(values: Any) -> Frame | None:
    """The named columns of a DataFrame, a table, a mapping or a structured array; ``None`` of anything else."""
    if isinstance(values, np.ndarray):
        fields = values.dtype.names
        return None if fields is None else Frame(fields, lambda i: values[fields[i]], len(values))
    if isinstance(values, Mapping):
        columns = list(values.values())
        return Frame(tuple(map(str, values)), lambda i: columns[i], len(columns[0]) if columns else 0)
    if hasattr(values, "column_names") and hasattr(values, "column"):  # PyArrow
        return Frame(tuple(values.column_names), values.column, values.num_rows)
    kind = type(values)
    for later in ("collect", "compute"):  # of Polars' LazyFrame, of Dask
        if hasattr(kind, "columns") and hasattr(kind, later):
            raise UsageError(f"a {kind.__name__} holds no rows yet", hint=f".{later}() reads them")
    labels = getattr(values, "columns", None)
    if labels is None or callable(labels) or not hasattr(kind, "__getitem__"):
        return None
    labels = list(labels)
    names = tuple(map(str, labels))
    if hasattr(values, "iloc"):  # pandas, where two columns may have one name
        return Frame(names, lambda i: values.iloc[:, i], len(values))
    return Frame(names, lambda i: values[labels[i]], len(values))


def matched(prediction: Frame, target: Frame) -> tuple[Numbers, Numbers, str | None]:
    """The columns of two frames one beside the other, by name as files are, and a note if by position.

    Raises:
        ParseError: where position and names would give different numbers, and for an identifier among the columns.
    """
    try:
        order, note = match_names(prediction.names, target.names)
    except ParseError as error:
        raise ParseError(error.message, hint=SELECT) from None
    a = tuple(range(len(prediction.names)))
    y = tuple(range(len(target.names))) if order is None else order
    names = {name.strip().casefold() for name in prediction.names}
    for name in (target.names[i] for i in y):
        if is_identifier(name) and name.strip().casefold() in names:
            raise ParseError(
                f"column {quote(name)} identifies rows: it is not taken for numbers to compare", hint=SELECT
            )
    return prediction.matrix(a), target.matrix(y), note if order is None else None


def in_order_of(prediction: Frame | None, weights: Frame) -> Numbers:
    """Weights with named columns, in the order of the prediction's if they are the same."""
    order = None
    if prediction is not None and len(prediction.names) == len(weights.names):
        order = match_names(prediction.names, weights.names).order
    return weights.matrix(order or tuple(range(len(weights.names))))


def check_indexes(*sides: Any) -> None:
    """Refuse pandas' indexes whose labels, all or some of them, are the same for other rows.

    One that only counts from 0 or 1 says nothing, unless the other holds the same labels in another order.

    Raises:
        ParseError: if two do.
    """
    indexes: list[Any] = [getattr(side, "index", None) for side in sides]
    indexes = [index for index in indexes if hasattr(index, "equals")]
    for index in indexes[1:]:
        first = indexes[0]
        if len(first) != len(index) or first.equals(index):
            continue
        one, other = first.tolist(), index.tolist()
        if one == other:
            continue
        if Counter(one) == Counter(other):
            raise ParseError("the two indexes hold the same labels in another order", hint=IN_ORDER)
        if not _only_counts(one) and not _only_counts(other) and not Counter(one).keys().isdisjoint(other):
            raise ParseError("the indexes share some labels, which are not those of the same rows", hint=BY_POSITION)


def _only_counts(labels: list[Any]) -> bool:
    return labels in (list(range(len(labels))), list(range(1, len(labels) + 1)))
