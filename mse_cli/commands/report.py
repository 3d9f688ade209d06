"""What is printed of a result: which quantity, in which format; shared by compute and merge."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO

from mse_cli.errors import UsageError
from mse_cli.render import json_text, rows_text
from mse_cli.render.numbers import exact, json_number
from mse_cli.result import Result

if TYPE_CHECKING:
    from mse_cli.engine import Floats
    from mse_cli.evaluate import Evaluation

EVERYTHING = sys.maxsize


class Format(StrEnum):
    """--format."""

    table = "table"
    csv = "csv"
    tsv = "tsv"
    json = "json"
    markdown = "markdown"
    npy = "npy"


class Only(StrEnum):
    """--only."""

    se = "se"
    sse = "sse"
    mse = "mse"
    rmse = "rmse"
    gradient = "gradient"


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
        if self.format is Format.npy and self.path is None and sys.stdout.isatty():
            raise UsageError("NPY is not for a terminal", hint="redirect it to a file, or use -o FILE")

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


def write(report: Report, evaluation: Evaluation, files: tuple[str, ...], stream: BinaryIO) -> None:
    """Write what the report asks for."""
    encoding = (sys.stdout.encoding if report.path is None else None) or "utf-8"
    for part in _render(report, evaluation, files):
        stream.write(part.encode(encoding, "backslashreplace") if isinstance(part, str) else part)


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
        return json_text.render_json(result, matrices)
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
        return rows_text.render_matrix(blocks, evaluation.pair.names, DELIMITERS[report.format])
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
            return markdown.render_markdown(result, files, excerpt, options)
        one = markdown.se_markdown if report.only is Only.se else markdown.gradient_markdown
        return one(result, excerpt, options)
    screen = Screen(None if report.path else sys.stdout, report.color)
    if report.only is None or excerpt is None:
        return table.render_table(result, files, excerpt, options, screen)
    draw = table.se_table if report.only is Only.se else table.gradient_table
    return screen.draw(draw(result, excerpt, options, screen))


def matrix_as_file(path: str, blocks: Iterable[Floats], evaluation: Evaluation) -> Iterable[bytes | memoryview]:
    """A whole matrix for ``--save-se`` and ``--save-gradient``, in the format of the file's suffix."""
    if path.endswith(".npy"):
        from mse_cli.render.npy_file import render_npy

        return render_npy(blocks, evaluation.result.shape)
    return (text.encode() for text in rows_text.render_matrix(blocks, evaluation.pair.names, ","))


def check_matrix_path(path: str | None, option: str) -> None:
    """Refuse a file whose suffix does not say how a matrix is written.

    Raises:
        UsageError: if it is none of .npy, .csv and .csv.gz.
    """
    if path is not None and not path.endswith((".npy", ".csv", ".csv.gz", "/")):
        raise UsageError(f"{option} writes .npy, .csv or .csv.gz, by the file's suffix, or DIR/", hint=f"not {path!r}")


def format_of(chosen: Format | None, path: str | None) -> Format:
    """The format that is asked for, or that the output file's suffix says."""
    if chosen is not None:
        return chosen
    endings = [form for suffix, form in SUFFIXES.items() if path is not None and path.endswith(suffix)]
    return endings[0] if endings else Format.table
