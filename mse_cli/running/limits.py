"""Limits that a loss is held against: ``--fail-above``, and ``--max-increase`` over an earlier result's."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module
from typing import NamedTuple

from mse_cli.core.result import Limit, Reduction, Result
from mse_cli.errors import Place, UsageError, quote
from mse_cli.readers.columns import parse_columns
from mse_cli.readers.text.cells.grammar import kind
from mse_cli.running.evaluation import Evaluation

NUMBER = re.compile(r"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?|\.[0-9]+(?:[eE][+-]?[0-9]{1,3})?")
LOSS = "loss"


class Limits(NamedTuple):
    """What the loss, or that of a column, may be at most.

    Attributes:
        fail_above: Pairs of a column, as the user names it, or ``None`` for the loss, and the largest loss allowed.
        baseline: An earlier result as JSON.
        increased: What the loss may be at most next to that one's, and of which reduction.
    """

    fail_above: tuple[tuple[str | None, float], ...] = ()
    baseline: str | None = None
    increased: tuple[Reduction, float] | None = None

    def check(self, names: tuple[str | None, ...] | None, n_columns: int, reduction: Reduction) -> None:
        """Refuse what these limits cannot be held against, before the long work starts.

        Raises:
            UsageError: for columns that there are not, and an earlier result of another reduction.
        """
        for name, _ in self.fail_above:
            _column(name, names, n_columns)
        if self.increased is not None and self.increased[0] != reduction:
            message = f"was computed with --reduction {self.increased[0]}, this with --reduction {reduction}"
            raise UsageError(message, Place(self.baseline))

    def judged(self, evaluation: Evaluation) -> Evaluation:
        """The same with its loss held against the limits."""
        result, found = evaluation.result, list[Limit]()
        names = result.names if any(result.names) else None
        for name, limit in self.fail_above:
            column = _column(name, names, len(result.columns))
            of, value = (LOSS, result.loss) if column is None else _of_column(result, column)
            found.append(Limit(of, limit, value, value <= limit, "--fail-above"))
        if self.increased is not None:
            limit = self.increased[1]
            found.append(Limit(LOSS, limit, result.loss, result.loss <= limit, "--max-increase"))
        return replace(evaluation, result=replace(result, gate=tuple(found)))


def limits_of(*, fail_above: list[str] | None, baseline: str | None, max_increase: str | None) -> Limits:
    """The limits that the options say.

    Raises:
        UsageError: for what is no number, and for one of --baseline and --max-increase without the other.
        MseError: for an earlier result that cannot be read.

    >>> limits_of(fail_above=["0.5", "price=2e9"], baseline=None, max_increase=None).fail_above
    ((None, 0.5), ('price', 2000000000.0))
    """
    limits = Limits(tuple(map(_fail_above, fail_above or ())))
    if baseline is None and max_increase is None:
        return limits
    if baseline is None or max_increase is None:
        raise UsageError("--baseline and --max-increase go together", hint="--baseline RESULT.json --max-increase 2%")
    check_increase(max_increase)
    module = import_module("mse_cli.running.merging.baseline")  # for an earlier result alone: it costs start-up
    return limits._replace(baseline=baseline, increased=module.increased(baseline, max_increase))


def check_increase(text: str) -> None:
    """Refuse what --max-increase does not take.

    Raises:
        UsageError: for it.
    """
    if not NUMBER.fullmatch(text.removesuffix("%")):
        raise UsageError(f"--max-increase takes 2% or a number of at least 0, not {quote(text)}")


def _fail_above(text: str) -> tuple[str | None, float]:
    name, sign, number = text.rpartition("=")
    if kind(number, ".") not in {"number", "infinite"}:
        message = f"--fail-above takes a number, or NAME=X for one column, not {quote(text)}"
        nan = number.strip().lower() == "nan"
        raise UsageError(message, hint="every loss would fail against NaN" if nan else "mse compute --help")
    return (name if sign else None), float(number)


def _column(name: str | None, names: tuple[str | None, ...] | None, n_columns: int) -> int | None:
    if name is None:
        return None
    columns = parse_columns(name, None if names is None else tuple(it or "" for it in names), n_columns)
    if len(columns) != 1:
        raise UsageError(f"--fail-above takes one column, not {quote(name)}")
    return columns[0]


def _of_column(result: Result, number: int) -> tuple[str, float]:
    """What a column is called, and its loss."""
    column = result.columns[number]
    return column.name or str(number + 1), column.mse if result.reduction == "mean" else column.sse
