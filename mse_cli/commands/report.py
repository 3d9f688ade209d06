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
from mse_cli.commands.options import OUTPUT, groups
from mse_cli.errors import shown
from mse_cli.render.files.destination import refuse_overwriting, writing
from mse_cli.render.screens.messages import note, warn_of
from mse_cli.render.screens.progress import RowsDone
from mse_cli.running import report as reports

if TYPE_CHECKING:
    from mse_cli.readers import InputOptions

EXAMPLES = options.examples(
    "mse report preds.csv truth.csv",
    "mse report preds.csv truth.csv --column price -o price.svg",
    "mse report preds.npy truth.npy -o report.html",
)


@groups.grouped(inputs=groups.INPUTS)
def report(
    preds: Annotated[
        str, typer.Argument(metavar="PREDS", help="The prediction A, as of mse compute.", show_default=False)
    ],
    truth: Annotated[
        str | None, typer.Argument(metavar="TRUTH", help="The target Y, of the same shape.", show_default=False)
    ] = None,
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
    jobs: options.Jobs = None,
    dask: options.Dask = None,
    quiet: options.Quiet = False,
) -> None:
    """Show how good a prediction is and where it is bad: in the terminal, as a page, as a figure."""
    read = [spec for spec in (preds, truth, inputs.weights) if spec is not None]
    refuse_overwriting([output], [path for spec in read for path in readers.files_of(spec)])
    writer = render.writer_for(output)
    tell = partial(note, quiet=quiet)
    with contextlib.ExitStack() as outputs:
        stream = outputs.enter_context(writing(output))
        pair = readers.open_pair(preds, truth, inputs)
        tell(pair.notes)
        backend = outputs.enter_context(running.backend_for(pair, dask=dask, jobs=jobs, tell=tell))
        with RowsDone("read", None, wanted=not quiet) as progress:
            found = reports.report_of(
                backend,
                files=tuple(_named(spec) for spec in (preds, truth) if spec is not None),
                detail=writer.detail_for(pair.n_columns),
                most_columns=writer.MOST_COLUMNS,
                column=column,
                progress=progress,
            )
        tell(found.result.notes[len(pair.notes) :])
        warn_of(found.result)
        stream.write(writer.write(replace(found, command=_command()), output, color))


def _command() -> str:
    """The command line as a shell takes it."""
    return shlex.join(["mse", *map(_named, sys.argv[1:])])


def _named(spec: str) -> str:
    """A file as it was given; an address without passwords and signatures."""
    return shown(spec) if "://" in spec else spec
