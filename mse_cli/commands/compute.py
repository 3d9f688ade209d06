"""``mse compute``: the loss of a prediction against a target."""

# No annotations as text: see cli.py.
import contextlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli import readers, render, running
from mse_cli.commands import options
from mse_cli.commands.options import groups, losses
from mse_cli.render.files.destination import refuse_overwriting, writing
from mse_cli.render.printing import Job, Printout, save, write
from mse_cli.render.screens.messages import is_watched, note, warn_of
from mse_cli.render.screens.progress import Phase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mse_cli.readers import InputOptions
    from mse_cli.readers.sources.changes import Stamps
    from mse_cli.render.files.destination import Output
    from mse_cli.render.shard_folder import SaveShards
    from mse_cli.running import Backend, Evaluation, Limits
    from mse_cli.running.evaluation import MatrixName
    from mse_cli.running.tallying import Progress

FAST_NOTE = "with the extra `fast` (pip install 'mse-cli[fast]') text files of this size are read much faster"
EXAMPLES = options.examples(
    "mse compute preds.csv truth.csv",
    "mse compute preds.npy truth.npy --only mse",
    "mse compute table.csv --pred price_hat --true price --format json",
)


@groups.grouped(inputs=groups.INPUTS, limits=groups.LIMITS, printout=groups.PRINTED)
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
    *,
    printout: Printout,
    inputs: "InputOptions",
    reduction: losses.ReductionChoice = "mean",
    worst: losses.Worst = None,
    by: losses.By = None,
    stats: losses.Stats = False,
    limits: "Limits",
    jobs: options.Jobs = None,
    dask: options.Dask = None,
    quiet: options.Quiet = False,
) -> None:
    """Compute squared error, SSE, MSE and the gradient of a prediction against a target."""
    read = [spec for spec in (preds, truth, inputs.weights, limits.baseline) if spec is not None]
    written = [printout.path, *printout.saves.values()]
    refuse_overwriting(written, [path for spec in read for path in readers.files_of(spec)])
    printout.check_asked_for(worst=worst, by=by)
    phase, tell = partial(Phase, wanted=not quiet), partial(note, quiet=quiet)
    with contextlib.ExitStack() as outputs:
        # Opened before the long work: a bad path fails at once.
        streams = {name: outputs.enter_context(writing(path)) for name, path in printout.files.items()}
        printed = outputs.enter_context(writing(printout.path))
        with phase("opening"):
            pair = readers.open_pair(preds, truth, replace(inputs, read_again=printout.reads_again, by=by))
            stamps = readers.stamps_of(pair.sources, again=printout.reads_again)
        limits.check(pair.names, pair.n_columns, reduction)
        tell((*pair.notes, *([FAST_NOTE] if is_watched() and running.could_be_faster(pair) else [])))
        phase = partial(phase, n_bytes=readers.n_bytes_of(pair.sources))
        with phase(options.counting(dask)) as progress:
            there = running.backend_for(pair, dask=dask, jobs=jobs, tell=tell, progress=progress)
            backend = outputs.enter_context(there)
            folders = {
                name: outputs.enter_context(render.saving(path, backend.pair, backend.mapped))
                for name, path in printout.folders.items()
            }
        origin = running.origin_of(backend.pair, reduction) if printout.is_part else None
        with phase("reading", backend.pair.n_rows) as progress:
            evaluation = running.evaluate_pair(
                backend, reduction=reduction, worst=worst, stats=stats, kept=printout.rows_kept(pair), progress=progress
            )
        evaluation = replace(limits.judged(evaluation), origin=origin)
        tell((*evaluation.result.notes[len(pair.notes) :], *printout.notes_on(evaluation.result.shape[0])))
        warn_of(evaluation.result)
        phase = partial(phase, n_rows=evaluation.result.shape[0])
        for name, save_it in _saves(printout, streams, folders, evaluation, backend):
            with phase(f"saving {name}") as progress:
                save_it(progress)
        appear(streams.values(), stamps)
        with phase("writing", passes=printout.n_matrices, wanted=not quiet and not printed.may_be_watched) as progress:
            write(Job(printout, evaluation, tuple(filter(None, (preds, truth))), backend, progress), printed)
        appear([printed], stamps)
    losses.gate(evaluation.result)


def _saves(
    printout: Printout,
    streams: "Mapping[MatrixName, Output]",
    folders: "Mapping[MatrixName, SaveShards]",
    evaluation: "Evaluation",
    backend: "Backend",
) -> "Iterator[tuple[MatrixName, Callable[[Progress], None]]]":
    """What writes each matrix that is saved, whole, to its file or its folder."""
    for name, path in printout.files.items():
        yield name, partial(save, name, path, evaluation, streams[name], backend)
    for name, save_to in folders.items():
        yield name, partial(save_to, evaluation.of_block(name))


def appear(outputs: "Iterable[Output]", stamps: "Stamps") -> None:
    """Give outputs their places, unless what they were calculated from has changed meanwhile."""
    readers.refuse_changed(stamps)
    for output in outputs:
        output.appear()
