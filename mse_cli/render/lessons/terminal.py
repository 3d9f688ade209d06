"""An explanation for a terminal: wrapped sentences, drawn equations, a table; one string a step."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

from rich.cells import cell_len
from rich.console import RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.text import Text

from mse_cli.explanation.formula import DOT, GIVES, MINUS, QUAD, TIMES, Formula, Line
from mse_cli.explanation.lesson import (
    Code,
    Equation,
    Lesson,
    Listing,
    Parabola,
    Paragraph,
    Passage,
    Points,
    Step,
    Verdict,
    Words,
)
from mse_cli.render.lessons.curve import CHARACTERS as CURVE
from mse_cli.render.lessons.curve import as_lines, marks
from mse_cli.render.lessons.formula_text import CHARACTERS, Box, Ink, beside, draw, flat
from mse_cli.render.screens.characters import ColorChoice
from mse_cli.render.screens.screen import Screen

TRACED, HEADING, NUMBER, CODE = "bold magenta", "bold", "bold cyan", "cyan"
INDENT, WIDEST = 2, 100
EMPTY = Text()
EQUAL, INDENTED = Box((Text(" = "),)), Box((Text("   "),))
BREAKS = ({QUAD}, {GIVES}, {"+", MINUS}, {TIMES, DOT})  # before these an equation may go on in the next line
NOT_FIRST, NOT_LAST = "，。；：、！？）》」】”’,.;:!?)", "（《「【“‘("


def write(lesson: Lesson, *, stream: TextIO | None, color: ColorChoice, **_: object) -> Iterator[str]:
    """As a stream can show it."""
    return render_lesson(lesson, Screen(stream, color, CHARACTERS + CURVE))


def render_lesson(lesson: Lesson, screen: Screen) -> Iterator[str]:
    """The introduction, then each step."""
    width = min(screen.console.width, WIDEST)
    ink = Ink(ascii=screen.ascii, style=TRACED if screen.colored else "")
    introduction = [line for part in lesson.introduction for line in (EMPTY, *_wrapped(part, ink, width))]
    yield screen.draw(Text(lesson.title, HEADING), *introduction)
    for step in lesson.steps:
        yield screen.draw(*_step(step, screen, ink, width - INDENT))


def _step(step: Step, screen: Screen, ink: Ink, width: int) -> Iterator[RenderableType]:
    """The heading, then the parts; never two empty lines in a row."""
    yield Text(f"\n{step.number}  ", NUMBER) + Text(ink.text(step.title), HEADING)
    pieces = [piece for part in step.parts for piece in _part(part, screen, ink, width)]
    for piece, following in zip(pieces, [*pieces[1:], EMPTY], strict=True):
        if piece != EMPTY:
            yield Padding(piece, (0, 0, 0, INDENT), expand=False)
        elif following != EMPTY:
            yield EMPTY


def _part(part: Passage, screen: Screen, ink: Ink, width: int) -> list[RenderableType]:
    match part:
        case Paragraph():
            return [*_wrapped(part, ink, width)]
        case Points():
            return [EMPTY, *(line for point in part.sentences for line in _point(point, ink, width)), EMPTY]
        case Equation():
            return [EMPTY, *_equation(part, ink, width), EMPTY]
        case Listing():
            return [EMPTY, Constrain(_listing(part, screen, ink), width), EMPTY]
        case Code():
            lines = [Text(ink.text(text), CODE) for text in part.source.split("\n")]
            printed = [Text(text) for text in part.output.split("\n") if text]
            return [EMPTY, *lines, *([EMPTY, *printed] if printed else []), EMPTY]
        case Parabola():
            return [EMPTY, *_drawn(part, ink, width), EMPTY]
        case Verdict():
            style = "bold green" if part.holds else "bold red"
            return [*_wrapped(part.sentence, ink, width, opening=Text(part.word, style)), EMPTY]


def _point(paragraph: Paragraph, ink: Ink, width: int) -> list[Text]:
    lines = _wrapped(paragraph, ink, width - 2)
    return [Text("- " if k == 0 else "  ") + line for k, line in enumerate(lines)]


def _equation(equation: Equation, ink: Ink, width: int) -> tuple[Text, ...]:
    """The chain, each right side below the one before; with fewer digits in matrices if it is too wide."""
    for digits in (17, 6, 5, 4, 3, 2):
        fewer = replace(ink, digits=digits)
        lines = _chain(equation, fewer, width)
        if all(line.cell_len <= width for line in lines):
            return lines
    return _chain(equation, ink, width)


def _chain(equation: Equation, ink: Ink, width: int) -> tuple[Text, ...]:
    """As many right sides in a row as fit; further rows begin below the first ``=``."""
    if not equation.rights:
        return _stacked(_broken(equation.left, ink, width))
    left = draw(equation.left, ink)
    start = Box((Text(" " * left.width),))
    rows = [left]
    for right in equation.rights:
        longer = beside([rows[-1], EQUAL, draw(right, ink)])
        if longer.width <= width:
            rows[-1] = longer
            continue
        first, *others = _broken(right, ink, width - left.width - EQUAL.width)
        rows[-1:] = [beside([left, EQUAL, first])] if rows == [left] else [rows[-1], beside([start, EQUAL, first])]
        rows.extend(beside([start, INDENTED, other]) for other in others)
    return _stacked(rows)


def _stacked(boxes: list[Box]) -> tuple[Text, ...]:
    """Boxes one below the other, with an empty line beside each that is higher than one line."""
    lines: list[Text] = []
    for k, box in enumerate(boxes):
        if k and (len(box.lines) > 1 or len(boxes[k - 1].lines) > 1):
            lines.append(Text())
        lines.extend(box.lines)
    return tuple(lines)


def _broken(formula: Formula, ink: Ink, width: int) -> list[Box]:
    """A formula in pieces that fit the width, broken before a sign if need be."""
    whole = draw(formula, ink)
    if whole.width <= width or not isinstance(formula, Line):
        return [whole]
    pieces: list[tuple[Formula, ...]] = [()]
    for group in _groups(formula.items):
        longer = draw(Line((*pieces[-1], *group)), ink)
        if pieces[-1] and longer.width > width:
            pieces.append(tuple(item for item in group if item != QUAD) if group[0] == QUAD else group)
        else:
            pieces[-1] = (*pieces[-1], *group)
    return [draw(Line(piece), ink) for piece in pieces]


def _groups(items: tuple[Formula, ...]) -> list[tuple[Formula, ...]]:
    """The items, those between two places where the line may break together: before the loosest sign there is."""
    breaks = next((signs for signs in BREAKS if signs & {item for item in items if isinstance(item, str)}), set())
    groups: list[tuple[Formula, ...]] = [()]
    for item in items:
        if isinstance(item, str) and item in breaks and groups[-1]:
            groups.append(())
        groups[-1] = (*groups[-1], item)
    return groups


def _listing(listing: Listing, screen: Screen, ink: Ink) -> RenderableType:
    table = screen.table()
    for title in listing.titles:
        table.add_column(Text(ink.text(title)), overflow="fold")
    for row in listing.rows:
        table.add_row(*(_sentence(cell, ink) for cell in row))
    return table


def _drawn(parabola: Parabola, ink: Ink, width: int) -> Iterator[Text]:
    """The curve, and below it what each sign stands for."""
    signs = marks(ascii_only=ink.ascii)
    for line in as_lines(parabola, width, ascii_only=ink.ascii):
        text = Text(line)
        text.highlight_words(signs, ink.style or "none")
        yield text
    for sign, place in zip(signs, parabola.legend, strict=True):
        yield from _wrapped(place, ink, width, opening=Text(f"{sign} ", ink.style))


def _sentence(paragraph: Paragraph, ink: Ink) -> Text:
    parts = [Text(ink.text(part.text)) if isinstance(part, Words) else flat(part, ink) for part in paragraph.parts]
    return Text().join(parts)


def _wrapped(paragraph: Paragraph, ink: Ink, width: int, opening: Text | None = None) -> list[Text]:
    """A paragraph in lines of at most so many columns of the screen; formulas stay whole."""
    atoms: list[Text] = [] if opening is None else [opening]
    for part in paragraph.parts:
        if isinstance(part, Words):
            atoms.extend(Text(word) for word in words_of(ink.text(part.text)))
        else:
            atoms.append(flat(part, ink))
    return _filled(_glued(atoms), width)


def words_of(text: str) -> list[str]:
    """The pieces of a text between which a line may end: words with the space after them, Chinese characters.

    >>> words_of("one two，三四。")
    ['one ', 'two，', '三', '四。']
    """
    words: list[str] = []
    for character in text:
        if words and not _may_break(words[-1][-1], character):
            words[-1] += character
        else:
            words.append(character)
    return words


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _glued(atoms: list[Text]) -> list[Text]:
    """The same atoms, those that may not begin a line joined to the one before."""
    glued: list[Text] = []
    for atom in atoms:
        if glued and atom and not _may_break(glued[-1].plain[-1], atom.plain[0]):
            glued[-1] = glued[-1] + atom
        else:
            glued.append(atom)
    return glued


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two characters."""
    if after in NOT_FIRST or after == " " or before in NOT_LAST:
        return False
    return before == " " or _wide(before) or _wide(after)


def _filled(atoms: list[Text], width: int) -> list[Text]:
    lines = [Text()]
    for atom in atoms:
        if lines[-1] and lines[-1].cell_len + cell_len(atom.plain.rstrip()) > width:
            lines.append(Text())
        lines[-1].append_text(atom)
    for line in lines:
        line.rstrip()
    return lines
