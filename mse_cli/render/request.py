"""What is asked to be printed of a result: which quantity, in which format; shared by compute and merge."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from mse_cli.commands.options import Format, Only
from mse_cli.commands.streams import note, warn
from mse_cli.errors import UsageError, printable
from mse_cli.render.files.destination import STANDARD_OUTPUT
from mse_cli.render.numbers import exact

if TYPE_CHECKING:
    from mse_cli.core.result import Result

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


def check_matrix_path(path: str | None, option: str) -> None:
    """Refuse a file whose suffix does not say how a matrix is written.

    Raises:
        UsageError: if it is none of .npy, .csv and .csv.gz.
    """
    if path is not None and not path.endswith((".npy", ".csv", ".csv.gz", "/")):
        hint = "name the file .npy, .csv or .csv.gz: the suffix says how it is written; DIR/ is a folder of shards"
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
