"""An explanation as text, a file a format."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Literal, TextIO

from mse_cli.errors import UsageError, printable
from mse_cli.render.screens.characters import ColorChoice

if TYPE_CHECKING:
    from mse_cli.explanation.lesson import Lesson

LessonFormat = Literal["terminal", "markdown", "latex", "html", "ipynb"]
# Which module here writes a format; it is loaded when it is asked for.
WRITERS: dict[LessonFormat, str] = {
    "terminal": "terminal",
    "markdown": "markdown",
    "latex": "latex",
    "html": "html_page",
    "ipynb": "notebook",
}
SUFFIXES: dict[str, LessonFormat] = {
    ".txt": "terminal",
    ".md": "markdown",
    ".tex": "latex",
    ".html": "html",
    ".htm": "html",
    ".ipynb": "ipynb",
}


def lesson_format_of(chosen: LessonFormat | None, path: str | None) -> LessonFormat:
    """The format that is asked for, or that the output file's suffix says.

    Raises:
        UsageError: for a suffix that no format has.

    >>> lesson_format_of(None, "page.html"), lesson_format_of(None, None)
    ('html', 'terminal')
    """
    if chosen is not None or path is None:
        return chosen or "terminal"
    suffix = os.path.splitext(path.lower())[1]
    if suffix and suffix not in SUFFIXES:
        raise UsageError(f"{printable(path)}: no format has such a suffix", hint=" ".join(SUFFIXES))
    return SUFFIXES.get(suffix, "terminal")


def write_lesson(
    lesson: Lesson, style: LessonFormat, stream: TextIO | None, color: ColorChoice, *, fragment: bool = False
) -> Iterable[str]:
    """The text, piece by piece.

    Args:
        lesson: What is explained.
        style: The format.
        stream: Where a terminal's text will go, ``None`` for a file.
        color: Whether that is coloured.
        fragment: Whether LaTeX and HTML are to be put into another document.
    """
    texts: Iterable[str] = import_module(f"{__name__}.{WRITERS[style]}").write(
        lesson, stream=stream, color=color, fragment=fragment
    )
    return texts
