"""``mse compare``: which of several models is the best, and whether the others can be told from it."""

# No annotations as text: see cli.py.
import contextlib
import math
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mse_cli import comparison as comparisons
from mse_cli import readers, running
from mse_cli.commands import groups, options
from mse_cli.commands.options import LOSS, OUTPUT
from mse_cli.errors import UsageError, printable, quote
from mse_cli.render.files.destination import refuse_overwriting, writing
from mse_cli.render.number_text import exact
from mse_cli.render.printing import Printout
from mse_cli.render.screens.messages import note, warn_of
from mse_cli.render.screens.progress import RowsDone

if TYPE_CHECKING:
    from mse_cli.comparison import Comparison
    from mse_cli.readers import InputOptions

EXAMPLES = options.examples(
    "mse compare linear.csv forest.csv boost.csv truth.csv --key id",
    "mse compare table.csv --pred linear,forest --true price --only best",
    "mse compare new.npy old.npy truth.npy --baseline old.npy --max-increase 2%",
)


@groups.grouped(inputs=groups.INPUTS, printout=groups.PRINTED_COMPARISON)
def compare(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="PREDS PREDS... TRUTH",
            help="The models' predictions, each as of mse compute, and last the target. With --pred and --true: one "
            "TABLE; each column of --pred is a model.",
            show_default=False,
        ),
    ],
    *,
    inputs: "InputOptions",
    reduction: options.ReductionChoice = "mean",
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="MODEL",
            help="Compare with this model instead of the best.",
            rich_help_panel=LOSS,
            show_default=False,
        ),
    ] = None,
    max_increase: Annotated[
        str | None,
        typer.Option(
            "--max-increase",
            metavar="X|P%",
            help="Exit with 1 when the first other model's loss is greater than the baseline's by more than that.",
            rich_help_panel=LOSS,
            show_default=False,
        ),
    ] = None,
    printout: Printout,
    only: Annotated[
        Literal["best"] | None,
        typer.Option("--only", metavar="best", help="Print the best model alone.", rich_help_panel=OUTPUT),
    ] = None,
    jobs: options.Jobs = None,
    dask: options.Dask = None,
    quiet: options.Quiet = False,
) -> None:
    """Compare the predictions of several models with one target, on the same cells: the best first."""
    limit = None if max_increase is None else _increase(max_increase)
    if limit is not None and baseline is None:
        raise UsageError("--max-increase is an increase over a baseline", hint="--baseline MODEL")
    read = [*files, *([inputs.weights] if inputs.weights is not None else [])]
    refuse_overwriting([printout.path], [path for spec in read for path in readers.files_of(spec)])
    with contextlib.ExitStack() as outputs:
        printed = outputs.enter_context(writing(printout.path))  # before the long work: a bad path fails at once
        models = comparisons.open_models(files, replace(inputs, read_again=False))
        chosen = None if baseline is None else comparisons.named_model(baseline, models.names)
        tell = partial(note, quiet=quiet)
        tell(models.pair.notes)
        backend = outputs.enter_context(running.backend_for(models.pair, dask=dask, jobs=jobs, tell=tell))
        with RowsDone("read", backend.pair.n_rows, wanted=not quiet) as progress:
            found = comparisons.compare_models(
                backend, models.names, reduction=reduction, baseline=chosen, progress=progress
            )
        tell(found.notes[len(models.pair.notes) :])
        warn_of(max((standing.result for standing in found.models), key=lambda result: (result.overflow, result.sse)))
        gate = None if limit is None else _gate(found, models.names, *limit)
        rendering = import_module("mse_cli.render.comparisons.writing")  # it draws with Rich
        rendering.write_comparison(rendering.Ranked(found, files[-1], gate), printout, only, printed)
    if gate is not None and not gate["passed"]:
        (broken,) = gate["limits"]
        note(
            [f"the loss of {printable(broken['of'])} is not at most {exact(broken['limit'])} (--max-increase)"],
            quiet=False,
        )
        raise typer.Exit(1)


def _increase(text: str) -> tuple[float, bool]:
    """The number of --max-increase, and whether it is in percent.

    Raises:
        UsageError: if it is none.
    """
    is_percent = text.endswith("%")
    number = text.removesuffix("%").strip()
    try:
        value = math.nan if readers.kind(number, ".") == "text" else float(number)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise UsageError(f"--max-increase takes a number or a percentage, not {quote(text)}", hint="--max-increase 2%")
    return value, is_percent


def _gate(found: "Comparison", names: tuple[str, ...], increase: float, is_percent: bool) -> dict[str, Any]:
    """Whether the first other model keeps to the baseline's loss and the increase, as JSON has it."""
    base = found.reference.result.loss
    first = next(standing for standing in found.given(names) if standing is not found.reference)
    limit = base * (1 + increase / 100) if is_percent else base + increase
    value, passed = first.result.loss, first.result.loss <= limit
    of = {"of": first.model, "limit": limit, "value": value, "passed": passed}
    return {"passed": passed, "limits": [{key: _or_null(entry) for key, entry in of.items()}]}


def _or_null(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
