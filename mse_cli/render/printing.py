"""A result as it is asked for, on its way to a stream: which quantity, in which format."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal, NamedTuple

from mse_cli.core.result import ScalarName
from mse_cli.errors import UsageError, listed, printable
from mse_cli.render.files.destination import STANDARD_OUTPUT
from mse_cli.render.number_text import exact, middle_left_out
from mse_cli.render.screens.characters import ColorChoice

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from mse_cli.readers.pair import Pair
    from mse_cli.render.files.destination import Output
    from mse_cli.running import Backend, Evaluation
    from mse_cli.running.evaluation import MatrixName
    from mse_cli.running.tallying import Progress

Format = Literal["table", "csv", "tsv", "json", "markdown", "npy"]
OnlyListed = Literal["worst", "groups"]
OnlyScalars = Literal[ScalarName, OnlyListed]
Only = Literal["se", ScalarName, "gradient", OnlyListed]
# Which module of formats/ writes a format; it is loaded when it is asked for: a small file's run is mostly importing.
WRITERS: dict[Format, str] = {
    "table": "table",
    "csv": "rows",
    "tsv": "rows",
    "json": "json_text",
    "markdown": "markdown",
    "npy": "npy_file",
}
SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".md": "markdown",
    ".npy": "npy",
    ".txt": "table",
}
LOOKED_AT = (".html", ".htm", ".svg", ".png", ".pdf")  # by their suffix: what ``mse report`` writes
FOR_PEOPLE: tuple[Format, ...] = ("table", "markdown")
SAVED: dict[str, Format] = {".npy": "npy", ".csv": "csv", ".csv.gz": "csv"}  # by the suffix of --save-se and its like
SUFFIX_HINT = "name the file .npy, .csv or .csv.gz: the suffix says how it is written; DIR/ is a folder of shards"
EVERYTHING = sys.maxsize
ROWS = 10  # of a matrix, unless another number is asked for
FEW_COLUMNS = 16 * 1024  # so many are all kept of the rows that a table shows
MANY_ROWS = 10_000  # of a table: files of them are made for programs
LONGEST_KEPT = 1000  # rows of a table that is drawn in one piece


@dataclass(frozen=True)
class Printout:
    """The options of the panel Output, checked against each other.

    Attributes:
        format: How it is written.
        only: The one quantity that is printed, ``None`` for all.
        summary: Whether matrices are left out.
        digits: Significant digits of the cells of tables.
        most_rows: How many rows of a matrix a table shows; ``None``: 10, or fewer on a low terminal.
        most_columns: How many columns.
        color: "auto", "always" or "never".
        path: The file that it is written to, ``None`` for standard output.
        save_se: Where SE is written too, whole: a file, or a folder of shards.
        save_gradient: Where the gradient is.
    """

    format: Format = "table"
    only: Only | None = None
    summary: bool = False
    digits: int = 6
    most_rows: int | None = None
    most_columns: int = 8
    color: ColorChoice = "auto"
    path: str | None = None
    save_se: str | None = None
    save_gradient: str | None = None

    def __post_init__(self) -> None:
        """Refuse combinations that have no meaning."""
        if self.summary and self.matrix:
            raise UsageError(f"--summary leaves matrices out, --only {self.only} asks for one")
        if self.format == "npy" and not self.matrix:
            raise UsageError("an NPY file holds one matrix", hint="--only se or --only gradient")
        if self.format == "npy" and self.to_standard_output and sys.stdout is not None and sys.stdout.isatty():
            raise UsageError("NPY is not for a terminal", hint="redirect it to a file, or use -o FILE")
        for name, path in self.saves.items():
            if not path.endswith((*SAVED, "/")):
                message = f"--save-{name} {printable(path)}: no format has this suffix"
                raise UsageError(message, hint=SUFFIX_HINT)

    def check_asked_for(self, *, worst: int | None, by: str | None) -> None:
        """Refuse to print alone what is not computed.

        Raises:
            UsageError: for ``--only worst`` without ``--worst``, and for ``--only groups`` without ``--by``.
        """
        if self.only == "worst" and worst is None:
            raise UsageError("--only worst: how many?", hint="--worst 10")
        if self.only == "groups" and by is None:
            raise UsageError("--only groups: by which columns?", hint="--by COLS")

    @property
    def listed(self) -> OnlyListed | None:
        """What is listed alone, a row each, if it is."""
        return self.only if self.only == "worst" or self.only == "groups" else None

    @property
    def saves(self) -> dict[MatrixName, str]:
        """The matrices that are saved, and where."""
        paths: dict[MatrixName, str | None] = {"se": self.save_se, "gradient": self.save_gradient}
        return {name: path for name, path in paths.items() if path is not None}

    @property
    def folders(self) -> dict[MatrixName, str]:
        """Those of them that are saved to a folder."""
        return {name: path for name, path in self.saves.items() if path.endswith("/")}

    @property
    def files(self) -> dict[MatrixName, str]:
        """Those that are saved to a file."""
        return {name: path for name, path in self.saves.items() if not path.endswith("/")}

    @property
    def matrix(self) -> MatrixName | None:
        """The matrix that is printed alone, if it is one."""
        return self.only if self.only == "se" or self.only == "gradient" else None

    @property
    def to_standard_output(self) -> bool:
        """Whether it is not written to a file."""
        return self.path in STANDARD_OUTPUT

    @property
    def encoding(self) -> str:
        """What people read is in the stream's encoding; what programs read is in UTF-8 wherever it goes."""
        for_people = self.format in FOR_PEOPLE and self.to_standard_output
        return (sys.stdout.encoding if for_people else None) or "utf-8"

    @property
    def rows_shown(self) -> int:
        """How many rows a table shows at most."""
        return self.most_rows or ROWS

    @property
    def is_part(self) -> bool:
        """Whether ``mse merge`` can make a whole of it and others."""
        return self.format == "json" and self.only is None

    @property
    def edge_rows(self) -> int | None:
        """How many rows of the matrices must be kept for a table, ``None`` for none."""
        shown = self.format in FOR_PEOPLE and not self.summary
        if not shown or (self.only is not None and not self.matrix):
            return None
        return LONGEST_KEPT if self.streams_rows else self.rows_shown

    def rows_kept(self, pair: Pair) -> tuple[int, list[int] | None] | None:
        """The same with which columns (from 0) of these rows: all (``None``), or of a wide matrix those shown."""
        if self.edge_rows is None:
            return None
        few = max(FEW_COLUMNS, self.most_columns) >= pair.n_columns
        return self.edge_rows, None if few else middle_left_out(pair.n_columns, self.most_columns)[0]

    @property
    def streams_rows(self) -> bool:
        """Whether a table may have so many rows that they are read again as they are written."""
        return self.format in FOR_PEOPLE and self.most_rows == EVERYTHING

    def notes_on(self, n_rows: int) -> list[str]:
        """What the user may not have thought of, if a table will have very many rows."""
        if not self.streams_rows or self.edge_rows is None or n_rows <= MANY_ROWS:
            return []
        return [f"a table of {n_rows:,} rows; -f csv and -f npy with -o FILE are made for so many"]

    @property
    def n_matrices(self) -> int:
        """How many matrices are printed whole."""
        if self.matrix is not None:
            return 1
        return 2 if self.streams_rows or (self.is_part and not self.summary) else 0

    @property
    def reads_again(self) -> bool:
        """Whether a whole matrix is written, for which the files are read a second time."""
        if self.saves:
            return True
        if self.format in FOR_PEOPLE:
            return self.streams_rows and self.edge_rows is not None
        return self.matrix is not None or (self.is_part and not self.summary)


