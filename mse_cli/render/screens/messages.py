"""What is said on standard error: notes, warnings, errors."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterable

from mse_cli.core.result import Result
from mse_cli.errors import printable
from mse_cli.render.screens.characters import shown_in


def note(texts: Iterable[str], *, quiet: bool) -> None:
    """What the user may want to know; ``--quiet`` leaves it out."""
    if not quiet:
        for text in texts:
            _say("note", text)


def is_watched() -> bool:
    """Whether standard error is a terminal."""
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()


def warn(text: str) -> None:
    """What the user must know."""
    _say("warning", text)


def fail(message: str, hint: str | None) -> None:
    """What went wrong and, where there is one, what to do."""
    _say("error", message)
    if hint:
        _say("hint", hint)


def _say(kind: str, text: str) -> None:
    stream = sys.stderr
    if stream is None or stream.closed:
        return
    line = f"{kind}: {printable(text)}\n"
    with contextlib.suppress(OSError):  # there is nowhere left to complain
        stream.write(shown_in(line, stream.encoding or "ascii"))
        stream.flush()


def warn_of(result: Result) -> None:
    """Say where ``inf`` stands for a number that float64 cannot hold."""
    if result.overflow:
        warn("the square of an error is larger than float64 can hold (1.8e308) and stands as inf")
    elif math.isinf(result.sse):
        warn("the sum of the squared errors is larger than float64 can hold (1.8e308) and stands as inf")
