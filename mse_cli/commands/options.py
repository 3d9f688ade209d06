"""Options that several commands share, each declared once."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from mse_cli.errors import UsageError

INPUT, LOSS, OUTPUT, RUNNING = "Input", "Loss", "Output", "Running"


class MissingChoice(StrEnum):
    """--missing."""

    fail = "fail"
    skip_cell = "skip-cell"
    skip_row = "skip-row"
    propagate = "propagate"


class HeaderOption(StrEnum):
    """--header."""

    auto = "auto"
    yes = "yes"
    no = "no"


class ReductionOption(StrEnum):
    """--reduction."""

    mean = "mean"
    sum = "sum"


class ColorOption(StrEnum):
    """--color."""

    auto = "auto"
    always = "always"
    never = "never"


Pred = Annotated[
    str | None,
    typer.Option(
        "--pred",
        metavar="COLS",
        help="Columns of the prediction: names, numbers from 1, ranges 2-4, comma-separated; a member of an .npz.",
        rich_help_panel=INPUT,
    ),
]
True_ = Annotated[
    str | None, typer.Option("--true", metavar="COLS", help="Columns of the target, likewise.", rich_help_panel=INPUT)
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", metavar="COL", help="Match rows by this column instead of by position.", rich_help_panel=INPUT
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="FILE",
        help="Weights of at least 0: N×1 (rows), 1×C (columns) or N×C (cells).",
        rich_help_panel=INPUT,
    ),
]
WeightColumn = Annotated[
    str | None,
    typer.Option(
        "--weight-column", metavar="COL", help="Row weights from a column of TRUTH or TABLE.", rich_help_panel=INPUT
    ),
]
MissingPolicy = Annotated[
    MissingChoice, typer.Option("--missing", help="What NaN and missing cells do.", rich_help_panel=INPUT)
]
Header = Annotated[
    HeaderOption,
    typer.Option("--header", help="Whether the first row of a text file holds names.", rich_help_panel=INPUT),
]
Delimiter = Annotated[
    str,
    typer.Option(
        "--delimiter",
        metavar="CHAR",
        help="What separates cells: a character, tab or space; auto finds it.",
        rich_help_panel=INPUT,
    ),
]
Decimal = Annotated[
    str, typer.Option("--decimal", metavar="CHAR", help="The decimal sign: . or ,", rich_help_panel=INPUT)
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="J",
        min=1,
        help="Worker processes for text files; by default as many as help.",
        rich_help_panel=RUNNING,
        show_default=False,
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        "--dask",
        metavar="ADDRESS|local",
        help="Run on a Dask cluster: a scheduler's address, or local for one on this machine (with -j workers).",
        rich_help_panel=RUNNING,
        show_default=False,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No notes and no progress on standard error.", rich_help_panel=RUNNING)
]


def delimiter_of(text: str) -> str | None:
    r"""The character that --delimiter means, ``None`` for auto.

    >>> delimiter_of("tab"), delimiter_of("auto"), delimiter_of(";")
    ('\t', None, ';')
    """
    return {"auto": None, "tab": "\t", "\\t": "\t", "space": " "}.get(text, text)


def decimal_of(text: str) -> str:
    """The decimal sign.

    Raises:
        UsageError: if it is neither a point nor a comma.
    """
    if text not in {".", ","}:
        raise UsageError("--decimal is . or ,")
    return text
