"""Several files that hold one matrix, rows after rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mse_cli.core.blocks import Numbers
from mse_cli.errors import ParseError, Place, ShapeError
from mse_cli.readers.arrays.npy import NpyMatrix
from mse_cli.readers.text.delimited import Rows, TextMatrix

if TYPE_CHECKING:
    from mse_cli.readers.arrays.frames import FrameMatrix


@dataclass(frozen=True)
class Shards:
    """The files of a glob, in natural order, as one matrix; an error in one names it."""

    label: str
    files: tuple[TextMatrix | NpyMatrix | FrameMatrix, ...]

    def __post_init__(self) -> None:
        """Refuse shards that do not belong together."""
        first = self.files[0]
        for part in self.files[1:]:
            if part.n_columns != first.n_columns:
                raise ShapeError(
                    f"has {part.n_columns} columns, {first.label} has {first.n_columns}", Place(part.label)
                )
            if (part.all_names, part.positions, part.width) != (first.all_names, first.positions, first.width):
                raise ParseError(f"its header is not that of {first.label}", Place(part.label))

    @property
    def n_rows(self) -> int | None:
        """N, or ``None`` if only reading can tell."""
        counts = [part.n_rows for part in self.files]
        return sum(n for n in counts if n is not None) if None not in counts else None

    @property
    def n_columns(self) -> int:
        """C."""
        return self.files[0].n_columns

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns' names, the same in every part."""
        return self.files[0].names

    @property
    def all_names(self) -> tuple[str, ...] | None:
        """The header, the same in every part."""
        return self.files[0].all_names

    @property
    def positions(self) -> tuple[int, ...]:
        """Which columns of each file are read (0-based)."""
        return self.files[0].positions

    @property
    def width(self) -> int:
        """How many columns each file has."""
        return self.files[0].width

    @property
    def is_member(self) -> bool:
        """Whether the parts are members of NPZ archives."""
        return self.files[0].is_member

    @property
    def notes(self) -> tuple[str, ...]:
        """The first part's."""
        return self.files[0].notes

    def select(self, columns: tuple[int, ...], key: int | None = None, weights: tuple[int, ...] = ()) -> Shards:
        """The same with only these columns of each file (0-based), perhaps with a key, or weights among them."""
        return replace(self, files=tuple(file.select(columns, key, weights) for file in self.files))

    def chunks(self) -> Iterator[Numbers]:
        """The rows of all parts in order."""
        for part in self.files:
            yield from part.chunks()

    def rows(self) -> Iterator[Rows]:
        """The rows of all parts in order, with their keys."""
        for part in self.files:
            if not isinstance(part, NpyMatrix):  # an array has no keys; opening.py has refused it
                yield from part.rows()
