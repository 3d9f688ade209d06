"""Options that several commands share, each declared once."""

# No annotations as text: see cli.py.
from typing import Annotated, get_args

import typer

from mse_cli.core.result import Language, Missing, Unmatched
from mse_cli.readers.text.dialect import DecimalChoice, HeaderChoice
from mse_cli.render.printing import Format, Only, OnlyScalars
from mse_cli.render.screens.characters import ColorChoice

INPUT, LOSS, OUTPUT, RUNNING = "Input", "Loss", "Output", "Running"
EXIT_CODES = """Exit codes:
  0    done
  1    a check did not hold (--fail-above, --max-increase, mse check)
  2    wrong usage or bad input: nothing on standard output, no file written
  130  interrupted"""


def examples(*commands: str) -> str:
    r"""What stands directly below the first sentence of the help; Typer keeps the lines of what begins with ``\b``."""
    return "\n".join(["\b", "Examples:", *(f"  {command}" for command in commands)])


def counting(dask: str | None) -> str:
    """What is done before rows are read, as people are told."""
    return "counting" if dask is None else "connecting and counting"


def listed(choices: object) -> str:
    """The values of a closed choice, in a sentence.

    >>> listed(HeaderChoice)
    'auto, yes or no'
    """
    *others, last = get_args(choices)
    return f"{', '.join(others)} or {last}"


Pred = Annotated[
    str | None,
    typer.Option(
        "--pred",
        metavar="COLS",
        help="Columns of the prediction: names, numbers, ranges 2-4, comma-separated; a member of an .npz.",
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
NoKey = Annotated[
    bool,
    typer.Option(
        "--no-key",
        help="Rows belong together by position although a column says otherwise.",
        rich_help_panel=INPUT,
    ),
]
UnmatchedRows = Annotated[
    Unmatched,
    typer.Option(
        "--unmatched",
        metavar="CHOICE",
        help="What rows do whose key the other file has not: fail, or drop to leave them out.",
        rich_help_panel=INPUT,
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
    Missing,
    typer.Option(
        "--missing",
        metavar="POLICY",
        help=f"What NaN and missing cells do: {listed(Missing)}.",
        rich_help_panel=INPUT,
    ),
]
Header = Annotated[
    HeaderChoice,
    typer.Option(
        "--header",
        metavar="CHOICE",
        help=f"Whether the first row of a text file holds names: {listed(HeaderChoice)}.",
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
    DecimalChoice,
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


OnlyOne = Annotated[
    Only | None,
    typer.Option(
        "--only",
        metavar="QUANTITY",
        help=f"Print {listed(Only)} alone; a scalar as a bare number.",
        rich_help_panel=OUTPUT,
    ),
]
OnlyOneScalar = Annotated[
    OnlyScalars | None,
    typer.Option(
        "--only",
        metavar="QUANTITY",
        help=f"Print {listed(OnlyScalars)} alone; a scalar as a bare number.",
        rich_help_panel=OUTPUT,
    ),
]
FormatOption = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help=f"{listed(Format)}; by default a table, or what the suffix of --output says.",
        rich_help_panel=OUTPUT,
    ),
]
OutputFile = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to a file instead.", rich_help_panel=OUTPUT),
]
MaxCols = Annotated[
    int,
    typer.Option(
        "--max-cols", metavar="K", min=1, help="Columns of a matrix (8).", rich_help_panel=OUTPUT, show_default=False
    ),
]
All = Annotated[bool, typer.Option("--all", help="Show all rows and columns in tables.", rich_help_panel=OUTPUT)]
Color = Annotated[
    ColorChoice,
    typer.Option(
        "--color",
        metavar="WHEN",
        help=f"Colour: {listed(ColorChoice)}.",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
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
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="S",
        help="How many seconds the server of an address may say nothing.",
        rich_help_panel=INPUT,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No notes and no progress on standard error.", rich_help_panel=RUNNING)
]
Lang = Annotated[
    Language | None,
    typer.Option("--lang", help="Language of the text; by default that of the locale.", rich_help_panel=OUTPUT),
]
SaveSE = Annotated[
    str | None,
    typer.Option(
        "--save-se",
        metavar="FILE|DIR/",
        help="Also write SE, whole, as .npy, .csv or .csv.gz; DIR/ as a .npy per file of PREDS.",
        rich_help_panel=OUTPUT,
    ),
]
SaveGradient = Annotated[
    str | None,
    typer.Option(
        "--save-gradient", metavar="FILE|DIR/", help="Also write the gradient, likewise.", rich_help_panel=OUTPUT
    ),
]
Summary = Annotated[bool, typer.Option("--summary", help="Scalars only, no matrices.", rich_help_panel=OUTPUT)]
Digits = Annotated[
    int,
    typer.Option(
        "--digits",
        metavar="D",
        min=1,
        max=17,
        help="Significant digits of cells (6).",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
MaxRows = Annotated[
    int | None,
    typer.Option(
        "--max-rows",
        metavar="R",
        min=1,
        help="Rows of a matrix (10, or what fits).",
        rich_help_panel=OUTPUT,
    ),
]
