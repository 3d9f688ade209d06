"""``mse merge``: the results of parts, combined into the result of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli.commands import options
from mse_cli.commands.streams import note
from mse_cli.errors import UsageError
from mse_cli.render import request
from mse_cli.render.files.destination import refuse_overwriting, writing

if TYPE_CHECKING:
    from mse_cli.running.merging.parts import Part

EXAMPLES = options.examples(
    "mse compute preds-1.csv truth-1.csv --summary -f json > part-1.json",
    "mse compute preds-2.csv truth-2.csv --summary -f json > part-2.json",
    "mse merge part-1.json part-2.json",
)


def merge(
    parts: Annotated[
        list[str],
        typer.Argument(
            metavar="PART.json ...",
            help="Results of mse compute --format json, in the order of their rows; - for standard input.",
            show_default=False,
        ),
    ],
    fail_above: options.FailAbove = None,
    worst: options.Worst = None,
    only: options.OnlyOneScalar = None,
    format_: options.FormatOption = None,
    output: options.OutputFile = None,
    max_cols: options.MaxCols = 8,
    all_: options.All = False,
    color: options.Color = options.ColorOption.auto,
    quiet: options.Quiet = False,
) -> None:
    """Combine the JSON results of parts into one: the same numbers as one run over all rows, to the last bit."""
    # Here and not above: `mse --help` does not need NumPy.
    from mse_cli.readers.sources.files import files_of
    from mse_cli.render.printing import write
    from mse_cli.running.evaluation import finish
    from mse_cli.running.merging.parts import add_up, read_parts

    limit = request.limit_of(fail_above)
    form = request.format_of(format_, output)
    if form is options.Format.npy:
        raise UsageError("merged parts hold no matrices, and NPY holds nothing else", hint="--format json")
    what = request.Report(
        format=form,
        only=None if only is None else options.Only(only.value),
        summary=True,
        most_columns=request.EVERYTHING if all_ else max_cols,
        color=color.value,
        path=output,
    )
    refuse_overwriting([output], [path for part in parts for path in files_of(part)])
    with writing(output) as printed:
        results = read_parts(parts)
        note(_notes(parts, results), quiet=quiet)
        sums, worst_cells = add_up(results, worst)
        evaluation = finish(sums, worst_cells, _names(results[0]), results[0].reduction)
        request.warn_of(evaluation.result)
        write(what, evaluation, (), printed)
    request.gate(evaluation.result, limit, quiet=quiet)


def _names(part: Part) -> tuple[str | None, ...] | None:
    return part.names if any(name is not None for name in part.names) else None


def _notes(specs: list[str], parts: list[Part]) -> list[str]:
    notes = []
    if len(set(specs)) < len(specs):
        notes.append("a part is given twice and counts twice")
    listed = [part.worst is not None for part in parts]
    if any(listed) and not all(listed):
        notes.append(f"{parts[listed.index(False)].label} lists no worst cells, so that none are listed")
    return notes
