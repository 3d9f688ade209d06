"""How far the work has come, on standard error while it takes longer than a second."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Self, TextIO

from mse_cli.render.screens.size import size_of

SECONDS_BEFORE_IT_SHOWS = 1.0
SECONDS_BETWEEN = 0.25
WIPED = "\r\x1b[2K"


class RowsDone:
    """A line on a terminal that says what goes on: rows, rate and, where N is known, the time left.

    A thread draws it, so that it also shows while nothing is reported. It is gone when the ``with`` block ends.

    Args:
        what: What is done with the rows.
        total: N, ``None`` if only reading all can tell.
        wanted: False for ``--quiet``.
    """

    def __init__(self, what: str, total: int | None = None, *, wanted: bool):
        self.what = what
        self.total = total
        self.rows = 0
        self._start = time.monotonic()
        self._over = threading.Event()
        shows = wanted and _can_be_redrawn(sys.stderr)
        self._thread = threading.Thread(target=self._draw, daemon=True) if shows else None

    def __enter__(self) -> Self:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread:
            self._over.set()
            self._thread.join()

    def __call__(self, n_rows: int) -> None:
        """So many more rows are done."""
        self.rows += n_rows

    def line(self, seconds: float) -> str:
        """What is shown after so many seconds."""
        if not self.rows:
            return self.what
        rate = self.rows / seconds
        line = f"{self.what} {self.rows:,} rows · {rate:,.0f} rows/s"
        if self.total:
            left = max(0, round((self.total - self.rows) / rate))
            line += f" · {left // 60}:{left % 60:02} left"
        return line

    def _draw(self) -> None:
        # Straight to the descriptor: a worker that is forked meanwhile inherits no lock of a stream.
        descriptor, columns = sys.stderr.fileno(), size_of(sys.stderr).columns
        encoding, waited = sys.stderr.encoding, SECONDS_BEFORE_IT_SHOWS
        while not self._over.wait(waited):
            line = self.line(time.monotonic() - self._start)[: columns - 1]
            os.write(descriptor, (WIPED + line).encode(encoding, "replace"))
            waited = SECONDS_BETWEEN
        if waited == SECONDS_BETWEEN:
            os.write(descriptor, WIPED.encode())


def _can_be_redrawn(stream: TextIO | None) -> bool:
    if stream is None or stream.closed or not stream.isatty() or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.fileno() >= 0
    except OSError:  # it calls itself a terminal, and is none
        return False
