"""A result as the report asks for it, on its way to a stream; loaded when there is a result to print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from mse_cli.commands.options import Format, Only
from mse_cli.core.result import Result
from mse_cli.render.files.destination import Output
from mse_cli.render.numbers import exact, json_number
from mse_cli.render.request import DELIMITERS, EVERYTHING, MATRICES, Report
from mse_cli.render.screens.characters import shown_in
from mse_cli.running.evaluation import Evaluation, MatrixName

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from mse_cli.core.blocks import Floats
    from mse_cli.running.backend import Backend
    from mse_cli.running.tallying import Progress

T = TypeVar("T")

# Each format's renderer is imported where it is called: a small file's run is mostly importing.


def write(
    report: Report,
    evaluation: Evaluation,
    files: tuple[str, ...],
    stream: Output,
    there: Backend | None = None,
    progress: Progress | None = None,
) -> None:
    """Write what the report asks for; ``there`` is where a whole matrix is calculated."""
    for part in _render(report, evaluation, files, there, progress):
        stream.write(part.encode(report.encoding, "backslashreplace") if isinstance(part, str) else part)


def _render(
    report: Report,
    evaluation: Evaluation,
    files: tuple[str, ...],
    there: Backend | None,
    progress: Progress | None,
) -> Iterable[str | Buffer]:
    if report.only is None:
        return _whole(report, evaluation, files, progress)
    if report.only in MATRICES:
        return _matrix(report, evaluation, report.only, there, progress)
    return [_scalar(report, evaluation.result, report.only.value)]


def _whole(report: Report, evaluation: Evaluation, files: tuple[str, ...], progress: Progress | None) -> Iterable[str]:
    result = evaluation.result
    if report.format is Format.json:
        from mse_cli.render.formats.json_text import render_json
        from mse_cli.running.merging.partial import to_plain

        wanted: tuple[MatrixName, ...] = () if report.summary else ("se", "gradient")
        matrices = [(name, evaluation.matrix(name, progress)) for name in wanted]
        return render_json(result, matrices, to_plain(evaluation.sums, evaluation.worst))
    if report.format in DELIMITERS:
        from mse_cli.render.formats.rows import render_scalars

        return [render_scalars(result, DELIMITERS[report.format])]
    return [_tables(report, evaluation, files)]


def _scalar(report: Report, result: Result, name: str) -> str:
    value: float = getattr(result, name)
    if report.format in DELIMITERS:
        return f"{name}\n{exact(value)}\n"
    if report.format is Format.markdown:
        return f"| {name} |\n| ---: |\n| {exact(value)} |\n"
    return (json_number(value) if report.format is Format.json else exact(value)) + "\n"


def _matrix(
    report: Report, evaluation: Evaluation, only: Only, there: Backend | None, progress: Progress | None
) -> Iterable[str | Buffer]:
    name: MatrixName = "se" if only is Only.se else "gradient"
    if report.format in DELIMITERS:
        return _rows(name, evaluation, DELIMITERS[report.format], there, progress)
    if report.format is Format.npy:
        return _npy(name, evaluation, there, progress)
    if report.format is Format.json:
        from mse_cli.render.formats.json_text import matrix_text

        return _line(matrix_text(evaluation.matrix(name, progress)))
    return [_tables(report, evaluation, ())]


def _rows(
    name: MatrixName, evaluation: Evaluation, delimiter: str, there: Backend | None, progress: Progress | None
) -> Iterator[str]:
    """A matrix as rows, below its names if it has any."""
    from mse_cli.render.formats.rows import matrix_rows, render_rows

    if evaluation.names:
        yield render_rows([evaluation.names], delimiter)
    render = partial(matrix_rows, delimiter=delimiter)
    yield from _rendered(name, evaluation, render, there if there is not None and there.makes_text else None, progress)


def _npy(
    name: MatrixName, evaluation: Evaluation, there: Backend | None, progress: Progress | None
) -> Iterator[Buffer]:
    """A matrix as an NPY file."""
    from mse_cli.render.formats.npy_file import npy_header, npy_rows

    yield npy_header(evaluation.result.shape)
    yield from _rendered(name, evaluation, npy_rows, there, progress)


def _rendered(
    name: MatrixName,
    evaluation: Evaluation,
    render: Callable[[Floats], T],
    there: Backend | None,
    progress: Progress | None,
) -> Iterator[T]:
    """What ``render`` makes of a matrix: of its parts at the same time ``there``, or of one block after the other."""
    if there is None or not there.in_partitions:
        return map(render, evaluation.matrix(name, progress))
    from mse_cli.running.second_pass import rendered  # small files are not cut

    return rendered(there.pair, evaluation.of_block(name), render, mapped=there.mapped, progress=progress)


def _line(texts: Iterator[str]) -> Iterator[str]:
    yield from texts
    yield "\n"


def _tables(report: Report, evaluation: Evaluation, files: tuple[str, ...]) -> str:
    """Tables for people; Rich is imported here and not before."""
    from mse_cli.render.formats import table
    from mse_cli.render.screens.screen import Screen

    options = table.TableOptions(report.digits, report.most_columns)
    result, excerpt = evaluation.result, evaluation.excerpt()
    if report.format is Format.markdown:
        from mse_cli.render.formats import markdown

        if report.only is None or excerpt is None:
            return shown_in(markdown.render_markdown(result, files, excerpt, options), report.encoding)
        one = markdown.se_markdown if report.only is Only.se else markdown.gradient_markdown
        return shown_in(one(result, excerpt, options), report.encoding)
    fitted = report.most_columns != EVERYTHING
    screen = Screen(sys.stdout if report.to_standard_output else None, report.color, fitted=fitted)
    if report.only is None or excerpt is None:
        return table.render_table(result, files, excerpt, options, screen)
    draw = table.se_table if report.only is Only.se else table.gradient_table
    return screen.draw(draw(result, excerpt, options, screen))


def save(
    name: MatrixName, path: str, evaluation: Evaluation, stream: Output, there: Backend, progress: Progress
) -> None:
    """Write a whole matrix for ``--save-se`` or ``--save-gradient``, in the format of the file's suffix.

    Closes the stream: what the disk has to say comes before the first byte on standard output.
    """
    if path.endswith(".npy"):
        for data in _npy(name, evaluation, there, progress):
            stream.write(data)
    else:
        for text in _rows(name, evaluation, ",", there, progress):
            stream.write(text.encode())
    stream.close()
