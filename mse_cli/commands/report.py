"""What is printed of a result: which quantity, in which format; shared by compute and merge."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import typer

from mse_cli.commands.options import Format, Only
from mse_cli.commands.streams import note, warn
from mse_cli.destination import STANDARD_OUTPUT, Output
from mse_cli.errors import UsageError, printable
from mse_cli.evaluate import Evaluation
from mse_cli.partial import to_plain
from mse_cli.render import json_text, rows_text
from mse_cli.render.characters import shown_in
from mse_cli.render.numbers import exact, json_number
from mse_cli.result import Result

EVERYTHING = sys.maxsize


MATRICES = (Only.se, Only.gradient)
SUFFIXES = {
    ".csv": Format.csv,
    ".tsv": Format.tsv,
    ".json": Format.json,
    ".md": Format.markdown,
    ".npy": Format.npy,
}  # of -o FILE, where --format is not given
DELIMITERS = {Format.csv: ",", Format.tsv: "\t"}


@dataclass(frozen=True)
class Report:
    """The options of the panel Output, checked against each other.

    Attributes:
        format: How it is written.
        only: The one quantity that is printed, ``None`` for all.
        summary: Whether matrices are left out.
        digits: Significant digits of the cells of tables.
        most_rows: How many rows of a matrix a table shows.
        most_columns: How many columns.
        color: "auto", "always" or "never".
        path: The file that it is written to, ``None`` for standard output.
    """

    format: Format
    only: Only | None = None
    summary: bool = False
    digits: int = 6
    most_rows: int = 10
    most_columns: int = 8
    color: str = "auto"
    path: str | None = None

    def __post_init__(self) -> None:
        """Refuse combinations that have no meaning."""
        if self.summary and self.only in MATRICES:
            raise UsageError(f"--summary leaves matrices out, --only {self.only.value} asks for one")
        if self.format is Format.npy and self.only not in MATRICES:
            raise UsageError("an NPY file holds one matrix", hint="--only se or --only gradient")
        if self.format is Format.npy and self.to_standard_output and sys.stdout is not None and sys.stdout.isatty():
            raise UsageError("NPY is not for a terminal", hint="redirect it to a file, or use -o FILE")

    @property
    def to_standard_output(self) -> bool:
        """Whether it is not written to a file."""
        return self.path in STANDARD_OUTPUT

    @property
    def encoding(self) -> str:
        """What people read is in the stream's encoding; what programs read is in UTF-8 wherever it goes."""
        for_people = self.format in {Format.table, Format.markdown} and self.to_standard_output
        return (sys.stdout.encoding if for_people else None) or "utf-8"

    @property
    def edge_rows(self) -> int | None:
        """How many rows of the matrices must be kept for a table, ``None`` for none."""
        shown = self.format in {Format.table, Format.markdown} and not self.summary
        return self.most_rows if shown and (self.only is None or self.only in MATRICES) else None

    @property
    def reads_again(self) -> bool:
        """Whether a whole matrix is written, for which the files are read a second time."""
        if self.format in {Format.csv, Format.tsv, Format.npy}:
            return self.only in MATRICES
        return self.format is Format.json and not self.summary and (self.only is None or self.only in MATRICES)


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


def check_matrix_path(path: str | None, option: str) -> None:
    """Refuse a file whose suffix does not say how a matrix is written.

    Raises:
        UsageError: if it is none of .npy, .csv and .csv.gz.
    """
    if path is not None and not path.endswith((".npy", ".csv", ".csv.gz")):
        hint = "name the file .npy, .csv or .csv.gz: the suffix says how it is written"
        raise UsageError(f"{option} {printable(path)}: no format has this suffix", hint=hint)


def format_of(chosen: Format | None, path: str | None) -> Format:
    """The format that is asked for, or that the output file's suffix says; ``.gz`` after it says nothing."""
    if chosen is not None or path is None:
        return chosen or Format.table
    name = path.lower().removesuffix(".gz")
    endings = [form for suffix, form in SUFFIXES.items() if name.endswith(suffix)]
    return endings[0] if endings else Format.table


def warn_of(result: Result) -> None:
    """Say where ``inf`` stands for a number that float64 cannot hold."""
    if result.overflow:
        warn("the square of an error is larger than float64 can hold (1.8e308) and stands as inf")
    elif math.isinf(result.sse):
        warn("the sum of the squared errors is larger than float64 can hold (1.8e308) and stands as inf")


def limit_of(fail_above: float | None) -> float | None:
    """The limit of --fail-above.

    Raises:
        UsageError: if it is no number.
    """
    if fail_above is not None and math.isnan(fail_above):
        raise UsageError("--fail-above takes a number; every loss would fail against NaN")
    return fail_above


def gate(result: Result, limit: float | None, *, quiet: bool) -> None:
    """Exit code 1 if the loss is above the limit, or no number."""
    if limit is not None and not result.loss <= limit:
        note([f"the loss {exact(result.loss)} is not at most {exact(limit)} (--fail-above)"], quiet=quiet)
        raise typer.Exit(1)