class Job(NamedTuple):
    """What a format's writer is given.

    Attributes:
        printout: What is asked for.
        evaluation: What it is about.
        files: What the user calls the two sides.
        backend: Where a whole matrix is calculated; ``None``: here.
        progress: Told how many more rows are written.
    """

    printout: Printout
    evaluation: Evaluation
    files: tuple[str, ...] = ()
    backend: Backend | None = None
    progress: Progress | None = None


def format_of(chosen: Format | None, path: str | None) -> Format:
    """The format that is asked for, or that the output file's suffix says; ``.gz`` after it says nothing.

    Raises:
        UsageError: for a suffix that no format has.
    """
    if chosen is not None or path in STANDARD_OUTPUT:
        return chosen or "table"
    suffix = suffix_of(path)
    if suffix and suffix not in SUFFIXES:
        formats = f"-o takes {listed(list(SUFFIXES))}, or any name with --format"
        hint = f"mse report … -o {printable(path)}" if suffix in LOOKED_AT else formats
        raise UsageError(f"-o {printable(path)}: no format has such a suffix", hint=hint)
    return SUFFIXES.get(suffix, "table")


def suffix_of(path: str) -> str:
    """The suffix of a file's name that says a format, in lower case; empty for a name without one and for a device.

    >>> suffix_of("a/r.JSON.gz"), suffix_of("v1.2/r"), suffix_of("/dev/fd/3"), suffix_of("a/.html")
    ('.json', '', '', '.html')
    """
    name = os.path.basename(path).lower().removesuffix(".gz")
    suffix = os.path.splitext(f"a{name}")[1]  # a name that begins with a point is a suffix too
    return "" if suffix == "." else suffix


def write(job: Job, stream: Output) -> None:
    """Write what is asked for: a matrix alone, a number alone, or the whole result."""
    for part in _texts(job):
        stream.write(part.encode(job.printout.encoding, "backslashreplace") if isinstance(part, str) else part)


def _texts(job: Job) -> Iterable[str | Buffer]:
    printout = job.printout
    value = next((s.value for s in job.evaluation.result.scalars() if s.key == printout.only), None)
    if value is not None and printout.format == "table":
        return [exact(value) + "\n"]  # bare, and without loading Rich
    writer = import_module(f"mse_cli.render.formats.{WRITERS[printout.format]}")
    texts: Iterable[str | Buffer]
    if printout.matrix is not None:
        texts = writer.matrix(job, printout.matrix)
    elif printout.listed is not None:
        texts = writer.listed(job, printout.listed)
    else:
        texts = writer.whole(job) if value is None else [writer.scalar(printout.only, value)]
    return texts


def save(
    name: MatrixName, path: str, evaluation: Evaluation, stream: Output, backend: Backend, progress: Progress
) -> None:
    """Write a whole matrix for ``--save-se`` or ``--save-gradient``, in the format of the file's suffix.

    Closes the stream: what the disk has to say comes before the first byte on standard output.
    """
    form = next(form for suffix, form in SAVED.items() if path.endswith(suffix))
    write(Job(Printout(form, name, path=path), evaluation, (), backend, progress), stream)
    stream.close()
