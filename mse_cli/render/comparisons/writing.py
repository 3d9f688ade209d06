"""A comparison of models as text: tables and a closing sentence for people, a row or an object a model for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from rich.console import RenderableType
from rich.table import Table

from mse_cli.comparison.standings import Comparison, Standing
from mse_cli.core.result import SCHEMA_VERSION
from mse_cli.errors import printable
from mse_cli.render.comparisons.texts import MARK, Lines, closing, column_lines, model_lines, opening
from mse_cli.render.formats.markdown import escaped, table
from mse_cli.render.formats.rows import DELIMITERS, render_rows
from mse_cli.render.number_text import exact
from mse_cli.render.printing import Printout
from mse_cli.render.screens.characters import shown_in
from mse_cli.render.screens.screen import Screen

if TYPE_CHECKING:
    from mse_cli.render.files.destination import Output

OnlyBest = Literal["best"]
FIGURES = ("ratio", "difference", "standard_error", "low", "high", "rows_better")


class Ranked(NamedTuple):
    """What is written of a comparison.

    Attributes:
        comparison: What it is.
        truth: What the user calls the target.
        gate: Whether the limit is kept, as JSON has it; ``None`` without one.
    """

    comparison: Comparison
    truth: str
    gate: dict[str, Any] | None = None


def write_comparison(ranked: Ranked, printout: Printout, only: OnlyBest | None, stream: Output) -> None:
    """Write it, or the best model alone, as the printout says."""
    if only is not None:
        text = _best_alone(ranked.comparison, printout)
    elif printout.format == "json":
        text = json.dumps(_plain(ranked), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    elif printout.format in {"csv", "tsv"}:
        text = _delimited(_fields_of_models(ranked.comparison), printout)
    elif printout.format == "markdown":
        text = shown_in(_markdown(ranked, printout), printout.encoding)
    else:
        text = _drawn(ranked, printout)
    stream.write(text.encode(printout.encoding, "backslashreplace"))


def _best_alone(comparison: Comparison, printout: Printout) -> str:
    name = comparison.best.model if comparison.best else ""
    if printout.format == "json":
        return json.dumps(name or None, ensure_ascii=False) + "\n"
    if printout.format == "table":
        return printable(name) + "\n"
    return table(["best"], [[name]]) if printout.format == "markdown" else _delimited([["best"], [name]], printout)


def _plain(ranked: Ranked) -> dict[str, Any]:
    comparison, result = ranked.comparison, ranked.comparison.models[0].result
    return {
        "schema_version": SCHEMA_VERSION,
        "shape": list(result.shape),
        "cells_used": result.cells_used,
        "cells_total": result.cells_total,
        "divisor": _number(result.divisor),
        "reduction": result.reduction,
        "models": [_plain_model(standing) for standing in comparison.models],
        "best": comparison.best.model if comparison.best else None,
        "baseline": comparison.reference.model if comparison.baseline else None,
        **({} if ranked.gate is None else {"gate": ranked.gate}),
        "notes": list(comparison.notes),
    }


def _plain_model(standing: Standing) -> dict[str, Any]:
    result = standing.result
    return {
        "model": standing.model,
        "rank": standing.rank,
        "loss": _number(result.loss),
        **{scalar.key: _number(scalar.value) for scalar in result.scalars()},
        "columns": [
            {"name": column.name, **{scalar.key: _number(scalar.value) for scalar in column.scalars()}}
            for column in result.columns
        ],
        **{name: _number(value) for name, value in zip(FIGURES, _figures(standing), strict=True)},
    }


def _figures(standing: Standing) -> list[float | None]:
    found = standing.difference
    if found is None:
        return [standing.ratio, *[None] * 5]
    return [standing.ratio, found.value, found.standard_error, found.low, found.high, found.rows_better]


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _fields_of_models(comparison: Comparison) -> Iterator[list[str]]:
    """A header, and a row of each model."""
    first = comparison.models[0].result
    scalars = [scalar.key for scalar in first.scalars()]
    names = [f"mse.{column.name or j}" for j, column in enumerate(first.columns, 1)] if len(first.columns) > 1 else []
    yield ["rank", "model", *scalars, *FIGURES, *names]
    for standing in comparison.models:
        figures = ["" if value is None else exact(value) for value in _figures(standing)]
        numbers = [exact(scalar.value) for scalar in standing.result.scalars()]
        columns = [exact(column.mse) for column in standing.result.columns] if names else []
        yield [str(standing.rank), standing.model, *numbers, *figures, *columns]


def _delimited(rows: Iterable[list[str]], printout: Printout) -> str:
    return render_rows(rows, DELIMITERS[printout.format])


def _markdown(ranked: Ranked, printout: Printout) -> str:
    comparison = ranked.comparison
    columns = column_lines(comparison, printout.digits, printout.most_columns)
    tables = [model_lines(comparison, printout.digits), *([columns] if columns else [])]
    sentences = [opening(comparison, ranked.truth), closing(comparison)]
    return "\n".join(
        [*(table(lines.titles, lines.rows) for lines in tables), "  \n".join(map(escaped, sentences)) + "\n"]
    )


def _drawn(ranked: Ranked, printout: Printout) -> str:
    comparison = ranked.comparison
    screen = Screen(sys.stdout if printout.to_standard_output else None, printout.color)
    columns = range(min(printout.most_columns, len(comparison.models[0].result.columns)), 0, -1)
    shown = [column_lines(comparison, printout.digits, most) for most in columns]
    drawn: list[RenderableType] = [screen.text(opening(comparison, ranked.truth))]
    drawn += _fitting(
        [model_lines(comparison, printout.digits, wide=wide) for wide in (True, False)], comparison, screen
    )
    drawn += _fitting([lines for lines in shown if lines is not None], comparison, screen)
    return screen.draw(*drawn, screen.text(closing(comparison)))


def _fitting(choices: Sequence[Lines], comparison: Comparison, screen: Screen) -> list[Table]:
    """The first that the screen is wide enough for, else the last; none if there is none."""
    tables = [_table(lines, comparison, screen) for lines in choices]
    return [next((table for table in tables if screen.fits(table)), tables[-1])] if tables else []


def _table(lines: Lines, comparison: Comparison, screen: Screen) -> Table:
    drawn = screen.table()
    for k, title in enumerate(lines.titles):
        drawn.add_column(screen.text(title), justify="right" if k else "left", overflow="fold")
    for standing, row in zip(comparison.models, lines.rows, strict=True):
        is_best = standing is comparison.best
        drawn.add_row(
            *(
                screen.text(text, "bold" if (is_best and not k) or text.endswith(MARK) else "")
                for k, text in enumerate(row)
            )
        )
    return drawn
