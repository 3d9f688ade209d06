"""What goes to standard error: notes, warnings and errors, each a line that says which."""

from __future__ import annotations

import sys
from collections.abc import Iterable


def note(texts: Iterable[str], *, quiet: bool) -> None:
    """What the user may want to know; ``--quiet`` leaves it out."""
    if not quiet:
        for text in texts:
            _say("note", text)


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
    line = f"{kind}: {text}\n"
    stream.write(line.encode(stream.encoding or "ascii", "backslashreplace").decode(stream.encoding or "ascii"))
    stream.flush()
