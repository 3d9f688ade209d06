"""What a computation gives: plain, frozen data that every renderer reads and nothing here prints.

Small records are named tuples: a frozen dataclass takes 0.3 ms of start-up to make, a named tuple 0.05.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import eq
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args, overload

from mse_cli.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Reduction = Literal["mean", "sum"]
LOSSES: dict[Reduction, str] = {"mean": "MSE", "sum": "SSE"}  # what the loss is then
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
Missing = Literal["fail", "skip-cell", "skip-row", "propagate"]  # what NaN and missing cells do
POLICIES: tuple[Missing, ...] = get_args(Missing)
ScalarName = Literal["sse", "mse", "rmse"]  # those of a result's scalars that can be printed alone
Unmatched = Literal["fail", "drop"]  # what rows do whose key the other file has not
UNMATCHED: tuple[Unmatched, ...] = get_args(Unmatched)
Language = Literal["en", "zh"]  # of what is explained and checked
LANGUAGES: tuple[Language, ...] = get_args(Language)
MOST_WORST = 100_000  # cells that are listed
RUN = 16 * 1024  # columns, of which there are objects at a time
SCHEMA_VERSION = 1  # of a result as JSON


def check_choice(name: str, word: object, choices: tuple[str, ...]) -> None:
    """Refuse a word that names none of the choices; the command line's own are checked by Typer.

    Raises:
        UsageError: for such a word.
    """
    if word not in choices:
        raise UsageError(f"{name} is one of {choices}, not {word!r}")


class Scalar(NamedTuple):
    """A number of a result: its key for programs, its label for people (empty where tables leave it out)."""

    key: str
    label: str
    value: float


class Statistics(NamedTuple):
    """Of some cells the mean error Σ W·E / Σ W, the variance of the error around it, and R² = 1 − SSE / SST."""

    bias: float
    error_variance: float
    r2: float

    def scalars(self) -> tuple[Scalar, ...]:
        """They as the numbers of a result."""
        labels = ("bias", "error variance", "R²")
        return tuple(map(Scalar, self._fields, labels, self))


class Column(NamedTuple):
    """One component: its name (``None`` without a header) and its share of the loss.

    ``sse`` = Σ M·W·E² down the column; ``mse`` = sse / Σ M·W down the column (unit: target unit squared).
    """

    name: str | None
    sse: float
    mse: float
    stats: Statistics | None = None

    def scalars(self) -> tuple[Scalar, ...]:
        """What is said of a column."""
        return (
            Scalar("sse", "", self.sse),
            Scalar("mse", "MSE", self.mse),
            *(self.stats.scalars() if self.stats else ()),
        )


class Columns(Sequence[Column]):
    """The columns of a matrix, each made when it is asked for: a wide one has millions."""

    def __init__(
        self,
        names: Sequence[str | None] | None,
        count: int,
        losses: Callable[[slice], Iterable[tuple[float, float]]],
    ):
        self._names, self._count, self._losses = names, count, losses

    @property
    def names(self) -> tuple[str | None, ...]:
        """Their names."""
        return tuple(self._names) if self._names else (None,) * self._count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Column: ...
    @overload
    def __getitem__(self, index: slice) -> list[Column]: ...
    def __getitem__(self, index: int | slice) -> Column | list[Column]:
        if isinstance(index, slice):
            names = self._names[index] if self._names else itertools.repeat(None)
            return [Column(name, *losses) for name, losses in zip(names, self._losses(index), strict=False)]
        at = range(self._count)[index]
        return self[at : at + 1][0]

    def __iter__(self) -> Iterator[Column]:
        return itertools.chain.from_iterable(self.runs())

    def runs(self) -> Iterator[list[Column]]:
        """Some after the others."""
        return (self[start : start + RUN] for start in range(0, self._count, RUN))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    def __hash__(self) -> int:
        return hash(tuple(self))


class Group(NamedTuple):
    """The loss of the rows that share the text of some columns, and its share of SSE."""

    texts: tuple[str, ...]
    rows: int
    cells_used: int
    sse: float
    mse: float
    rmse: float
    share: float


class WorstCell(NamedTuple):
    """One of the cells with the largest weighted squared error; ``row`` and ``column`` count from 1."""

    row: int
    column: int
    name: str | None
    prediction: float
    target: float
    error: float
    share: float
    key: str | None = None


class Limit(NamedTuple):
    """What a loss was held against: ``of`` is "loss" or a column's name; and which option said so."""

    of: str
    limit: float
    value: float
    passed: bool
    option: str


