"""How far the work has come, on standard error once a command takes longer than a second."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import ClassVar, Self, TextIO

from mse_cli.meter import METER
from mse_cli.render.screens.size import size_of

SECONDS_BEFORE_IT_SHOWS = 1.0  # from the command's start
SECONDS_BETWEEN = 0.25
LONGEST_WIPE = 2.0  # seconds: a terminal that was stopped (Ctrl-S) takes nothing, and it must not hold up the end
SMALLEST_SHARE = 0.01  # that lets the time left be guessed
WIPED = "\r\x1b[2K"
STARTED = time.monotonic()


class Phase:
    """A line on a terminal that says what goes on: how much is done, how fast and, where it can be told, the time left.

    A thread draws it, so that it also shows while nothing is reported. It is gone when the ``with`` block ends.

    Args:
        what: What is done.
        n_rows: How many rows will be reported in all, ``None`` if only reading all can tell.
        n_bytes: How many bytes will be read meanwhile, ``None`` if nobody knows.
        passes: How often that is done.
        wanted: False for ``--quiet``.

    Attributes:
        on_screen: The one whose line may be on the terminal now.
    """

    on_screen: ClassVar[Phase | None] = None

    def __init__(
        self, what: str, n_rows: int | None = None, n_bytes: int | None = None, *, passes: int = 1, wanted: bool
    ):
        self.what = what
        self.n_rows = n_rows and passes * n_rows
        self.n_bytes = n_bytes and passes * n_bytes
        self.rows = 0
        self._bytes = 0
        self._bytes_before, self._files_before = METER.n_bytes, METER.files
        self._start = time.monotonic()
        self._over = threading.Event()
        shows = wanted and _can_be_redrawn(sys.stderr)
        self._thread = threading.Thread(target=self._draw, daemon=True) if shows else None

    def __enter__(self) -> Self:
        if self._thread:
            try:
                self._thread.start()
                Phase.on_screen = self
            except RuntimeError:  # no thread is left: work goes on unseen
                self._thread = None
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread:
            self._over.set()
            self._thread.join(LONGEST_WIPE)
            Phase.on_screen = None

    def __call__(self, n_rows: int, n_bytes: int = 0) -> None:
        """So many more rows are done, for which so many bytes were read elsewhere."""
        self.rows += n_rows
        self._bytes += n_bytes

    def line(self, seconds: float) -> str:
        """What is shown after so many seconds."""
        share, rows = self._share(), self.rows
        if self.n_rows and share is not None:
            rows = max(rows, int(self.n_rows * share))  # those at work now are reported when they are done
        if rows:
            line = f"{self.what} {rows:,} rows · {rows / seconds:,.0f} rows/s"
        elif METER.files > self._files_before:
            return f"{self.what} {METER.files:,} of {METER.files_named:,} files"
        else:
            line = self.what if share is None else f"{self.what} {share:.0%}"
        if share is None or not SMALLEST_SHARE <= share < 1.0:  # nothing tells when it ends
            return f"{line} · {_clock(seconds)}" if round(seconds) else line
        return f"{line} · {_clock(seconds / share - seconds)} left"

    def _share(self) -> float | None:
        """Which part is done, by the rows or by the bytes that were read here or elsewhere."""
        by_rows = self.rows / self.n_rows if self.n_rows else 0.0
        read = max(self._bytes, METER.n_bytes - self._bytes_before)
        by_bytes = read / self.n_bytes if self.n_bytes else 0.0
        return min(1.0, max(by_rows, by_bytes)) or None

    def _draw(self) -> None:
        # Straight to the descriptor: a worker that is forked meanwhile inherits no lock of a stream.
        descriptor, encoding, is_drawn = sys.stderr.fileno(), sys.stderr.encoding, False
        waited = max(SECONDS_BETWEEN, STARTED + SECONDS_BEFORE_IT_SHOWS - self._start)
        with contextlib.suppress(OSError):  # the terminal has gone
            while not self._over.wait(waited):
                waited = SECONDS_BETWEEN
                if _is_in_foreground(descriptor):
                    line = self.line(time.monotonic() - self._start)[: size_of(sys.stderr).columns - 1]
                    os.write(descriptor, (WIPED + line).encode(encoding, "replace"))
                    is_drawn = True
            if is_drawn:
                os.write(descriptor, WIPED.encode())


def wipe() -> None:
    """End what is shown, if an interrupt came while it was being ended."""
    if Phase.on_screen:
        Phase.on_screen.__exit__()


def _clock(seconds: float) -> str:
    """Minutes and seconds.

    >>> _clock(61.7)
    '1:02'
    """
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"


def _can_be_redrawn(stream: TextIO | None) -> bool:
    if stream is None or stream.closed or not stream.isatty() or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.fileno() >= 0
    except OSError:  # it calls itself a terminal, and is none
        return False


def _is_in_foreground(descriptor: int) -> bool:
    """Whether a terminal shows what this job says; one behind an ``&`` would write into what is typed."""
    with contextlib.suppress(OSError, AttributeError):  # not the terminal that controls this process; Windows
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    return True
