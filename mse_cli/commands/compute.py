"""``mse compute``: the loss of a prediction against a target."""

# No annotations as text: see cli.py.
import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli.commands import options
from mse_cli.commands.options import LOSS, OUTPUT
from mse_cli.commands.streams import is_watched, note
from mse_cli.render import request
from mse_cli.render.files.destination import refuse_overwriting, writing

if TYPE_CHECKING:
    from mse_cli.render.files.shard_folder import SaveShards
    from mse_cli.running.backend import Backend

FAST_NOTE = "with the extra `fast` (pip install 'mse-cli[fast]') text files of this size are read much faster"
EXAMPLES = options.examples(
    "mse compute preds.csv truth.csv",
    "mse compute preds.npy truth.npy --only mse",
    "mse compute table.csv --pred price_hat --true price --format json",
)


def compute(
    preds: Annotated[
        str,
        typer.Argument(
            metavar="PREDS",
            help="The prediction A: CSV, NPY, NPZ, Parquet or Arrow; a quoted glob; a FOLDER/; s3://… and other "
            "addresses; - for standard input. With --pred and --true: a TABLE that holds both.",
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
    decimal: options.Decimal = "auto",
    na: options.Na = None,
    reduction: Annotated[
        options.ReductionOption,
        typer.Option(
            "--reduction", metavar="R", help="What the loss is: MSE (mean) or SSE (sum).", rich_help_panel=LOSS
        ),
    ] = options.ReductionOption.mean,
    fail_above: options.FailAbove = None,
    worst: options.Worst = None,
    only: options.OnlyOne = None,
    format_: options.FormatOption = None,
    output: options.OutputFile = None,
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
            "--digits",
            metavar="D",
            min=1,
            max=17,
            help="Significant digits of matrix cells in tables.",
            rich_help_panel=OUTPUT,
        ),
    ] = 6,
    max_rows: Annotated[
        int,
        typer.Option(
            "--max-rows", metavar="R", min=1, help="Rows of a matrix that a table shows.", rich_help_panel=OUTPUT
        ),
    ] = 10,
    max_cols: options.MaxCols = 8,
    all_: options.All = False,
    color: options.Color = options.ColorOption.auto,
    jobs: options.Jobs = None,
    dask: options.Dask = None,
    quiet: options.Quiet = False,
) -> None:
    """Compute squared error, SSE, MSE and the gradient of a prediction against a target."""
    # Here and not above: NumPy, which `mse --help` does not need, takes longer to load than all the rest.
    from mse_cli.readers.opening import open_pair
    from mse_cli.readers.sources.files import files_of
    from mse_cli.render.printing import save, write
    from mse_cli.render.screens.progress import RowsDone
    from mse_cli.running.backend import backend_for, could_be_faster
    from mse_cli.running.evaluation import MatrixName, evaluate_pair

    limit = request.limit_of(fail_above)
    what = request.Report(
        format=request.format_of(format_, output),
        only=only,
        summary=summary,
        digits=digits,
        most_rows=request.EVERYTHING if all_ else max_rows,
        most_columns=request.EVERYTHING if all_ else max_cols,
        color=color.value,
        path=output,
    )
    saves: dict[MatrixName, str | None] = {"se": save_se, "gradient": save_gradient}
    for name, path in saves.items():
        request.check_matrix_path(path, f"--save-{name}")
    read = [spec for spec in (preds, truth, weights) if spec is not None]
    refuse_overwriting([output, save_se, save_gradient], [path for spec in read for path in files_of(spec)])
    inputs = options.input_options(
        pred,
        true,
        key,
        weights,
        weight_column,
        missing,
        header,
        delimiter,
        decimal,
        na,
        read_again=what.reads_again or any(saves.values()),
    )
    with contextlib.ExitStack() as outputs:
        files = {name: path for name, path in saves.items() if path and not path.endswith("/")}
        streams = {name: outputs.enter_context(writing(path)) for name, path in files.items()}
        printed = outputs.enter_context(writing(output))
        pair = open_pair(preds, truth, inputs)
        note(pair.notes, quiet=quiet)
        if is_watched() and could_be_faster(pair):
            note([FAST_NOTE], quiet=quiet)
        there = outputs.enter_context(
            backend_for(pair, dask=dask, jobs=jobs, tell=lambda text: note([text], quiet=quiet))
        )
        folders = {name: path for name, path in saves.items() if path and path.endswith("/")}
        shards = {name: outputs.enter_context(_saving_shards(path, there)) for name, path in folders.items()}
        with RowsDone("read", there.pair.n_rows, wanted=not quiet) as progress:
            evaluation = evaluate_pair(
                there,
                reduction=reduction.value,
                worst=worst,
                edge_rows=what.edge_rows,
                progress=progress,
            )
        request.warn_of(evaluation.result)
        for name, stream in streams.items():
            with RowsDone(f"saved ({name})", evaluation.result.shape[0], wanted=not quiet) as progress:
                save(name, saves[name] or "", evaluation, stream, there, progress)
        for name, save_shards in shards.items():
            with RowsDone(f"saved ({name})", evaluation.result.shape[0], wanted=not quiet) as progress:
                save_shards(evaluation.of_block(name), progress)
        with RowsDone("written", evaluation.result.shape[0], wanted=not quiet) as progress:
            write(what, evaluation, (preds,) if truth is None else (preds, truth), printed, there, progress)
    request.gate(evaluation.result, limit, quiet=quiet)


def _saving_shards(folder: str, there: "Backend") -> "contextlib.AbstractContextManager[SaveShards]":
    from mse_cli.render.files.shard_folder import saving  # most runs save none

    return saving(folder, there.pair, there.mapped)
