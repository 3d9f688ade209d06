"""Options of the panel Loss, and what its limits do."""

# No annotations as text: see cli.py.
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli.commands.options import LOSS
from mse_cli.core.result import LOSSES, MOST_WORST, Reduction
from mse_cli.errors import quote
from mse_cli.render.number_text import exact
from mse_cli.render.screens.messages import note

if TYPE_CHECKING:
    from mse_cli.core.result import Result
    from mse_cli.running.comparison.standings import Comparison

By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="COLS",
        help="The loss of each group of rows that share the text of these columns of TRUTH, or else of PREDS.",
        rich_help_panel=LOSS,
    ),
]
Stats = Annotated[
    bool,
    typer.Option("--stats", help="Also the mean error (bias), the variance of the error and R².", rich_help_panel=LOSS),
]
FailAbove = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-above",
        metavar="[NAME=]X",
        help="Exit with 1 when the loss, or that of column NAME, is greater than X, or NaN; may be repeated.",
        rich_help_panel=LOSS,
        show_default=False,
    ),
]
Worst = Annotated[
    int | None,
    typer.Option(
        "--worst",
        metavar="K",
        min=1,
        max=MOST_WORST,
        help="List the K cells with the largest weighted squared error.",
        rich_help_panel=LOSS,
    ),
]
ReductionChoice = Annotated[
    Reduction,
    typer.Option(
        "--reduction",
        metavar="R",
        help=f"What the loss is: {' or '.join(f'{loss} ({name})' for name, loss in LOSSES.items())}.",
        rich_help_panel=LOSS,
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="RESULT.json",
        help="An earlier result (--format json), for --max-increase.",
        rich_help_panel=LOSS,
    ),
]
MaxIncrease = Annotated[
    str | None,
    typer.Option(
        "--max-increase",
        metavar="P%|X",
        help="Exit with 1 when the loss is greater than that of the --baseline by more than P percent, or by X.",
        rich_help_panel=LOSS,
    ),
]


def gate(result: "Result | Comparison") -> None:
    """Exit code 1 if a limit was exceeded, with the reason, which is no mere note."""
    failed = [limit for limit in result.gate if not limit.passed]
    for of, limit, value, _, option in failed:
        what = "the loss" if of == "loss" else f"the loss of {quote(of)}"
        note([f"{what} {exact(value)} is not at most {exact(limit)} ({option})"], quiet=False)
    if failed:
        raise typer.Exit(1)