@dataclass(frozen=True)
class Result:
    """The loss of a prediction A against a target Y, both N×C.

    Attributes:
        shape: (N, C).
        cells_used: How many cells the sums are over (all but the missing ones).
        divisor: Σ M·W, what SSE was divided by; N·C without weights and missing cells.
        reduction: Which of the two the loss is, ``"mean"`` (MSE) or ``"sum"`` (SSE).
        sse: Sum of squared errors, target unit squared.
        mse: SSE / divisor, target unit squared.
        rmse: √MSE, target unit.
        columns: The same per column.
        overflow: Whether a finite error has a square that float64 cannot hold.
        worst: The cells with the largest weighted squared error, if they were asked for.
        weighted: Whether there are weights.
        notes: The choices that were made for the user when the files were read.
        stats: Bias, variance of the error and R² of all cells, if they were asked for.
        by: What the columns are called that group the rows, if they were asked for.
        groups: The loss of each group, in the order of their texts.
        key: What the column is called by which rows are matched, if they are.
        gate: The limits that the loss was held against, if there were any.
        sum_overflow: Whether the sum of squares that it can hold is larger than float64 can hold.
    """

    shape: tuple[int, int]
    cells_used: int
    divisor: float
    reduction: Reduction
    sse: float
    mse: float
    rmse: float
    columns: Sequence[Column]
    overflow: bool = False
    worst: tuple[WorstCell, ...] | None = None
    weighted: bool = False
    notes: tuple[str, ...] = ()
    stats: Statistics | None = None
    by: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    key: str | None = None
    gate: tuple[Limit, ...] = ()
    sum_overflow: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """Where ``inf`` stands for a number that float64 cannot hold."""
        too_large = "the square of an error" if self.overflow else "the sum of the squared errors"
        said = f"{too_large} is larger than float64 can hold (1.8e308) and stands as inf"
        return (said,) if self.overflow or self.sum_overflow else ()

    @property
    def loss(self) -> float:
        """The reduced loss: MSE or SSE."""
        losses: dict[Reduction, float] = {"mean": self.mse, "sum": self.sse}
        return losses[self.reduction]

    def scalars(self) -> tuple[Scalar, ...]:
        """The numbers that every output shows, in this order, and ``--only`` gives alone."""
        loss = Scalar("sse", "SSE", self.sse), Scalar("mse", "MSE", self.mse), Scalar("rmse", "RMSE", self.rmse)
        return *loss, *(self.stats.scalars() if self.stats else ())

    @property
    def cells_total(self) -> int:
        """N·C."""
        return self.shape[0] * self.shape[1]

    @property
    def names(self) -> tuple[str | None, ...]:
        """The columns' names."""
        if isinstance(self.columns, Columns):
            return self.columns.names
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class Excerpt:
    """The first and last rows of the matrices, as a table shows them.

    Attributes:
        rows: The rows' numbers in the whole matrix, from 0.
        squared_error: SE of these rows.
        row_sums: Σ W·SE along each of these rows.
        gradient: The gradient of these rows.
        keys: What identifies these rows, where rows are matched by it.
        columns: Which columns (from 0) these are of, where not of all.
    """

    rows: tuple[int, ...]
    squared_error: NDArray[np.float64] = field(repr=False)
    row_sums: list[float] = field(repr=False)
    gradient: NDArray[np.float64] = field(repr=False)
    keys: tuple[str, ...] | None = None
    columns: list[int] | None = None

    def shortened(self, most: int) -> Excerpt:
        """At most so many of its rows, from both ends."""
        last = most // 2
        kept = [*range(most - last), *range(len(self.rows) - last, len(self.rows))]
        return Excerpt(
            rows=tuple(self.rows[i] for i in kept),
            squared_error=self.squared_error[kept],
            row_sums=[self.row_sums[i] for i in kept],
            gradient=self.gradient[kept],
            keys=None if self.keys is None else tuple(self.keys[i] for i in kept),
            columns=self.columns,
        )
