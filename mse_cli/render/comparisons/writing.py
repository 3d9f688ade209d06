"""A comparison of models as text: tables and a closing sentence for people, a row or an object a model for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from rich.console import RenderableType
from rich.table import Table

from mse_cli.core.result import SCHEMA_VERSION
from mse_cli.errors import ParseError, printable
from mse_cli.render.comparisons.texts import MARK, Limits, Lines, closing, detail_lines, model_lines, opening
from mse_cli.render.formats.json_text import Plain, plain_columns, plain_gate, plain_groups, plain_scalars
from mse_cli.render.formats.markdown import escaped, table
from mse_cli.render.formats.rows import DELIMITERS, render_rows
from mse_cli.render.number_text import exact, json_value
from mse_cli.render.printing import Printout
from mse_cli.render.screens.characters import shown_in
from mse_cli.render.screens.screen import Screen
from mse_cli.running.comparison.standings import Comparison, Standing

if TYPE_CHECKING:
    from mse_cli.render.files.destination import Output

OnlyBest = Literal["best"]
PROMPT, FEWEST_GROUPS = 1, 2  # lines of the shell; those of groups that are shown on however low a screen
FIGURES = ("ratio", "difference", "standard_error", "low", "high", "rows_better")


def write_comparison(
    comparison: Comparison, truth: str, printout: Printout, only: OnlyBest | None, stream: Output
) -> None:
    """Write it, or the best model alone, as the printout says; ``truth`` is what the user calls the target."""
    if only is not None:
        text = _best_alone(comparison, printout)
    elif printout.format == "json":
        text = json.dumps(_plain(comparison), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    elif printout.format in {"csv", "tsv"}:
        text = _delimited(_fields_of_models(comparison), printout)
    elif printout.format == "markdown":
        text = shown_in(marked(comparison, truth, printout), printout.encoding)
    else:
        screen = Screen(sys.stdout if printout.to_standard_output else None, printout.color)
        text = drawn(comparison, truth, printout, screen)
    stream.write(text.encode(printout.encoding, "backslashreplace"))


def _best_alone(comparison: Comparison, printout: Printout) -> str:
    name = comparison.best.model if comparison.best else None
    if printout.format == "json":
        return json.dumps(name, ensure_ascii=False) + "\n"
    if name is None:
        raise ParseError("no model has a loss that is a number: there is no best one")
    if printout.format == "table":
        return printable(name) + "\n"
    return table(["best"], [[name]]) if printout.format == "markdown" else _delimited([["best"], [name]], printout)


def _plain(comparison: Comparison) -> Plain:
    result = comparison.models[0].result
    warnings = [text for standing in comparison.models for text in standing.result.warnings]
    return {
        "schema_version": SCHEMA_VERSION,
        "shape": list(result.shape),
        "cells_used": result.cells_used,
        "cells_total": result.cells_total,
        "divisor": json_value(result.divisor),
        "reduction": result.reduction,
        "models": [_plain_model(standing) for standing in comparison.models],
        "best": comparison.best.model if comparison.best else None,
        "baseline": comparison.reference.model if comparison.baseline else None,
        **({"gate": plain_gate(comparison.gate)} if comparison.gate else {}),
        "notes": list(dict.fromkeys([*comparison.notes, *warnings])),
    }


def _plain_model(standing: Standing) -> Plain:
    result = standing.result
    return {
        "model": standing.model,
        "rank": standing.rank,
        "loss": json_value(result.loss),
        **plain_scalars(result.scalars()),
        "columns": plain_columns(result),
        **dict(zip(FIGURES, map(json_value, _figures(standing)), strict=True)),
        **({"groups": plain_groups(result)} if result.by else {}),
    }


def _figures(standing: Standing) -> list[float | None]:
    found = standing.difference
    if found is None:
        return [standing.ratio, *[None] * 5]
    return [standing.ratio, found.value, found.standard_error, found.low, found.high, found.rows_better]


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


def tables_of(comparison: Comparison, limits: Limits) -> list[Lines]:
    """The tables as wide as they are: of the models and, if there are columns or groups, of these."""
    return [model_lines(comparison, limits.digits), *_details(comparison, limits)[:1]]


def marked(comparison: Comparison, truth: str, printout: Printout) -> str:
    """It in Markdown."""
    texts = [table(lines.titles, lines.rows) for lines in tables_of(comparison, limits_of(printout))]
    sentences = map(escaped, (opening(comparison, truth), closing(comparison)))
    return "\n".join([*texts, "  \n".join(sentences) + "\n"])


def limits_of(printout: Printout) -> Limits:
    """How much the tables of a printout show."""
    return Limits(printout.digits, printout.most_columns, printout.rows_shown)


def _details(comparison: Comparison, limits: Limits) -> list[Lines]:
    """The table of columns and groups with all models, with one less, and so on; none if it has no rows."""
    counts = range(len(comparison.models), 0, -1)
    return [lines for k in counts if (lines := detail_lines(comparison, limits, k)).rows]


def drawn(comparison: Comparison, truth: str, printout: Printout, screen: Screen) -> str:
    """It for people, fitted to the screen: if it is low, with fewer groups."""
    text = _drawn(comparison, truth, printout, screen)
    if screen.lines is None or printout.most_rows is not None:
        return text
    beyond = text.count("\n") + PROMPT - screen.lines
    n_groups = min(printout.rows_shown, len(comparison.models[0].result.groups))
    if beyond <= 0 or n_groups <= FEWEST_GROUPS:
        return text
    fewer = max(FEWEST_GROUPS, n_groups - beyond - (n_groups == len(comparison.models[0].result.groups)))
    return _drawn(comparison, truth, replace(printout, most_rows=fewer), screen)


def _drawn(comparison: Comparison, truth: str, printout: Printout, screen: Screen) -> str:
    return screen.draw(screen.text(opening(comparison, truth)), *drawn_tables(comparison, screen, limits_of(printout)))


def drawn_tables(comparison: Comparison, screen: Screen, limits: Limits) -> list[RenderableType]:
    """The models, their columns and groups, each as wide as the screen has room for, and the closing sentence."""
    drawn: list[RenderableType] = []
    widths = [model_lines(comparison, limits.digits, wide=wide) for wide in (True, False)]
    for choices in (widths, _details(comparison, limits)):
        tables = [_table(lines, comparison, screen) for lines in choices]
        if tables:
            drawn.append(next((table for table in tables if screen.fits(table)), tables[-1]))
    return [*drawn, screen.text(closing(comparison))]


def _table(lines: Lines, comparison: Comparison, screen: Screen) -> Table:
    drawn = screen.table()
    for k, title in enumerate(lines.titles):
        drawn.add_column(screen.text(title), justify="right" if k else "left", overflow="fold")
    best = comparison.best and printable(comparison.best.name)
    for i, row in enumerate(lines.rows):
        if i and i == lines.section:
            drawn.add_section()
        bold = ["bold" if text == best or text.endswith(MARK) else "" for text in row]
        drawn.add_row(*map(screen.text, row, bold))
    return drawn
