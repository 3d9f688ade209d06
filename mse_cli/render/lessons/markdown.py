"""An explanation as Markdown with LaTeX math, as GitHub renders it."""

from __future__ import annotations

from mse_cli.explain.lesson import Equation, Lesson, Listing, Parabola, Paragraph, Passage, Points, Step, Verdict, Words
from mse_cli.render.lessons.formula_latex import aligned, latex


def write(lesson: Lesson, *_: object) -> list[str]:
    """The whole, in one piece."""
    return [render_lesson(lesson)]


def render_lesson(lesson: Lesson) -> str:
    """The whole explanation; display math in ```` ```math ```` blocks, which need no escaping."""
    introduction = [f"# {escaped(lesson.title)}", _text(lesson.introduction)]
    return "\n\n".join([*introduction, *(_step(step) for step in lesson.steps)]) + "\n"


def _step(step: Step) -> str:
    return "\n\n".join([f"## {step.number}. {escaped(step.title)}", *map(_part, step.parts)])


def _part(part: Passage) -> str:
    match part:
        case Paragraph():
            return _text(part)
        case Points():
            return "\n".join(f"- {_text(point)}" for point in part.sentences)
        case Equation():
            return f"```math\n{aligned(part.left, part.rights)}\n```"
        case Listing():
            rows = [part.titles, ("---",) * len(part.titles), *(tuple(map(_text, row)) for row in part.rows)]
            return "\n".join("| " + " | ".join(row) + " |" for row in rows)
        case Parabola():
            return "\n".join(f"- {_text(place)}" for place in part.legend)
        case Verdict():
            return f"**{escaped(part.word.rstrip())}** {_text(part.sentence)}"


def _text(paragraph: Paragraph) -> str:
    """Sentences, with inline math as $`…`$, in which Markdown reads nothing."""
    return "".join(escaped(part.text) if isinstance(part, Words) else f"$`{latex(part)}`$" for part in paragraph.parts)


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is.

    >>> print(escaped("a_b|c*"))
    a\_b\|c\*
    """
    return "".join("\\" + c if c in "\\`*_[]<>|#$" else c for c in text)
