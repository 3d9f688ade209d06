"""``mse compare``: which of several models is the best, and whether the others can be told from it."""

# No annotations as text: see cli.py.
import contextlib
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mse_cli import readers, running
from mse_cli.commands import options
from mse_cli.commands.options import LOSS, OUTPUT, groups, losses
from mse_cli.errors import UsageError
from mse_cli.render.files.destination import refuse_overwriting, writing
from mse_cli.render.printing import Printout
from mse_cli.render.screens.messages import note, warn_of
from mse_cli.render.screens.progress import Phase
from mse_cli.running import comparison as comparisons

if TYPE_CHECKING:
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
    reduction: losses.ReductionChoice = "mean",
    by: losses.By = None,
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
    if max_increase is not None:
        running.check_increase(max_increase)
        if baseline is None:
            raise UsageError("--max-increase is an increase over a baseline", hint="--baseline MODEL")
    read = [*files, *([inputs.weights] if inputs.weights is not None else [])]
    refuse_overwriting([printout.path], [path for spec in read for path in readers.files_of(spec)])
    phase, tell = partial(Phase, wanted=not quiet), partial(note, quiet=quiet)
    with contextlib.ExitStack() as outputs:
        printed = outputs.enter_context(writing(printout.path))  # before the long work: a bad path fails at once
        with phase("opening"):
            models = comparisons.open_models(files, replace(inputs, read_again=False, by=by))
        chosen = None if baseline is None else comparisons.named_model(baseline, models.names)
        tell(models.pair.notes)
        phase = partial(phase, n_bytes=readers.n_bytes_of(models.pair.sources))
        with phase(options.counting(dask)) as progress:
            there = running.backend_for(models.pair, dask=dask, jobs=jobs, tell=tell, progress=progress)
            backend = outputs.enter_context(there)
        with phase("reading", backend.pair.n_rows) as progress:
            found = comparisons.compare_models(
                backend, models.names, reduction=reduction, baseline=chosen, progress=progress
            )
        tell(found.notes[len(models.pair.notes) :])
        warn_of(*(standing.result for standing in found.models))
        if max_increase is not None:
            found = comparisons.gated(found, models.names, max_increase)
        rendering = import_module("mse_cli.render.comparisons.writing")  # it draws with Rich
        rendering.write_comparison(found, files[-1], printout, only, printed)
    losses.gate(found)
