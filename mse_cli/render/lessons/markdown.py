"""An explanation as Markdown with LaTeX math as Jupyter, VS Code, Colab and GitHub render it: $…$ and $$…$$."""

from __future__ import annotations

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
from mse_cli.render.lessons.formula_latex import aligned, latex


def write(lesson: Lesson, **_: object) -> list[str]:
    """The whole, in one piece."""
    return [render_lesson(lesson)]


def render_lesson(lesson: Lesson) -> str:
    """The whole explanation."""
    parts = [part for step in lesson.steps for part in (heading(step), *map(markdown, step.parts))]
    return "\n\n".join([beginning(lesson), *parts]) + "\n"


def beginning(lesson: Lesson) -> str:
    """The title, and what it is all about."""
    return "\n\n".join([f"# {escaped(lesson.title)}", *map(_text, lesson.introduction)])


def heading(step: Step) -> str:
    """A section's."""
    return f"## {step.number}. {escaped(step.title)}"


def markdown(part: Passage) -> str:
    """A passage."""
    match part:
        case Paragraph():
            return _text(part)
        case Points():
            return "\n".join(f"- {_text(point)}" for point in part.sentences)
        case Equation():
            return f"$$\n{aligned(part.left, part.rights)}\n$$"
        case Listing():
            rows = [part.titles, ("---",) * len(part.titles), *(tuple(map(_text, row)) for row in part.rows)]
            return "\n".join("| " + " | ".join(row) + " |" for row in rows)
        case Code():
            printed = f"\n\n```text\n{part.output}\n```" if part.output else ""
            return f"```python\n{part.source}\n```{printed}"
        case Parabola():
            return "\n".join(f"- {_text(place)}" for place in part.legend)
        case Verdict():
            return f"**{escaped(part.word.rstrip())}** {_text(part.sentence)}"


def _text(paragraph: Paragraph) -> str:
    """Sentences; GitHub takes $ for a dollar beside anything but spaces and ASCII punctuation."""
    text = ""
    for part in paragraph.parts:
        words = escaped(part.text) if isinstance(part, Words) else f"${latex(part).strip()}$"
        before, after = text[-1:], words[:1]
        apart = (after == "$" and _is_wide(before)) or (before == "$" and _is_wide(after))
        text += (" " if apart else "") + words
    return text


def _is_wide(character: str) -> bool:
    return character > "~"


def escaped(text: str) -> str:
    r"""Text that Markdown shows as it is.

    >>> print(escaped("a_b|c*"))
    a\_b\|c\*
    """
    return "".join("\\" + c if c in "\\`*_[]<>|#$&~" else c for c in text)
