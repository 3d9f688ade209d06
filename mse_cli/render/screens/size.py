"""How large a terminal is."""

from __future__ import annotations

import os
from typing import NamedTuple, TextIO


class Size(NamedTuple):
    """Columns and lines."""

    columns: int = 80
    lines: int = 24


def size_of(stream: TextIO) -> Size:
    """The size of the terminal behind a stream; COLUMNS and LINES decide where they are set."""
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        found = os.terminal_size(Size())
    columns, lines = (_number(os.environ.get(name, "")) for name in ("COLUMNS", "LINES"))
    return Size(columns or found.columns or Size().columns, lines or found.lines or Size().lines)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() else 0
