"""How far the reading has come, on standard error while it takes longer than a second."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

    from mse_cli.engine import Block

SECONDS_BEFORE_IT_SHOWS = 1.0


class RowsRead:
    """A tally of the rows that pass, which shows itself on a terminal: rows, rate and, where N is known, time left.

    It is gone when the ``with`` block ends. Threads share one; Rich is loaded when it first shows.

    Args:
        total: N, ``None`` if only reading all can tell.
        wanted: False for ``--quiet``.
    """

    def __init__(self, total: int | None, *, wanted: bool):
        self.total = total
        self.rows = 0
        self._start = time.monotonic()
        self._shows = wanted and _can_be_redrawn(sys.stderr)
        self._lock = threading.Lock()
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, block: Block) -> None:
        """Count the rows of the next block."""
        with self._lock:
            self.rows += block.shape[0]
            seconds = time.monotonic() - self._start
            if self._shows and seconds >= SECONDS_BEFORE_IT_SHOWS:
                self._show(seconds)

    def new(self) -> Self:
        """The same one: its counting does not depend on the order."""
        return self

    def merge(self, other: Self) -> None:
        """Nothing to do: the other one is this one."""

    def _show(self, seconds: float) -> None:
        if self._bar is None:
            self._bar = _bar(self.total)
        self._bar.update(self._bar.task_ids[0], completed=self.rows, rate=f"{self.rows / seconds:,.0f} rows/s")
        self._bar.start()


def _can_be_redrawn(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def _bar(total: int | None) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    left = [BarColumn(), TextColumn("time left"), TimeRemainingColumn()] if total else []
    texts = [TextColumn("{task.completed:,} rows"), TextColumn("{task.fields[rate]}")]
    bar = Progress(*texts, *left, console=Console(stderr=True, markup=False), transient=True)
    bar.add_task("", total=total, rate="")
    return bar
