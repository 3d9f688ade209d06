"""A computed case becomes a ``Lesson`` of nine steps."""

from __future__ import annotations

from mse_cli.core.result import Language
from mse_cli.explain.backward import check, conventions, descent, gradient_step
from mse_cli.explain.case import Case
from mse_cli.explain.forward import error, inputs, introduction, mean, squares, total
from mse_cli.explain.lesson import Lesson
from mse_cli.explain.words import TEXTS

SECTIONS = (inputs, error, squares, total, mean, gradient_step, descent, check, conventions)


def explain(case: Case, *, language: Language = "en", sections: frozenset[int] | None = None) -> Lesson:
    """The steps of a case in a language; all of them, or those with these numbers.

    Args:
        case: What was computed.
        language: Of its sentences.
        sections: Numbers from 1 to 9.
    """
    texts = TEXTS[language]
    steps = (make(case, texts) for i, make in enumerate(SECTIONS, start=1) if sections is None or i in sections)
    return Lesson(language, texts["title"], introduction(case, texts), tuple(steps))
