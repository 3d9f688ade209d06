"""``mse merge``: the results of parts, combined into the result of the whole."""

# No annotations as text: see cli.py.
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli import readers, running
from mse_cli.commands import options
from mse_cli.commands.options import groups, losses
from mse_cli.render.files.destination import refuse_overwriting, writing
from mse_cli.render.printing import Job, Printout, write
from mse_cli.render.screens.messages import note, warn_of
from mse_cli.render.screens.progress import Phase

if TYPE_CHECKING:
    from mse_cli.running import Limits, Part

EXAMPLES = options.examples(
    "mse compute preds-1.csv truth-1.csv --summary -f json > part-1.json",
    "mse compute preds-2.csv truth-2.csv --summary -f json > part-2.json",
    "mse merge part-1.json part-2.json",
)


@groups.grouped(limits=groups.LIMITS, printout=groups.PRINTED_SCALARS)
def merge(
    parts: Annotated[
        list[str],
        typer.Argument(
            metavar="PART.json ...",
            help="Results of mse compute --format json, in the order of their rows; - for standard input.",
            show_default=False,
        ),
    ],
    *,
    worst: losses.Worst = None,
    limits: "Limits",
    printout: Printout,
    quiet: options.Quiet = False,
) -> None:
    """Combine the JSON results of parts into one: the same numbers as one run over all rows, to the last bit."""
    refuse_overwriting([printout.path], [path for part in parts for path in readers.files_of(part)])
    with writing(printout.path) as printed:
        with Phase("reading", wanted=not quiet):
            results = running.read_parts(parts)
            evaluation = running.finish(running.add_up(results, worst), _names(results[0]), results[0].reduction)
        note(_notes(results), quiet=quiet)
        limits.check(_names(results[0]), results[0].n_columns, results[0].reduction)
        evaluation = replace(limits.judged(evaluation), origin=running.origin_of_all(results))
        warn_of(evaluation.result)
        write(Job(printout, evaluation), printed)
    losses.gate(evaluation.result)


def _names(part: "Part") -> tuple[str | None, ...] | None:
    return part.names if any(name is not None for name in part.names) else None


def _notes(parts: list["Part"]) -> list[str]:
    listed = [part.tallies.worst is not None for part in parts]
    if any(listed) and not all(listed):
        return [f"{parts[listed.index(False)].label} lists no worst cells, so that none are listed"]
    return []
