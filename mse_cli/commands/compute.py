"""``mse compute``: the loss of a prediction against a target."""

from __future__ import annotations

import contextlib
import math
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli.commands import options, report
from mse_cli.commands.options import LOSS, OUTPUT
from mse_cli.commands.streams import note, warn
from mse_cli.errors import UsageError

if TYPE_CHECKING:
    from mse_cli.evaluate import Evaluation

FAST_NOTE = "with the extra `fast` (pip install 'mse-cli[fast]') text files of this size are read much faster"
EXAMPLES = """
Examples:

  mse compute preds.csv truth.csv

  mse compute preds.npy truth.npy --only mse

  mse compute table.csv --pred price_hat --true price --format json
"""


def compute(
    preds: Annotated[
        str,
        typer.Argument(
            metavar="PREDS",
            help="The prediction A: CSV, NPY or NPZ; a quoted glob; a FOLDER/; s3://… and other addresses; - for "
            "standard input. "
            "With --pred and --true: a TABLE that holds both.",
            show_default=False,
        ),
    ],
    truth: Annotated[
        str | None, typer.Argument(metavar="TRUTH", help="The target Y, of the same shape.", show_default=False)
    ] = None,
    pred: options.Pred = None,
    true: options.True_ = None,
    key: options.Key = None,
    weights: options.Weights = None,
    weight_column: options.WeightColumn = None,
    missing: options.MissingPolicy = options.MissingChoice.fail,
    header: options.Header = options.HeaderOption.auto,
    delimiter: options.Delimiter = "auto",
    decimal: options.Decimal = ".",
    reduction: Annotated[
        options.ReductionOption,
        typer.Option("--reduction", help="What the loss is: MSE (mean) or SSE (sum).", rich_help_panel=LOSS),
    ] = options.ReductionOption.mean,
    fail_above: Annotated[
        float | None,
        typer.Option(
            "--fail-above",
            metavar="X",
            help="Exit with 1 when the loss is greater than X, or NaN.",
            rich_help_panel=LOSS,
        ),
    ] = None,
    worst: Annotated[
        int | None,
        typer.Option(
            "--worst",
            metavar="K",
            min=1,
            help="List the K cells with the largest weighted squared error.",
            rich_help_panel=LOSS,
        ),
    ] = None,
    only: Annotated[
        report.Only | None,
        typer.Option("--only", help="Print one quantity alone; a scalar as a bare number.", rich_help_panel=OUTPUT),
    ] = None,
    format_: Annotated[
        report.Format | None,
        typer.Option(
            "--format",
            "-f",
            help="How to print it; by default a table, or what the suffix of --output says.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to a file instead of standard output.", rich_help_panel=OUTPUT
        ),
    ] = None,
    save_se: Annotated[
        str | None,
        typer.Option(
            "--save-se",
            metavar="FILE|DIR/",
            help="Also write SE, whole, as .npy, .csv or .csv.gz; DIR/ as a .npy per file of PREDS.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    save_gradient: Annotated[
        str | None,
        typer.Option(
            "--save-gradient", metavar="FILE|DIR/", help="Also write the gradient, likewise.", rich_help_panel=OUTPUT
        ),
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Scalars only, no matrices.", rich_help_panel=OUTPUT)
    ] = False,
    digits: Annotated[
        int,
        typer.Option(
            "--digits", min=1, max=17, help="Significant digits of matrix cells in tables.", rich_help_panel=OUTPUT
        ),
    ] = 6,
    max_rows: Annotated[
        int, typer.Option("--max-rows", min=1, help="Rows of a matrix that a table shows.", rich_help_panel=OUTPUT)
    ] = 10,
    max_cols: Annotated[
        int, typer.Option("--max-cols", min=1, help="Columns of a matrix that a table shows.", rich_help_panel=OUTPUT)
    ] = 8,
    all_: Annotated[
        bool, typer.Option("--all", help="Show all rows and columns in tables.", rich_help_panel=OUTPUT)
    ] = False,
    color: Annotated[
        options.ColorOption, typer.Option("--color", help="Colour in tables.", rich_help_panel=OUTPUT)
    ] = options.ColorOption.auto,
    jobs: options.Jobs = None,
    dask: options.Dask = None,
    quiet: options.Quiet = False,
) -> None:
    """Compute squared error, SSE, MSE and the gradient of a prediction against a target."""
    # Here and not above: NumPy, which `mse --help` does not need, takes longer to load than all the rest.
    from mse_cli.backends import could_be_faster
    from mse_cli.commands.running import running, saving_shards
    from mse_cli.destination import writing
    from mse_cli.evaluate import evaluate_pair
    from mse_cli.readers.layout import Dialect
    from mse_cli.readers.opening import InputOptions, open_pair
    from mse_cli.render.progress import RowsRead

    what = report.Report(
        format=report.format_of(format_, output),
        only=only,
        summary=summary,
        digits=digits,
        most_rows=report.EVERYTHING if all_ else max_rows,
        most_columns=report.EVERYTHING if all_ else max_cols,
        color=color.value,
        path=output,
    )
    saves = {"se": save_se, "gradient": save_gradient}
    _check_paths(output, saves)
    inputs = InputOptions(
        pred=pred,
        true=true,
        key=key,
        weights=weights,
        weight_column=weight_column,
        dialect=Dialect(header.value, options.delimiter_of(delimiter), options.decimal_of(decimal), missing.value),
        read_again=what.reads_again or any(saves.values()),
    )
    with contextlib.ExitStack() as outputs:
        files = {name: path for name, path in saves.items() if path and not path.endswith("/")}
        streams = {name: outputs.enter_context(writing(path)) for name, path in files.items()}
        printed = outputs.enter_context(writing(output))
        pair = open_pair(preds, truth, inputs)
        note(pair.notes, quiet=quiet)
        if sys.stderr.isatty() and could_be_faster(pair):
            note([FAST_NOTE], quiet=quiet)
        there = outputs.enter_context(running(pair, dask=dask, jobs=jobs, quiet=quiet))
        folders = {name: path for name, path in saves.items() if path and path.endswith("/")}
        shards = {name: outputs.enter_context(saving_shards(path, name, there)) for name, path in folders.items()}
        with RowsRead(pair.n_rows, wanted=not quiet) as rows_read:
            evaluation = evaluate_pair(
                there.pair,
                reduction=reduction.value,
                worst=worst,
                edge_rows=what.edge_rows,
                run=there.run,
                watch=rows_read if dask is None else None,  # a cluster's progress is told by its tasks
            )
        _warn(evaluation)
        for name, stream in streams.items():
            blocks = evaluation.se() if name == "se" else evaluation.gradient()
            for part in report.matrix_as_file(saves[name] or "", blocks, evaluation):
                stream.write(part)
        for save in shards.values():
            save(evaluation)
        report.write(what, evaluation, (preds,) if truth is None else (preds, truth), printed)
    _gate(evaluation.result.loss, fail_above)


def _check_paths(output: str | None, saves: dict[str, str | None]) -> None:
    for name, path in saves.items():
        report.check_matrix_path(path, f"--save-{name}")
    paths = [path for path in (output, *saves.values()) if path]
    if len(set(paths)) < len(paths):
        raise UsageError("two outputs would be written to the same file")


def _warn(evaluation: Evaluation) -> None:
    if evaluation.result.overflow:
        warn("the square of an error is larger than float64 can hold (1.8e308) and stands as inf")
    elif math.isinf(evaluation.result.sse):
        warn("the sum of the squared errors is larger than float64 can hold (1.8e308) and stands as inf")


def _gate(loss: float, limit: float | None) -> None:
    """Exit code 1 if the loss is above the limit, or no number."""
    if limit is not None and not loss <= limit:
        raise typer.Exit(1)
