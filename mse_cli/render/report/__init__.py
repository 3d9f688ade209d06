"""A report for people, a file a form: in the terminal, as a page, as a figure."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from mse_cli.errors import UsageError, listed, printable
from mse_cli.render.files.destination import STANDARD_OUTPUT
from mse_cli.render.printing import suffix_of
from mse_cli.render.screens.characters import ColorChoice

if TYPE_CHECKING:
    from mse_cli.running.report.report import Detail, Report

# Which module here writes a form, by the suffix of its file; none is the terminal.
WRITERS = {
    ".html": "page",
    ".htm": "page",
    ".svg": "figure",
    ".png": "figure",
    ".pdf": "figure",
    ".txt": "terminal",
    "": "terminal",
}


class Writer(Protocol):
    """A module that writes reports."""

    MOST_COLUMNS: int
    MOST_MODELS: int

    def detail_for(self, *, shares: bool) -> Detail:
        """How fine its pictures are; the shares of columns or groups may take their room."""

    def write(self, report: Report, path: str | None, color: ColorChoice) -> bytes:
        """The whole, as it stands in a file."""


def writer_for(path: str | None) -> Writer:
    """What writes a report to a file of this name.

    Raises:
        UsageError: for a suffix that it does not know, or if the library that makes figures is not installed.
    """
    suffix = "" if path is None or path in STANDARD_OUTPUT else suffix_of(path)
    if suffix not in WRITERS or (path or "").endswith(".gz"):
        hint = f"-o takes {listed([known for known in WRITERS if known])}; numbers are written by mse compute"
        raise UsageError(f"-o {printable(path or '')}: no report has this suffix", hint=hint)
    try:
        return cast(Writer, import_module(f"{__name__}.{WRITERS[suffix]}"))
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise UsageError("figures need the library matplotlib", hint="pip install 'mse-cli[plot]'") from None
