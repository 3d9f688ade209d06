"""Options that several commands share, each declared once."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli.errors import UsageError

if TYPE_CHECKING:
    from mse_cli.readers.opening import InputOptions

INPUT, LOSS, OUTPUT, RUNNING = "Input", "Loss", "Output", "Running"
EXIT_CODES = """Exit codes:
  0    done
  1    a check did not hold (--fail-above, mse check)
  2    wrong usage or bad input: nothing on standard output, no file written
  130  interrupted"""


def examples(*commands: str) -> str:
    """What stands below the options in the help: examples and the exit codes."""
    return "\n".join(["Examples:", *(f"  {command}" for command in commands), "", EXIT_CODES])


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


class Format(StrEnum):
    """--format."""

    table = "table"
    csv = "csv"
    tsv = "tsv"
    json = "json"
    markdown = "markdown"
    npy = "npy"


class Only(StrEnum):
    """--only."""

    se = "se"
    sse = "sse"
    mse = "mse"
    rmse = "rmse"
    gradient = "gradient"


class OnlyScalar(StrEnum):
    """--only, where there are no matrices."""

    sse = "sse"
    mse = "mse"
    rmse = "rmse"


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
    MissingChoice,
    typer.Option(
        "--missing",
        metavar="POLICY",
        help="What NaN and missing cells do: fail, skip-cell, skip-row or propagate.",
        rich_help_panel=INPUT,
    ),
]
Header = Annotated[
    HeaderOption,
    typer.Option(
        "--header",
        metavar="CHOICE",
        help="Whether the first row of a text file holds names: auto, yes or no.",
        rich_help_panel=INPUT,
    ),
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
    str,
    typer.Option("--decimal", metavar="CHAR", help="The decimal sign: . or , ; auto finds it.", rich_help_panel=INPUT),
]
Na = Annotated[
    list[str] | None,
    typer.Option(
        "--na",
        metavar="WORD",
        help="One more word that means a missing cell; may be repeated.",
        rich_help_panel=INPUT,
        show_default=False,
    ),
]
FailAbove = Annotated[
    float | None,
    typer.Option(
        "--fail-above",
        metavar="X",
        help="Exit with 1 when the loss is greater than X, or NaN.",
        rich_help_panel=LOSS,
    ),
]
Worst = Annotated[
    int | None,
    typer.Option(
        "--worst",
        metavar="K",
        min=1,
        help="List the K cells with the largest weighted squared error.",
        rich_help_panel=LOSS,
    ),
]
OnlyOne = Annotated[
    Only | None,
    typer.Option(
        "--only",
        metavar="QUANTITY",
        help="Print se, sse, mse, rmse or gradient alone; a scalar as a bare number.",
        rich_help_panel=OUTPUT,
    ),
]
OnlyOneScalar = Annotated[
    OnlyScalar | None,
    typer.Option(
        "--only", metavar="QUANTITY", help="Print sse, mse or rmse alone, as a bare number.", rich_help_panel=OUTPUT
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="table, csv, tsv, json, markdown or npy; by default a table, or what the suffix of --output says.",
        rich_help_panel=OUTPUT,
    ),
]
OutputFile = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write to a file, not to standard output.", rich_help_panel=OUTPUT
    ),
]
MaxCols = Annotated[
    int,
    typer.Option(
        "--max-cols", metavar="K", min=1, help="Columns of a matrix that a table shows.", rich_help_panel=OUTPUT
    ),
]
All = Annotated[bool, typer.Option("--all", help="Show all rows and columns in tables.", rich_help_panel=OUTPUT)]
Color = Annotated[
    ColorOption,
    typer.Option("--color", metavar="WHEN", help="Colour in tables: auto, always or never.", rich_help_panel=OUTPUT),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        metavar="J",
        min=1,
        help="How many work at once: processes for text, threads for arrays; by default as many as help.",
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


def input_options(
    pred: str | None,
    true: str | None,
    key: str | None,
    weights: str | None,
    weight_column: str | None,
    missing: MissingChoice,
    header: HeaderOption,
    delimiter: str,
    decimal: str,
    na: list[str] | None = None,
    *,
    read_again: bool,
) -> InputOptions:
    """The options of the panel Input, as the readers take them."""
    from mse_cli.readers.opening import InputOptions
    from mse_cli.readers.text.layout import Dialect

    return InputOptions(
        pred=pred,
        true=true,
        key=key,
        weights=weights,
        weight_column=weight_column,
        dialect=Dialect(header.value, delimiter_of(delimiter), decimal_of(decimal), missing.value, tuple(na or ())),
        read_again=read_again,
    )


def delimiter_of(text: str) -> str | None:
    r"""The character that --delimiter means, ``None`` for auto.

    >>> delimiter_of("tab"), delimiter_of("auto"), delimiter_of(";")
    ('\t', None, ';')
    """
    return {"auto": None, "tab": "\t", "\\t": "\t", "space": " "}.get(text, text)


def decimal_of(text: str) -> str:
    """The decimal sign, or auto.

    Raises:
        UsageError: if it is none of these.
    """
    if text not in {"auto", ".", ","}:
        raise UsageError("--decimal is auto, . or ,")
    return text
