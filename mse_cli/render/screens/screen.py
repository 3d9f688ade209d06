"""What a text stream can show: colour, width, characters."""

from __future__ import annotations

import io
import os
from typing import TextIO

from rich import box
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from mse_cli.render.screens.characters import PLAIN, can_show, shown_in
from mse_cli.render.screens.size import size_of

UNLIMITED = 1_000_000_000  # columns of a pipe: nothing is ever cut or wrapped


class Screen:
    """A stream as a screen: text is drawn for it, and can then be written to it in one piece.

    Args:
        stream: Where the text will go, ``None`` for a file.
        color: ``"auto"`` colours a terminal, unless NO_COLOR is set or TERM is dumb.
        fitted: Whether tables are fitted to the width of a terminal.
        characters: What the text has besides tables; ``ascii`` says that the stream does not have all of it.
    """

    def __init__(self, stream: TextIO | None, color: str = "auto", characters: str = "", *, fitted: bool = True):
        terminal = stream is not None and stream.isatty()
        self.colored = colored = use_color(color, terminal=terminal)
        self.encoding = (stream.encoding if stream is not None else None) or "utf-8"
        size = size_of(stream) if stream is not None and terminal else None
        self.lines = size.lines if size and fitted else None  # of the terminal, where there is one
        self.ascii = not can_show("─│" + "".join(PLAIN) + characters, self.encoding)
        self.console = Console(
            file=io.StringIO(),
            force_terminal=colored,
            color_system="standard" if colored else None,
            no_color=not colored,
            width=size.columns if size and fitted else UNLIMITED,
            legacy_windows=False,
            markup=False,
            highlight=False,
            emoji=False,
        )

    def draw(self, *renderables: RenderableType) -> str:
        """The text of something, as this screen can show it."""
        with self.console.capture() as captured:
            for renderable in renderables:
                self.console.print(renderable)
        return "\n".join(line.rstrip() for line in captured.get().split("\n"))

    def text(self, text: str, style: str = "") -> Text:
        """Text that is shown as it is (never read as markup), in characters that the stream has."""
        return Text(shown_in(text, self.encoding), style=style)

    def table(self, *, header: bool = True, footer: bool = False) -> Table:
        """An empty table with borders that the stream has."""
        border = box.ROUNDED if can_show("╭─┬┼╯", self.encoding) else box.ASCII
        return Table(box=border, show_header=header, show_footer=footer)

    def fits(self, renderable: RenderableType, width: int | None = None) -> bool:
        """Whether something can be shown in a width, or the screen's, without cutting or wrapping anything."""
        width = width or self.console.width
        if width >= UNLIMITED:
            return True
        unlimited = self.console.options.update(max_width=UNLIMITED)
        return Measurement.get(self.console, unlimited, renderable).maximum <= width


def use_color(choice: str, *, terminal: bool) -> bool:
    """Whether to colour, by the option, the environment and the stream."""
    if choice != "auto":
        return choice == "always"
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
