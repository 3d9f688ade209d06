"""An explanation as plain data: steps of text, equations and tables, which any renderer can show."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TypeAlias

from mse_cli.explanation.formula import Formula, Fraction, line


@dataclass(frozen=True)
class Words:
    """A piece of ordinary text, shown as it is."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Sentences with formulas among them."""

    parts: tuple[Words | Formula, ...]


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    sentences: tuple[Paragraph, ...]


@dataclass(frozen=True)
class Equation:
    """A chain left = right = right = …: the formula, the formula with the numbers in it, the result."""

    left: Formula
    rights: tuple[Formula, ...]


@dataclass(frozen=True)
class Listing:
    """A table: its titles, and its rows of paragraphs."""

    titles: tuple[str, ...]
    rows: tuple[tuple[Paragraph, ...], ...]


@dataclass(frozen=True)
class Verdict:
    """Whether something held, with a word for it and a sentence."""

    holds: bool
    word: str
    sentence: Paragraph


@dataclass(frozen=True)
class Code:
    """A piece of a program in Python, and what it prints."""

    source: str
    output: str = ""


@dataclass(frozen=True)
class Parabola:
    """The loss over one prediction, measured from the target so that the farther of two places is at ±1.

    Attributes:
        now: The present place, from −1 to 1.
        after: The place after the step.
        legend: What is said of the present place, the one after the step, the lowest one, and the tangent.
    """

    now: float
    after: float
    legend: tuple[Paragraph, ...]


Passage: TypeAlias = Paragraph | Points | Equation | Listing | Verdict | Code | Parabola


@dataclass(frozen=True)
class Step:
    """One section of the explanation; ``program`` computes the same in Python, after ``setup`` of the lesson."""

    number: int
    title: str
    parts: tuple[Passage, ...]
    program: str = ""


@dataclass(frozen=True)
class Lesson:
    """The whole explanation in one language."""

    language: str
    title: str
    introduction: tuple[Paragraph, ...]
    steps: tuple[Step, ...]
    setup: str = ""


def derivative(of: Formula, by: Formula) -> Fraction:
    """∂of/∂by."""
    return Fraction(line("∂", of), line("∂", by))


def sentence(template: str, **values: Formula | Words) -> Paragraph:
    """A text with its ``{names}`` replaced by formulas or words.

    >>> sentence("{a} is the prediction", a="A").parts
    ('A', Words(text=' is the prediction'))
    """
    parts: list[Words | Formula] = []
    for text, name, _, _ in string.Formatter().parse(template):
        if text:
            parts.append(Words(text))
        if name is not None:
            parts.append(values[name])
    return Paragraph(tuple(parts))
