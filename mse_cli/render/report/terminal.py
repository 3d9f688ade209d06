"""A report for the terminal: how good and where bad on one screen, what is worst below it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from mse_cli.core.result import Result, WorstCell
from mse_cli.core.tallies.pictures.bins import Counts
from mse_cli.errors import counted, printable
from mse_cli.render.comparisons.texts import Limits
from mse_cli.render.comparisons.writing import drawn_tables
from mse_cli.render.files.destination import STANDARD_OUTPUT
from mse_cli.render.number_text import as_written, exact
from mse_cli.render.report.characters import ASCII, BLOCKS, CHARACTERS, Shapes, bar, shaded
from mse_cli.render.report.texts import DIGITS, Shares, percent, shares_of
from mse_cli.render.screens.characters import ColorChoice
from mse_cli.render.screens.screen import Screen
from mse_cli.render.screens.size import Size, size_of
from mse_cli.render.summary import ELLIPSIS, column_label
from mse_cli.running.comparison.standings import Comparison
from mse_cli.running.report.report import Detail, Report

MOST_COLUMNS, MOST_MODELS = 1, 1
WIDEST, SIDE_BY_SIDE = 120, 72  # columns of pictures; from which two stand beside each other
LONGEST_NAME, GAP = 24, 2
AROUND, AROUND_SHARES = 9, 12  # lines of everything but the pictures; with the shares of columns or groups
FEWEST_LINES, MOST_LINES, FRAME = 11, 28, 4  # of pictures; of what stands around a density
FEWEST_SHARES, MOST_SHARES = 2, 12
PIPE = Size(100, 36)  # of the pictures where there is no terminal
RIGHT: JustifyMethod = "right"
LEAST_TEXTS, LEAST_NAME, LEAST_BAR, LONGEST_BAR = 3, 5, 6, 25  # of shares
WIDEST_NUMBER = 17  # digits, which hold any float64
WORST = ((8, LONGEST_NAME, GAP), (6, 16, GAP), (5, 12, 1), (4, 8, 1))  # digits, longest name, gap: the first that fits


def detail_for(*, shares: bool) -> Detail:
    """As many bins as a picture on standard output has room for."""
    size = _size(sys.stdout)
    lines, width = _lines(size, shares=shares), _panel(min(size.columns, WIDEST))
    return Detail(errors=lines - 3, values=max(8, min(width - 9, 4 * (lines - FRAME))))


def write(report: Report, path: str | None, color: ColorChoice) -> bytes:
    """As standard output, or a file, can show it."""
    stream = sys.stdout if path in STANDARD_OUTPUT else None
    screen = Screen(stream, color, CHARACTERS)
    return render_report(report, screen, _size(stream)).encode(screen.encoding, "backslashreplace")


def _size(stream: TextIO | None) -> Size:
    return size_of(stream) if stream is not None and stream.isatty() else PIPE


def _lines(size: Size, *, shares: bool) -> int:
    """How many lines the pictures have, so that all else fits below them."""
    return max(FEWEST_LINES, min(MOST_LINES, size.lines - (AROUND_SHARES if shares else AROUND)))


def _panel(width: int) -> int:
    return (width - GAP) // 2 if width >= SIDE_BY_SIDE else width


def render_report(report: Report, screen: Screen, size: Size) -> str:
    """The summary, pictures of one column, the parts of SSE, the worst cells, the comparison of several models."""
    result, width = report.result, min(size.columns, WIDEST)
    shapes = ASCII if screen.ascii else BLOCKS
    text = screen.draw(_summary(report, screen, width), Text(), _pictures(report, screen, shapes, width, size))
    compared = screen.draw(Text(), *_comparison(report.comparison, screen)) if report.comparison else ""
    worst = result.worst or ()
    if screen.lines is None:  # no screen has to hold it: all, and every name and number whole
        shown = [_shares(it, screen, shapes, None, MOST_SHARES) for it in shares_of(report, WIDEST_NUMBER)]
        return text + screen.draw(*_apart([*shown, _worst(result, worst, screen, None)])) + compared
    shares = shares_of(report)
    left = size.lines - 1 - text.count("\n") - 1  # of the prompt, and the worst cells' titles
    if shares:
        left -= 2  # the shares' titles, and what is left out
        most = max(FEWEST_SHARES, min(MOST_SHARES, left - min(len(worst), left // 2)))
        panel = _panel(width) if len(shares) > 1 else width
        drawn = screen.draw(_beside([_shares(it, screen, shapes, panel, most) for it in shares], width))
        text, left = text + drawn, left - drawn.count("\n") + 2
    return text + screen.draw(_worst(result, worst[: max(1, left)], screen, width)) + compared


def _apart(parts: Iterable[RenderableType]) -> Iterator[RenderableType]:
    """Each after an empty line."""
    for part in parts:
        yield Text()
        yield part


def _comparison(comparison: Comparison, screen: Screen) -> list[RenderableType]:
    limits = Limits(DIGITS, most_columns=MOST_SHARES, most_rows=MOST_SHARES)
    return drawn_tables(comparison, screen, limits)


def _summary(report: Report, screen: Screen, width: int) -> Group:
    """The sides, how much was compared, and the scalars in full precision."""
    result, sides = report.result, [printable(name) for name in report.files]
    if report.comparison:
        first = "the best" if report.comparison.best else "the first"
        sides[0] += f", {first} of {len(report.comparison.models)} models,"
    used = "all" if result.cells_used == result.cells_total else f"{result.cells_used} of {result.cells_total}"
    facts = [screen.text(f"{result.shape[0]} × {result.shape[1]}, {used} cells used")]
    if result.weighted:
        facts.append(screen.text(f"divided by {exact(result.divisor)}, the Σ of the weights"))
    facts += [screen.text(f"{it.label} ") + screen.text(exact(it.value), "bold") for it in result.scalars()]
    lines = [screen.text(" against ".join(sides), "bold"), Text()]
    for fact in facts:
        if lines[-1] and len(lines[-1]) + 3 + len(fact) > width:
            lines.append(Text())
        lines[-1] += Text("   " if lines[-1] else "") + fact
    return Group(*lines)


def _pictures(report: Report, screen: Screen, shapes: Shapes, width: int, size: Size) -> RenderableType:
    """The histogram of errors and the density, beside each other where there is room."""
    counts, panel = report.pictures[0].counts, _panel(width)
    name = _name(report.result, counts.plan.column, screen)
    lines = _lines(size, shares=len(report.result.columns) > 1 or bool(report.result.by))
    return _beside(
        [_histogram(counts, name, screen, shapes, panel), _density(counts, screen, shapes, panel, lines)], width
    )


def _beside(panels: Sequence[RenderableType], width: int) -> RenderableType:
    """Two panels beside each other, where there is room."""
    if len(panels) == 1:
        return panels[0]
    if width < SIDE_BY_SIDE:
        return Group(panels[0], Text(), *panels[1:])
    row = _grid("left", "left")
    row.columns[0].width = _panel(width)
    row.add_row(*panels)
    return row


def _name(result: Result, column: int, screen: Screen) -> str:
    """What a picture's title says of its column, shortened; nothing if there is only one."""
    if len(result.columns) == 1 and result.columns[0].name is None:
        return ""
    return " of " + shortened(column_label(result, column), LONGEST_NAME, screen)


