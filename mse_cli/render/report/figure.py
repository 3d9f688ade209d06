"""Figures of a column's errors by matplotlib (extra ``plot``): for a page, or as a file of their own."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mse_cli.core.exact import Integers
from mse_cli.core.tallies.pictures.bins import Counts
from mse_cli.render.report.texts import model_title, report_title
from mse_cli.render.screens.characters import ColorChoice
from mse_cli.render.summary import column_label
from mse_cli.running.report.report import Detail, Report

MOST_COLUMNS, MOST_MODELS = 1, 6
DETAIL = Detail(errors=40, values=40)
FAINTEST = 0.15  # of a bin with one cell beside the fullest
SETTINGS: dict[Any, Any] = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "mse",  # the same ids for the same numbers
    "image.composite_image": False,
}
SIZE = (4.4, 3.1)  # inches of one picture


class Palette(NamedTuple):
    """The colours of a figure."""

    ink: str = "#1c1c1e"
    line: str = "#8a8a90"
    accent: str = "#2463c4"


def detail_for(*, shares: bool) -> Detail:
    """The same for any matrix."""
    return DETAIL


def write(report: Report, path: str | None, color: ColorChoice) -> bytes:
    """The three pictures of one column beside each other, a row for each model, in the format of the file's suffix."""
    palette, rows, column = Palette(), len(report.pictures), report.pictures[0].counts.plan.column
    with rc_context(SETTINGS):
        size = (SIZE[0] * len(PICTURES), SIZE[1] * rows + 0.3)
        figure = Figure(figsize=size, layout="constrained")
        for picture, line in zip(report.pictures, figure.subplots(rows, len(PICTURES), squeeze=False), strict=True):
            for axes, draw in zip(line, PICTURES.values(), strict=True):
                draw(axes, picture.counts, palette)
            if report.comparison:
                title = model_title(report.comparison.models[picture.model], column)
                line[0].set_title(title, loc="left", fontsize=10, color=palette.ink, parse_math=False)
        name = column_label(report.result, column)
        figure.suptitle(f"{report_title(report)}: {name}", fontsize=11, color=palette.ink, parse_math=False)
        return _saved(figure, PurePath(path or "").suffix[1:].lower())


def _saved(figure: Figure, form: str) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # a name in letters that the font has not
        figure.savefig(stream, format=form, dpi=150, metadata={} if form == "png" else _undated(form))
    return stream.getvalue()


def _undated(form: str) -> dict[str, None]:
    """The same bytes for the same numbers."""
    return {"Date" if form == "svg" else "CreationDate": None}


def inline(counts: Counts, draw: Draw, palette: Palette, number: int) -> str:
    """One picture as an SVG element for a page, without a size of its own; its ids begin with its number."""
    with rc_context(SETTINGS | {"svg.hashsalt": str(number)}):
        figure = Figure(figsize=SIZE, layout="constrained")
        figure.patch.set_visible(False)
        draw(figure.subplots(), counts, palette)
        text = _saved(figure, "svg").decode()
    text = re.sub(r"(?s)<metadata>.*?</metadata>|<!--.*?-->", "", text[text.index("<svg") :])
    used = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", text))
    kept = {name for names in used for name in names if name}
    text = re.sub(r' id="([^"]*)"', lambda found: f' id="f{number}-{found[1]}"' if found[1] in kept else "", text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>f{number}-", text)
    return re.sub(r' (width|height)="[^"]*pt"', "", text, count=2)


def histogram(axes: Axes, counts: Counts, palette: Palette) -> None:
    """How many errors lie in each bin."""
    edges = counts.plan.errors.edges
    axes.stairs(counts.errors[1:-1], edges, fill=True, color=palette.accent)
    axes.axvline(0.0, color=palette.line, linewidth=0.8)
    _finish(axes, palette, "error A − Y" + outside_of(counts.errors), "cells")
    axes.set_xlim(edges[0], edges[-1])
    if not counts.errors[1:-1].any():
        axes.set_ylim(0, 1)  # not from −0.05 cells on
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def density(axes: Axes, counts: Counts, palette: Palette) -> None:
    """Where predicted meets actual, with the diagonal on which both are equal."""
    edges = counts.plan.values.edges
    ends = (edges[0], edges[-1])
    _shade(axes, counts.density[1:-1, 1:-1], (*ends, *ends), palette)
    axes.plot(ends, ends, color=palette.line, linewidth=0.9, linestyle=(0, (4, 3)))
    _finish(axes, palette, "actual Y" + outside_of(counts.density), "predicted A")


def spread(axes: Axes, counts: Counts, palette: Palette) -> None:
    """Which errors are made at which predictions, with the line of no error."""
    across, along = counts.plan.errors.edges, counts.plan.values.edges
    _shade(axes, counts.spread[1:-1, 1:-1], (along[0], along[-1], across[0], across[-1]), palette)
    axes.axhline(0.0, color=palette.line, linewidth=0.9, linestyle=(0, (4, 3)))
    _finish(axes, palette, "predicted A" + outside_of(counts.spread), "error A − Y")


def outside_of(counts: Integers) -> str:
    """What a label says of the cells that lie outside of its axes; nothing if there are none."""
    inside = counts[(slice(1, -1),) * counts.ndim]
    outside = int(counts.sum() - inside.sum())
    return f" ({outside} of {int(counts.sum())} outside)" if outside else ""


def _shade(axes: Axes, cells: Integers, extent: tuple[float, float, float, float], palette: Palette) -> None:
    """Darker where more cells are, by the square root of their number; the first axis to the right."""
    most = max(1, int(cells.max(initial=0)))
    shades = np.where(cells > 0, FAINTEST + (1 - FAINTEST) * np.sqrt(cells / most), 0.0)
    color = [int(palette.accent[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    image = np.empty((*shades.T.shape, 4))
    image[..., :3], image[..., 3] = color, shades.T
    axes.imshow(image, extent=extent, origin="lower", aspect="auto", interpolation="none")


def _finish(axes: Axes, palette: Palette, across: str, upwards: str) -> None:
    axes.set_xlabel(across, color=palette.ink)
    axes.set_ylabel(upwards, color=palette.ink)
    axes.tick_params(colors=palette.ink, color=palette.line)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_color(palette.line)


Draw = Callable[[Axes, Counts, Palette], None]
PICTURES: dict[str, Draw] = {
    "histogram of errors": histogram,
    "predicted against actual": density,
    "error against predicted": spread,
}
