"""What a report says in the same words in every form: its title, its models, the parts of SSE."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import NamedTuple

from mse_cli.core.result import Result
from mse_cli.errors import counted, printable
from mse_cli.render.number_text import as_written, short
from mse_cli.render.summary import MISSING_TEXT, by_share, column_label
from mse_cli.running.comparison.standings import Standing
from mse_cli.running.report.report import Report, share_of

DIGITS = 6  # of what stands beside others


def report_title(report: Report) -> str:
    """What is compared with what, without folders."""
    sides = [PurePath(printable(side)).name for side in report.files]
    if report.comparison:
        sides[0] = counted(len(report.comparison.models), "model")
    return " against ".join(sides)


def model_title(standing: Standing, column: int) -> str:
    """A model and its loss in one column."""
    return f"{printable(standing.name)}, MSE {short(standing.result.columns[column].mse, DIGITS)}"


class Part(NamedTuple):
    """A column or a group: its name, its part of SSE, and numbers, the one to be left out first last."""

    name: str
    share: float
    numbers: tuple[str, ...]


class Shares(NamedTuple):
    """The parts of SSE, the largest first, and the titles of names and numbers."""

    name: str
    numbers: tuple[str, ...]
    parts: list[Part]


def shares_of(report: Report, digits: int = DIGITS) -> list[Shares]:
    """Those of the columns, if there are several, and those of the groups, if they were asked for."""
    result, found = report.result, []
    if len(result.columns) > 1:
        columns = [_column(result, j, digits) for j in report.ranked()]
        found.append(Shares("column", ("MSE", "R²", "bias"), columns))
    if result.by:
        groups = [result.groups[i] for i in by_share(result.groups)]
        names = [", ".join(printable(text) or MISSING_TEXT for text in it.texts) for it in groups]
        numbers = [(as_written(it.mse, digits), str(it.rows)) for it in groups]
        parts = [Part(name, it.share, texts) for name, it, texts in zip(names, groups, numbers, strict=True)]
        found.append(Shares(", ".join(map(printable, result.by)), ("MSE", "rows"), parts))
    return found


def _column(result: Result, column: int, digits: int) -> Part:
    it = result.columns[column]
    numbers = [it.mse, *((it.stats.r2, it.stats.bias) if it.stats else ())]
    return Part(
        column_label(result, column), share_of(result, column), tuple(as_written(number, digits) for number in numbers)
    )


def percent(share: float) -> str:
    """A part of the whole.

    >>> percent(0.98765), percent(1e-7), percent(float("nan"))
    ('98.8 %', '<0.1 %', '–')
    """
    if math.isnan(share):
        return "–"
    return "<0.1 %" if 0 < share < 0.001 else f"{100 * share:.1f} %"