def shortened(name: str, longest: int | None, screen: Screen) -> str:
    """A name in characters that the screen has, which leaves room for others where room is limited."""
    name, dots = screen.text(name).plain, screen.text(ELLIPSIS).plain
    if longest is None or cell_len(name) <= longest:
        return name
    return set_cell_size(name, longest - len(dots)).rstrip() + dots


def _histogram(counts: Counts, name: str, screen: Screen, shapes: Shapes, width: int) -> Group:
    """A bar for each bin of errors, named by its lower edge; what lies outside is counted."""
    edges, numbers = counts.plan.errors.edges.tolist(), counts.errors.tolist()
    labels = [exact(edge) for edge in edges[:-1]]
    rows = list(zip(labels, numbers[1:-1], strict=True))
    if numbers[0]:
        rows.insert(0, (f"< {labels[0]}", numbers[0]))
    if numbers[-1]:
        rows.append((f"> {exact(edges[-1])}", numbers[-1]))
    margin, digits = max(len(label) for label, _ in rows), max(len(str(count)) for _, count in rows)
    room, most = max(1, width - margin - digits - 3), max(max(numbers), 1)
    lines = [screen.text(f"errors (A − Y){name}", "bold")]
    for label, count in rows:
        drawn = f"{bar(count / most, room, shapes)} {count}"
        lines.append(Text.assemble(screen.text(f"{label:>{margin}} {shapes.side}", "dim"), screen.text(drawn, "cyan")))
    if counts.no_number:
        lines.append(screen.text(f"{counted(counts.no_number, 'error')} NaN", "dim"))
    return Group(*lines)


