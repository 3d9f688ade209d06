"""The main job as a function: files in, ``Result`` out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mse_cli.core.blocks import Block, Floats, gradient, squared_error
from mse_cli.core.result import (
    MOST_WORST,
    REDUCTIONS,
    UNMATCHED,
    Excerpt,
    Missing,
    Reduction,
    Result,
    Unmatched,
    check_choice,
)
from mse_cli.core.tallies.column_sums import row_sums
from mse_cli.core.tallies.edges import Edges
from mse_cli.core.tallies.groups import Groups
from mse_cli.core.tallies.stats import Stats
from mse_cli.core.tallies.sums import Sums
from mse_cli.core.tallies.worst import Worst
from mse_cli.errors import ParseError, Place, UsageError, printable
from mse_cli.readers.keys import rows_left_out
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.pair import Pair
from mse_cli.readers.text.dialect import DecimalChoice, Dialect, HeaderChoice, words_of
from mse_cli.readers.weights import labelled
from mse_cli.running.backend import Backend, backend_for
from mse_cli.running.tallying import Progress, Tallies, Tally

if TYPE_CHECKING:
    from mse_cli.running.merging.origin import Origin

MatrixName = Literal["se", "gradient"]


def evaluate(
    pred: Any,
    true: Any = None,
    *,
    pred_columns: str | None = None,
    true_columns: str | None = None,
    key: str | None = None,
    no_key: bool = False,
    unmatched: Unmatched = "fail",
    weights: Any = None,
    weight_column: str | None = None,
    missing: Missing = "fail",
    header: HeaderChoice = "auto",
    delimiter: str | None = None,
    decimal: DecimalChoice = "auto",
    na: str | Sequence[str] = (),
    reduction: Reduction = "mean",
    worst: int | None = None,
    by: Any = None,
    stats: bool = False,
) -> Result:
    r"""The loss of a prediction against a target, files or arrays, as ``mse compute`` gives it.

    SSE = Σ M·W·(A−Y)², MSE = SSE / Σ M·W; N·C divides without weights and missing cells.

    Args:
        pred: A: a CSV, NPY, NPZ, Parquet or Arrow file, a glob, a folder/, an address, or a table that holds both
            sides; or something like an array, or a DataFrame.
        true: Y: likewise, of the same shape; ``None`` for a table.
        pred_columns: Columns of A: names, numbers from 1, ranges, comma-separated.
        true_columns: Columns of Y.
        key: Column whose text matches the rows of the two files or DataFrames.
        no_key: Whether rows belong together by position although a column says otherwise.
        unmatched: What rows do whose key the other file has not: "fail" or "drop".
        weights: Weights at least 0, likewise: N×1, 1×C or N×C.
        weight_column: Column of Y's file that holds row weights.
        missing: What NaN and missing cells do: "fail", "skip-cell", "skip-row" or "propagate".
        header: Whether text files have a header: "auto", "yes" or "no".
        delimiter: One character; found from the data if not given.
        decimal: The decimal sign, "." or ","; found from the data with "auto".
        na: Further words that mean a missing cell.
        reduction: "mean" or "sum".
        worst: How many of the worst cells to list.
        by: Columns, comma-separated, whose text groups the rows, or an array of labels, one a row: the result has the
            loss of each group.
        stats: Whether the result has the mean and the variance of the errors, and R².

    Returns:
        The ``Result``; its ``notes`` tell of the choices that were made for you.

    Raises:
        MseError: (InputError, ParseError, ShapeError or UsageError, each also an OSError or a ValueError) for what
            cannot be read or does not belong together.

    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "p.csv").write_text("price,rooms\n300000,3\n500000,4\n")
    >>> _ = (folder / "t.csv").write_text("price,rooms\n350000,4\n450000,3\n")
    >>> evaluate(str(folder / "p.csv"), str(folder / "t.csv")).mse
    1250000000.5
    >>> evaluate([[300000, 3], [500000, 4]], [[350000, 4], [450000, 3]]).sse
    5000000002.0
    """
    check_choice("reduction", reduction, REDUCTIONS)
    check_choice("unmatched", unmatched, UNMATCHED)
    if worst is not None and not (isinstance(worst, int | np.integer) and 1 <= worst <= MOST_WORST):
        raise UsageError(f"worst is a whole number from 1 to {MOST_WORST}, not {worst!r}")
    values = import_module("mse_cli.readers.arrays.values")  # the command line needs nothing of it
    sides = values.in_memory({"prediction": pred}, true, weights, missing, key=key, by=by)
    dialect = Dialect(header, delimiter, decimal, sides.missing, words_of(na))
    options = InputOptions(
        pred=pred_columns,
        true=true_columns,
        key=key,
        no_key=no_key,
        unmatched=unmatched,
        weights=sides.weights,
        weight_column=weight_column,
        by=sides.by,
        dialect=dialect,
        read_again=False,
    )
    pair = labelled(open_pair(sides.predictions[0], sides.target, options), sides.labels)
    with backend_for(pair) as backend:
        return evaluate_pair(backend, reduction=reduction, worst=worst, stats=stats).result


@dataclass(frozen=True)
class Evaluation:
    """A result, the tallies that it is finished from, and what was kept of the rows; merged parts have no rows.

    Where the sums come from is known where it is told: in JSON, of which ``mse merge`` makes a whole.
    """

    result: Result
    tallies: Tallies
    pair: Pair | None = None
    edges: Edges | None = None
    origin: Origin | None = None

    def excerpt(self) -> Excerpt | None:
        """The first and last rows of SE and of the gradient, if they were kept."""
        if self.edges is None:
            return None
        block = self.edges.block()
        return Excerpt(
            rows=self.edges.rows(),
            squared_error=squared_error(block),
            row_sums=row_sums(block),
            gradient=self.gradient_of_block(block),
            keys=None if block.keys is None else tuple(block.keys),
            columns=self.edges.columns,
        )

    @property
    def names(self) -> tuple[str, ...] | None:
        """The columns' names, if they have any."""
        names = tuple(name for name in self.result.names if name is not None)
        return names or None

    def matrix(self, name: MatrixName, progress: Progress | None = None) -> Iterator[Floats]:
        """SE or the gradient block by block, in a second pass over the files."""
        return map(self.of_block(name), self.blocks(progress))

    def blocks(self, progress: Progress | None = None) -> Iterator[Block]:
        """The rows once more."""
        if self.pair is None:
            raise UsageError("merged parts hold no matrices")
        for block in self.pair.blocks():
            yield block
            if progress:
                progress(block.shape[0])

    @property
    def gradient_of_block(self) -> Callable[[Block], Floats]:
        """The gradient as a function of a block that other processes can be sent."""
        return partial(gradient, divisor=self.result.divisor, reduction=self.result.reduction)

    def of_block(self, name: MatrixName) -> Callable[[Block], Floats]:
        """SE or the gradient, likewise."""
        return squared_error if name == "se" else self.gradient_of_block


