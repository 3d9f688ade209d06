"""What is handed over in Python, as a file among the others: arrays, lists, DataFrames."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from mse_cli.core.arguments.array_likes import given
from mse_cli.core.arguments.frames import Frame, check_indexes, frame_of
from mse_cli.core.blocks import Mask, Numbers
from mse_cli.core.result import Missing
from mse_cli.errors import ParseError, UsageError
from mse_cli.readers.arrays.held import HeldArray, HeldBytes, checking
from mse_cli.readers.columns import Names, Positions
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
            numbers = np.where(absent, np.nan, numbers)
        return numbers, None, (), shape

    @property
    def mask(self) -> Mask | None:
        """Which cells are masked, if any are."""
        return given(self.values, None).absent if np.ma.isMaskedArray(self.values) else None


Named: TypeAlias = str | Values


class InMemory(NamedTuple):
    """The sides, each a name of files or values, and what missing cells do."""

    prediction: Named
    target: Named | None
    weights: Named | None
    missing: Missing


def in_memory(prediction: Any, target: Any, weights: Any, missing: Missing, key: str | None = None) -> InMemory:
    """What was handed over; masked cells are left out, other missing cells do what ``missing`` says.

    Indexes are not held against each other where a ``key`` says which row is which.

    Raises:
        MseError: for what cannot be told apart.
    """
    if key is None:
        check_indexes(*(side for side in (prediction, target, weights) if side is not None))
    sides = named("prediction", prediction), None if target is None else named("target", target)
    masks = [side.mask for side in sides if isinstance(side, Values)]
    if missing == "fail" and any(mask is not None for mask in masks):
        for side in sides:
            _check_unmasked(side)
        missing = "skip-cell"
    weighted = None if weights is None else named("weights", weights)
    if isinstance(weighted, Values) and weighted.mask is not None:
        raise ParseError("a weight is masked: whether its cell counts is not known", hint="a weight of 0 leaves it out")
    return InMemory(*sides, weighted, missing)


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
        few = Frame(frame.names, lambda i: frame.column(i)[rows.start : rows.stop], len(rows))
        return replace(self, frame=few)

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
        yield Rows(numbers, keys, check=checking(wanted, self.label, self.names))