def _density(counts: Counts, screen: Screen, shapes: Shapes, width: int, lines: int) -> Group:
    """Predicted (upwards) against actual (to the right), darker where more cells are, with the diagonal."""
    inside = counts.density[1:-1, 1:-1]
    edges = [exact(edge) for edge in counts.plan.values.edges.tolist()]
    picture = shaded(inside, lines - FRAME, shapes)
    margin = max(len(edges[0]), len(edges[-1]))
    labels = [edges[-1], *[""] * (len(picture.lines) - 2), edges[0]]
    if margin + 1 + len(inside) > width:  # long numbers stand below alone: both axes have the same
        margin, labels = 0, [""] * len(picture.lines)
    each = max(1, min(2, (width - margin - 1) // len(inside)))
    drawn = [screen.text("predicted against actual", "bold")]
    for label, line in zip(labels, picture.lines, strict=False):
        wide = "".join(character * each for character in line)
        cells = screen.text(wide, "cyan")
        cells.highlight_regex(f"{shapes.diagonal}+", "magenta")
        drawn.append(Text.assemble(screen.text(f"{label:>{margin}}{shapes.side}", "dim"), cells))
    span = len(inside) * each
    drawn.append(screen.text(" " * margin + shapes.corner + shapes.floor * span, "dim"))
    below = f"{edges[0]} {edges[-1].rjust(span - len(edges[0]) - 1)}"
    drawn.append(screen.text(" " * min(margin + 1, max(0, width - len(below))) + below, "dim"))
    drawn.append(screen.text(_legend(counts, picture.steps, width), "dim"))
    return Group(*drawn)


def _legend(counts: Counts, steps: dict[str, int], width: int) -> str:
    """From which count on each shade is used, as far apart as there is room, and how many cells lie outside."""
    total, inside = int(counts.density.sum()), int(counts.density[1:-1, 1:-1].sum())
    parts = [f"{ink} {least}+" for ink, least in steps.items()] if inside else []
    parts += [f"{total - inside} outside"] if total > inside else []
    wide, close = "  ".join(parts), " ".join(parts)
    return wide if len(wide) <= width else close if len(close) <= width else close.replace("outside", "out")


def _shares(shares: Shares, screen: Screen, shapes: Shapes, width: int | None, most: int) -> Group:
    """The largest parts of SSE, each with a bar, and as many numbers as there is room for, if it is limited."""
    parts = shares.parts[:most] if len(shares.parts) > most + 1 else shares.parts
    longest = None if width is None else LONGEST_NAME if width >= SIDE_BY_SIDE else LONGEST_NAME // 2
    rows = [(shortened(it.name, longest, screen), percent(it.share), *it.numbers) for it in parts]
    rows.insert(0, (shortened(shares.name, longest, screen), "share", *shares.numbers))
    widths = [max(map(cell_len, texts)) for texts in zip(*rows, strict=True)]
    room = LONGEST_BAR
    if width is not None:
        while len(widths) > LEAST_TEXTS and sum(widths) + GAP * len(widths) + LEAST_BAR > width:
            widths.pop()
        over = sum(widths) + GAP * len(widths) + LEAST_BAR - width
        if over > 0:
            widths[0] = max(LEAST_NAME, widths[0] - over)
            rows = [(shortened(name, widths[0], screen), *others) for name, *others in rows]
        room = max(LEAST_BAR, min(width // 4, width - sum(widths) - GAP * len(widths)))
    table = _grid("left", "right", "left", *[RIGHT] * (len(widths) - 2))
    for row, part in zip(rows, [None, *parts], strict=True):
        drawn = "of SSE" if part is None else bar(0.0 if math.isnan(part.share) else part.share, room, shapes)
        name, share, *numbers = (screen.text(text, "" if part else "bold") for text in row[: len(widths)])
        table.add_row(name, share, screen.text(drawn.ljust(room), "cyan" if part else "bold"), *numbers)
    lines: list[RenderableType] = [table]
    if len(parts) < len(shares.parts):
        rest = math.fsum(part.share for part in shares.parts[len(parts) :])
        lines.append(screen.text(f"{len(shares.parts) - len(parts)} more: {percent(rest)}", "dim"))
    return Group(*lines)


def _grid(*justify: JustifyMethod, gap: int = GAP) -> Table:
    table = Table.grid(padding=(0, gap, 0, 0))
    for side in justify:
        table.add_column(justify=side, overflow="fold")
    return table


def _worst(result: Result, cells: Sequence[WorstCell], screen: Screen, width: int | None) -> Table:
    """The worst cells; their numbers to so many digits that they stand beside each other."""
    if width is None:
        return _worst_to(result, cells, screen, WIDEST_NUMBER, None, GAP)
    for digits, longest, gap in WORST:
        table = _worst_to(result, cells, screen, digits, longest, gap)
        if screen.fits(table, width):
            break
    return table


def _worst_to(
    result: Result, cells: Sequence[WorstCell], screen: Screen, digits: int, longest: int | None, gap: int
) -> Table:
    key = [] if result.key is None else [shortened(printable(result.key), longest, screen)]
    titles = ["worst row", *key, "column", "prediction", "target", "error", "share"]
    table = _grid(*[RIGHT] * len(titles), gap=gap)
    table.add_row(*(screen.text(title, "bold") for title in titles))
    for cell in cells:
        names = [printable(cell.key or "")] * len(key) + [printable(cell.name) if cell.name else str(cell.column)]
        numbers = [as_written(x, digits) for x in (cell.prediction, cell.target, cell.error)]
        if cell.error and numbers[0] == numbers[1]:  # what tells them apart is beyond these digits
            numbers[:2] = [as_written(x, WIDEST_NUMBER) for x in (cell.prediction, cell.target)]
        texts = [str(cell.row), *(shortened(name, longest, screen) for name in names), *numbers, percent(cell.share)]
        table.add_row(*map(screen.text, texts))
    return table
