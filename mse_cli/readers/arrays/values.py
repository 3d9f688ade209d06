"""What is handed over in Python, as a file among the others: arrays, lists, DataFrames."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from mse_cli.core.arguments.array_likes import given
from mse_cli.core.arguments.cells import BOX_HINT, changed, texts_of
from mse_cli.core.arguments.frames import Frame, check_indexes, frame_of
from mse_cli.core.blocks import Mask, Numbers
from mse_cli.core.labels import Labels, labels_of_columns
from mse_cli.core.result import POLICIES, Missing, check_choice
from mse_cli.errors import ParseError, ShapeError, UsageError
from mse_cli.readers.arrays.held import HeldArray, HeldBytes, checking
from mse_cli.readers.columns import Names, Positions, check_distinct
from mse_cli.readers.matrix import File, Matrix, Rows, Selection, matrix_of
from mse_cli.readers.sources.files import reading


@dataclass(frozen=True, eq=False)
class Values:
    """Something like an array or a frame, and what messages call it."""

    label: str
    values: Any

    def matrix(self, missing: Missing) -> Matrix:
        """It as a matrix; masked cells are missing.

        Raises:
            MseError: for what is no real number.
        """
        with reading(self.label):
            frame = frame_of(self.values)
            file: File = HeldArray(self.label, *self._numbers()) if frame is None else HeldFrame(self.label, frame)
        return matrix_of(self.label, (file,), missing)

    def _numbers(self) -> tuple[Numbers, None, tuple[()], tuple[int, ...]]:
        numbers, shape, absent = given(self.values, None)
        if absent is not None:
            whole, numbers = numbers, np.where(absent, np.nan, numbers)
            if (changed(whole, np.where(absent, 0.0, numbers)) & ~absent).any():
                raise ParseError("an integer would be rounded, since cells beside it are masked", hint=BOX_HINT)
        return numbers, None, (), shape

    @property
    def mask(self) -> Mask | None:
        """Which cells are masked, if any are."""
        return given(self.values, None).absent if np.ma.isMaskedArray(self.values) else None


Named: TypeAlias = str | Values


class InMemory(NamedTuple):
    """The sides, each a name of files or values, what missing cells do, and what groups the rows.

    Attributes:
        predictions: A, or that of each model.
        target: Y.
        weights: W.
        missing: The policy for missing cells.
        by: The columns whose text groups the rows.
        labels: Or the label of each row, beside the sides.
    """

    predictions: tuple[Named, ...]
    target: Named | None
    weights: Named | None
    missing: Missing
    by: str | None = None
    labels: Matrix | None = None


def in_memory(
    predictions: Mapping[str, Any],
    target: Any,
    weights: Any,
    missing: Missing,
    *,
    key: str | None = None,
    by: Any = None,
) -> InMemory:
    """What was handed over; masked cells are left out, other missing cells do what ``missing`` says.

    Indexes are not held against each other where a ``key`` says which row is which.

    Raises:
        MseError: for what cannot be told apart.
    """
    check_choice("missing", missing, POLICIES)
    if key is None:
        check_indexes(*(side for side in (*predictions.values(), target, weights, by) if side is not None))
    models = tuple(named(name, prediction) for name, prediction in predictions.items())
    sides = (*models, None if target is None else named("target", target))
    masks = [side.mask for side in sides if isinstance(side, Values)]
    if missing == "fail" and any(mask is not None for mask in masks):
        for side in sides:
            _check_unmasked(side)
        missing = "skip-cell"
    weighted = None if weights is None else named("weights", weights)
    if isinstance(weighted, Values) and weighted.mask is not None:
        raise ParseError("a weight is masked: whether its cell counts is not known", hint="a weight of 0 leaves it out")
    if by is None or isinstance(by, str):
        return InMemory(models, sides[-1], weighted, missing, by)
    return InMemory(models, sides[-1], weighted, missing, None, labels_beside(by, [*predictions.values(), target]))


def named(label: str, value: Any) -> Named:
    """The name of files, or values under a name."""
    return os.fspath(value) if isinstance(value, str | os.PathLike) else Values(label, value)


def _check_unmasked(side: Named | None) -> None:
    """Refuse cells that are missing but not masked."""
    if not isinstance(side, Values):
        raise UsageError("what do missing cells of a file do beside masked ones?", hint="missing='skip-cell'")
    matrix = side.matrix("fail")
    for rows in matrix.rows():
        numbers = rows.numbers if side.mask is None else np.where(side.mask, 0.0, rows.numbers)
        rows._replace(numbers=numbers).checked()


@dataclass(frozen=True)
class HeldFrame:
    """A DataFrame, or whatever else has named columns: those that are read become numbers."""

    label: str
    frame: Frame
    notes: tuple[str, ...] = ()
    can_be_cut = False

    @property
    def source(self) -> HeldBytes:
        """It can be read again."""
        return HeldBytes(self.label, np.zeros(0))

    def first_rows(self, columns: Positions, most: int) -> list[tuple[str, ...]]:
        """The text of these columns in the first rows."""
        frame = self.part(range(min(most, self.n_rows))).frame
        return list(zip(*(texts_of(frame.column(i)) for i in columns), strict=True))

    @property
    def names(self) -> Names:
        """Of its columns."""
        return self.frame.names

    @property
    def width(self) -> int:
        """How many columns it has."""
        return len(self.frame.names)

    @property
    def use(self) -> Positions:
        """All columns."""
        return tuple(range(self.width))

    @property
    def n_rows(self) -> int:
        """N."""
        return self.frame.n_rows

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """All rows at once."""
        return [self.n_rows]

    def part(self, rows: range) -> HeldFrame:
        """Only these rows (from 0)."""
        frame = self.frame

        def few(position: int) -> Any:
            column = frame.column(position)
            return getattr(column, "iloc", column)[rows.start : rows.stop]  # of pandas 3:5 may be labels

        return replace(self, frame=Frame(frame.names, few, len(rows)))

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """All rows at once.

        Raises:
            MseError: with the name of a column that does not hold numbers.
        """
        with reading(self.label):
            if wanted.key is None:
                numbers, keys = self.frame.matrix(wanted.columns), None
            else:
                numbers, keys = self.frame.floats(wanted.columns), self.frame.texts(wanted.key)
            groups = labels_of_columns(texts_of(self.frame.column(i)) for i in wanted.by) if wanted.by else None
        yield Rows(numbers, keys, check=checking(wanted, self.label, self.names), labels=groups)


@dataclass(frozen=True)
class HeldLabels:
    """Which group each row is in, as columns of text alone."""

    names: Names
    groups: Labels
    label: str = "by"
    notes: tuple[str, ...] = ()
    use: Positions = ()
    can_be_cut = True
    source = HeldBytes("by", np.zeros(0))

    @property
    def width(self) -> int:
        """How many columns of text there are."""
        return len(self.names)

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.groups.codes)

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """All rows at once."""
        return [self.n_rows]

    def part(self, rows: range) -> HeldLabels:
        """Only these rows (from 0)."""
        return replace(self, groups=self.groups.cut(rows.start, rows.stop))

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """All rows at once."""
        yield Rows(np.empty((self.n_rows, 0)), labels=self.groups)


def labels_beside(by: Any, sides: list[Any]) -> Matrix:
    """The labels of rows, a column or a frame of several.

    Raises:
        ShapeError: for columns of different lengths, and for a row of several labels.
        UsageError: for a list of what columns of these sides are called.
    """
    with reading("by"):
        frame = frame_of(by)
        names = frame.names if frame is not None else (str(getattr(by, "name", None) or "by"),)
        check_distinct(names)
        columns = [texts_of(frame.column(i) if frame is not None else by) for i in range(len(names))]
        if len(set(map(len, columns))) != 1:
            raise ShapeError("there are no labels, or columns of different lengths")
        frames = [frame for frame in map(frame_of, sides) if frame is not None]
        if frames and {*columns[0]} <= {name for frame in frames for name in frame.names}:
            hint = f"by={','.join(columns[0])!r} names columns"
            raise UsageError("labels of rows are called like columns: which are meant?", hint=hint)
    return matrix_of("by", (HeldLabels(names, labels_of_columns(columns)),), "propagate")
