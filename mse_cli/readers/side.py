"""One side of the loss as it was opened, and which of its columns the user names."""

from __future__ import annotations

from dataclasses import dataclass

from mse_cli.core.matching import comparable
from mse_cli.errors import UsageError
from mse_cli.readers.columns import Names, Positions, check_distinct, parse_columns
from mse_cli.readers.matrix import File, Matrix
from mse_cli.readers.sources.files import reading


@dataclass(frozen=True)
class Side:
    """A side: all that its files hold, and which of its columns the user names.

    Attributes:
        matrix: The columns that are read if none are chosen.
        chosen: What ``--pred`` or ``--true`` says of columns; of an archive it says which member, not which columns.
    """

    matrix: Matrix
    chosen: str | None

    @property
    def first(self) -> File:
        """The first file, which the others are like."""
        return self.matrix.files[0]

    @property
    def label(self) -> str:
        """The name that messages use."""
        return self.matrix.label

    def columns(self, leave_out: tuple[int | None, ...] = ()) -> Positions:
        """The columns that the user names, or all but those with another role."""
        if self.chosen is None:
            columns, others = self.matrix.wanted.columns, {i for i in leave_out if i is not None}
            return tuple(i for i in columns if i not in others) if others else columns
        with reading(self.label):
            return parse_columns(self.chosen, self.first.names, self.first.width)

    def column(self, spec: str | None, option: str) -> int | None:
        """The one column that an option names."""
        if spec is None:
            return None
        with reading(self.label):
            positions = parse_columns(spec, self.first.names, self.first.width)
        if len(positions) != 1:
            raise UsageError(f"{option} takes one column, not {len(positions)}")
        return positions[0]

    def by(self, spec: str) -> Positions:
        """The columns that ``--by`` names, each once.

        Raises:
            UsageError: if there are no such columns, or two that are called the same.
        """
        with reading(self.label):
            positions = tuple(dict.fromkeys(parse_columns(spec, self.first.names, self.first.width)))
            check_distinct(self.names(positions) or ())
            return positions

    def holds(self, spec: str) -> bool:
        """Whether it has the columns that ``--by`` names."""
        try:
            return bool(self.by(spec))
        except UsageError:
            return False

    def alike(self, positions: Positions, other: Side) -> Positions:
        """Those of this side's columns that are called as these of another side, or stand there if none has a name."""
        if self.first.names is None or other.first.names is None:
            no_names = self.first.names == other.first.names and self.first.width == other.first.width
            return positions if no_names else ()
        own, others = comparable(self.first.names, other.first.names)
        called = {others[i] for i in positions}
        return tuple(i for i, name in enumerate(own) if name in called)

    def names(self, positions: Positions) -> Names | None:
        """What these columns are called."""
        return tuple(self.first.names[i] for i in positions) if self.first.names else None
