"""A computed case becomes a ``Lesson`` of ten steps."""

from __future__ import annotations

from dataclasses import replace

from mse_cli.core.result import Language
from mse_cli.explanation.case import Case
from mse_cli.explanation.lesson import Lesson
from mse_cli.explanation.steps.backward import check, conventions, descent, gradient_step
from mse_cli.explanation.steps.forward import data, error, inputs, mean, opening, squares, total
from mse_cli.explanation.steps.program import cells, program, setup
from mse_cli.explanation.words import TEXTS

SECTIONS = (inputs, error, squares, total, mean, gradient_step, descent, check, conventions, program)


def explain(case: Case, *, language: Language = "en", sections: frozenset[int] | None = None) -> Lesson:
    """The steps of a case in a language; all of them, or those with these numbers.

    Args:
        case: What was computed.
        language: Of its sentences.
        sections: Numbers from 1 to 10.
    """
    texts = TEXTS[language]
    chosen = sections or frozenset(range(1, len(SECTIONS) + 1))
    programs = cells(case, texts)
    made = (make(case, texts) for i, make in enumerate(SECTIONS, start=1) if i in chosen)
    steps = tuple(replace(step, program=programs.get(step.number, "")) for step in made)
    begin = (opening(texts),) if 1 in chosen else ()
    return Lesson(language, texts["title"], (*begin, data(case, texts)), steps, setup(case, texts))