def evaluate_pair(
    backend: Backend,
    *,
    reduction: Reduction = "mean",
    worst: int | None = None,
    stats: bool = False,
    kept: tuple[int, list[int] | None] | None = None,
    also: Sequence[Tally] = (),
    progress: Progress | None = None,
) -> Evaluation:
    """Run the blocks of a pair, through the sums, and keep what was asked for; ``also`` feed other tallies.

    Of the first and the last rows so many are kept, and these columns, as ``kept`` says.

    Raises:
        ParseError: if no cell is left to compute from, or all weights are 0.
    """
    pair = backend.pair
    tallies = tallies_for(pair, worst=worst, stats=stats)
    edges = None if kept is None else Edges(*kept)
    backend.run(*tallies.asked_for(), *([] if edges is None else [edges]), *also, progress=progress)
    if not tallies.sums.cells_used.any():
        raise _nothing_left(pair)
    evaluation = finish(tallies, pair.names, reduction)
    result = replace(evaluation.result, notes=(*pair.notes, *rows_left_out(pair)), key=pair.key)
    return replace(evaluation, result=result, pair=pair, edges=edges)


def tallies_for(pair: Pair, *, worst: int | None, stats: bool) -> Tallies:
    """Empty ones for what is asked for; groups where rows have them."""
    return Tallies(
        Sums(pair.n_columns),
        None if worst is None else Worst(worst),
        Stats(pair.n_columns) if stats else None,
        Groups(pair.by) if pair.by else None,
    )


def _nothing_left(pair: Pair) -> ParseError:
    """The error for a pair none of whose cells is in use, with the file in which all are missing."""
    labels = list(dict.fromkeys(stream.label for stream in pair.streams))[:2]
    if all(file.source.seekable for stream in pair.streams for file in stream.files):  # it can be read again
        sides = zip(("prediction", "target"), (pair.prediction, pair.target), strict=True)
        for name, side in sides:
            cells = (block.prediction if name == "prediction" else block.target for block in pair.blocks())
            if all(bool(np.isnan(numbers).all()) for numbers in cells):
                of = f" of the {name}" if len(labels) == 1 else ""
                return ParseError(f"every cell{of} is missing", Place(pair.streams[side.stream].label))
    return ParseError(f"every cell is missing in {printable(' or '.join(labels))}: there is nothing to compute from")


def finish(tallies: Tallies, names: tuple[str | None, ...] | None, reduction: Reduction) -> Evaluation:
    """The result of tallies that are complete.

    Raises:
        ParseError: if no cell is left to compute from, or all weights are 0.
    """
    sums, worst, stats, groups = tallies
    result = sums.finish(reduction, names)
    if result.cells_used == 0:
        raise ParseError("every cell is missing: there is nothing to compute from")
    if result.divisor == 0:
        raise ParseError("all weights are 0")
    sse = sums.errors.total()
    if worst is not None:
        result = replace(result, worst=worst.cells(names, sse))
    if groups is not None:
        result = replace(result, by=groups.by, groups=groups.finish(sse))
    return Evaluation(stats.added_to(result, sums) if stats else result, tallies)
