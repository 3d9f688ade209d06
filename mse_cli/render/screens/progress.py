"""How far the work has come, on standard error while it takes longer than a second."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS_BEFORE_IT_SHOWS = 1.0


class RowsDone:
    """A count of rows that shows itself on a terminal: rows, rate and, where N is known, the time left.

    It is gone when the ``with`` block ends. Rich is loaded when it first shows.

    Args:
        what: What is done with the rows.
        total: N, ``None`` if only reading all can tell.
        wanted: False for ``--quiet``.
    """

    def __init__(self, what: str, total: int | None, *, wanted: bool):
        self.what = what
        self.total = total
        self.rows = 0
        self._start = time.monotonic()
        self._shows = wanted and _can_be_redrawn(sys.stderr)
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, n_rows: int) -> None:
        """So many more rows are done."""
        self.rows += n_rows
        seconds = time.monotonic() - self._start
        if self._shows and seconds >= SECONDS_BEFORE_IT_SHOWS:
            self._show(seconds)

    def _show(self, seconds: float) -> None:
        if self._bar is None:
            self._bar = _bar(self.what, self.total)
        self._bar.update(self._bar.task_ids[0], completed=self.rows, rate=f"{self.rows / seconds:,.0f} rows/s")
        self._bar.start()


def _can_be_redrawn(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def _bar(what: str, total: int | None) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    left = [BarColumn(), TextColumn("time left"), TimeRemainingColumn()] if total else []
    texts = [TextColumn(what), TextColumn("{task.completed:,} rows"), TextColumn("{task.fields[rate]}")]
    bar = Progress(*texts, *left, console=Console(stderr=True, markup=False), transient=True)
    bar.add_task("", total=total, rate="")
    return bar
