"""A result as the report asks for it, on its way to a stream; loaded when there is a result to print."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from mse_cli.commands.options import Format, Only
from mse_cli.commands.report import DELIMITERS, EVERYTHING, MATRICES, Report
from mse_cli.destination import Output
from mse_cli.evaluation import Evaluation
from mse_cli.partial import to_plain
from mse_cli.render import json_text, rows_text
from mse_cli.render.characters import shown_in
from mse_cli.render.numbers import exact, json_number
from mse_cli.result import Result


def write(report: Report, evaluation: Evaluation, files: tuple[str, ...], stream: Output) -> None:
    """Write what the report asks for."""
    for part in _render(report, evaluation, files):
        stream.write(part.encode(report.encoding, "backslashreplace") if isinstance(part, str) else part)


def _render(report: Report, evaluation: Evaluation, files: tuple[str, ...]) -> Iterable[str | bytes | memoryview]:
    if report.only is None:
        return _whole(report, evaluation, files)
    if report.only in MATRICES:
        return _matrix(report, evaluation, report.only)
    return [_scalar(report, evaluation.result, report.only.value)]


def _whole(report: Report, evaluation: Evaluation, files: tuple[str, ...]) -> Iterable[str]:
    result = evaluation.result
    if report.format is Format.json:
        matrices = {} if report.summary else {"se": evaluation.se(), "gradient": evaluation.gradient()}
        return json_text.render_json(result, matrices, to_plain(evaluation.sums, evaluation.worst))
    if report.format in DELIMITERS:
        return [rows_text.render_scalars(result, DELIMITERS[report.format])]
    return [_tables(report, evaluation, files)]


def _scalar(report: Report, result: Result, name: str) -> str:
    value: float = getattr(result, name)
    if report.format in DELIMITERS:
        return f"{name}\n{exact(value)}\n"
    if report.format is Format.markdown:
        return f"| {name} |\n| ---: |\n| {exact(value)} |\n"
    return (json_number(value) if report.format is Format.json else exact(value)) + "\n"


def _matrix(report: Report, evaluation: Evaluation, only: Only) -> Iterable[str | bytes | memoryview]:
    blocks = evaluation.se() if only is Only.se else evaluation.gradient()
    if report.format is Format.npy:
        from mse_cli.render.npy_file import render_npy

        return render_npy(blocks, evaluation.result.shape)
    if report.format is Format.json:
        return _line(json_text.matrix_text(blocks))
    if report.format in DELIMITERS:
        return rows_text.render_matrix(blocks, evaluation.names, DELIMITERS[report.format])
    return [_tables(report, evaluation, ())]


def _line(texts: Iterator[str]) -> Iterator[str]:
    yield from texts
    yield "\n"


def _tables(report: Report, evaluation: Evaluation, files: tuple[str, ...]) -> str:
    """Tables for people; Rich is imported here and not before."""
    from mse_cli.render import markdown, table
    from mse_cli.render.screen import Screen

    options = table.TableOptions(report.digits, report.most_columns)
    result, excerpt = evaluation.result, evaluation.excerpt()
    if report.format is Format.markdown:
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


def save(matrix: Only, path: str, evaluation: Evaluation, stream: Output) -> None:
    """Write a whole matrix for ``--save-se`` or ``--save-gradient``, in the format of the file's suffix.

    Closes the stream: what the disk has to say comes before the first byte on standard output.
    """
    blocks = evaluation.se() if matrix is Only.se else evaluation.gradient()
    if path.endswith(".npy"):
        from mse_cli.render.npy_file import render_npy

        for data in render_npy(blocks, evaluation.result.shape):
            stream.write(data)
    else:
        for text in rows_text.render_matrix(blocks, evaluation.names, ","):
            stream.write(text.encode())
    stream.close()
