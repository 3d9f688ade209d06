"""``mse report``: what people would rather look at than read."""

# No annotations as text: see cli.py.
import contextlib
import shlex
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli import readers, render, running
from mse_cli.commands import options
from mse_cli.commands.options import OUTPUT, groups, losses
from mse_cli.errors import shown
from mse_cli.render.files.destination import refuse_overwriting, writing
from mse_cli.render.screens.messages import note, warn_of
from mse_cli.render.screens.progress import Phase
from mse_cli.running import comparison as comparisons
from mse_cli.running import report as reports

if TYPE_CHECKING:
    from mse_cli.readers import InputOptions, Pair

EXAMPLES = options.examples(
    "mse report preds.csv truth.csv",
    "mse report preds.csv truth.csv --column price -o price.svg",
    "mse report linear.csv forest.csv truth.csv --key id -o report.html",
)


@groups.grouped(inputs=groups.INPUTS)
def report(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="PREDS... TRUTH",
            help="The prediction, or those of several models, and last the target; or one TABLE, as of mse compute.",
            show_default=False,
        ),
    ],
    *,
    column: Annotated[
        str | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="The column that is pictured; by default that with the largest share of SSE.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write a page (.html) or the figure alone (.svg, .png, .pdf).",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    color: options.Color = "auto",
    inputs: "InputOptions",
    by: losses.By = None,
    jobs: options.Jobs = None,
    dask: options.Dask = None,
    quiet: options.Quiet = False,
) -> None:
    """Show how good a prediction is and where it is bad: in the terminal, as a page, as a figure."""
    read = [*files, *([inputs.weights] if inputs.weights is not None else [])]
    refuse_overwriting([output], [path for spec in read for path in readers.files_of(spec)])
    writer = render.writer_for(output)
    phase, tell = partial(Phase, wanted=not quiet), partial(note, quiet=quiet)
    with contextlib.ExitStack() as outputs:
        stream = outputs.enter_context(writing(output))
        with phase("opening"):
            names, pair = _opened(files, replace(inputs, by=by))
        stamps = readers.stamps_of(pair.sources, again=True)
        tell(pair.notes)
        n_bytes = readers.n_bytes_of(pair.sources)
        with phase(options.counting(dask), n_bytes=n_bytes) as progress:
            there = running.backend_for(pair, dask=dask, jobs=jobs, tell=tell, progress=progress)
            backend = outputs.enter_context(there)
        with phase("reading twice", backend.pair.n_rows, n_bytes, passes=2) as progress:
            detail = writer.detail_for(shares=pair.n_columns > 1 or by is not None)
            wanted = reports.Wanted(detail, writer.MOST_COLUMNS, writer.MOST_MODELS, column)
            found = reports.report_of(backend, wanted, files=names, progress=progress)
        tell(found.result.notes[len(pair.notes) :])
        warn_of(*found.results())
        with phase("drawing"):
            page = writer.write(replace(found, command=_command()), output, color)
        readers.refuse_changed(stamps)
        stream.write(page)


def _opened(files: list[str], inputs: "InputOptions") -> "tuple[tuple[str, ...], Pair]":
    """What the sides are called, and all of them as one pair."""
    if len(files) > 2:
        models = comparisons.open_models(files, inputs)
        return (*models.names, _named(files[-1])), models.pair
    truth = files[1] if len(files) > 1 else None
    return tuple(map(_named, files)), readers.open_pair(files[0], truth, inputs)


def _command() -> str:
    """The command line as a shell takes it."""
    return shlex.join(["mse", *map(_named, sys.argv[1:])])


def _named(spec: str) -> str:
    """A file as it was given; an address without passwords and signatures."""
    return shown(spec) if "://" in spec else spec
