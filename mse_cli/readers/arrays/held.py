"""Arrays that are already in memory, as files among the others."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from mse_cli.core.blocks import Numbers
from mse_cli.core.missing import check_finite
from mse_cli.readers.columns import Names, Positions, are_same
from mse_cli.readers.matrix import Matrix, Rows, Selection, matrix_of
from mse_cli.readers.sources.files import reading


@dataclass(frozen=True)
class HeldBytes:
    """The bytes of an array."""

    label: str
    array: Numbers
    seekable = True

    def open(self, *, look: bool = False) -> BinaryIO:
        """The bytes from the start, row after row."""
        return cast(BinaryIO, io.BytesIO(self.array.tobytes()))


@dataclass(frozen=True)
class HeldArray:
    """An N×C array under a name; ``shape`` is its own, with all axes."""

    label: str
    array: Numbers
    names: Names | None = None
    notes: tuple[str, ...] = ()
    shape: tuple[int, ...] | None = None
    can_be_cut = True

    @property
    def source(self) -> HeldBytes:
        """The array itself."""
        return HeldBytes(self.label, self.array)

    @property
    def width(self) -> int:
        """C."""
        return int(self.array.shape[1])

    @property
    def use(self) -> Positions:
        """All columns."""
        return range(self.width)

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.array)

    def grains(self, n_columns: int, n_cells: int) -> list[int]:
        """As of an NPY file."""
        step = max(1, n_cells // n_columns)
        return [min(step, self.n_rows - start) for start in range(0, self.n_rows, step)]

    def part(self, rows: range) -> HeldArray:
        """Only these rows (from 0)."""
        return replace(self, array=self.array[rows.start : rows.stop])

    def read(self, wanted: Selection) -> Iterator[Rows]:
        """All rows at once."""
        numbers = self.array if are_same(wanted.columns, self.use) else self.array[:, wanted.columns]
        yield Rows(numbers, check=checking(wanted, self.label, self.names))


def checking(wanted: Selection, label: str, names: Names | None) -> Callable[[Numbers, int], None]:
    """What looks for cells that the policy does not allow."""

    def check(numbers: Numbers, first_row: int) -> None:
        with reading(label):
            check_finite(numbers, wanted.missing, first_row=first_row, columns=wanted.columns, names=names)

    return check


def held(label: str, array: Numbers, names: Names | None = None) -> Matrix:
    """An array as a matrix that is read like any other; what missing cells do is left to the pair."""
    return matrix_of(label, (HeldArray(label, array, names),), "propagate")
