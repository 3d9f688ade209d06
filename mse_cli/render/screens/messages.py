"""What is said on standard error: notes, warnings, errors."""

from __future__ import annotations

import contextlib
import sys
import textwrap
from collections.abc import Iterable

from mse_cli.core.result import Result
from mse_cli.errors import printable
from mse_cli.render.screens.characters import shown_in
from mse_cli.render.screens.progress import WIPED, Phase
from mse_cli.render.screens.size import size_of


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
    line = shown_in(f"{kind}: {printable(text)}", stream.encoding or "ascii")
    if stream.isatty():
        line = hanging(line, len(kind) + 2, size_of(stream).columns)
        line = WIPED + line if Phase.on_screen else line  # in one piece: the thread that draws may come between
    with contextlib.suppress(OSError):  # there is nowhere left to complain
        stream.write(line + "\n")
        stream.flush()


def hanging(line: str, indent: int, width: int) -> str:
    """A line wrapped between words, what follows the first line indented; no word is broken.

    >>> print(hanging("note: one two three", 6, 14))
    note: one two
          three
    """
    if len(line) <= width:
        return line
    lines = textwrap.wrap(line, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def warn_of(*results: Result) -> None:
    """Say where ``inf`` stands for a number that float64 cannot hold."""
    for text in dict.fromkeys(text for result in results for text in result.warnings):
        warn(text)
