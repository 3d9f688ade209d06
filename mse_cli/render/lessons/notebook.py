"""An explanation as a Jupyter notebook: its sentences as Markdown, its programs as cells that run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mse_cli.explanation.lesson import Code, Lesson, Step
from mse_cli.render.lessons.markdown import beginning, heading, markdown

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def write(lesson: Lesson, **_: object) -> list[str]:
    """The whole, in one piece."""
    cells = [{"id": f"cell-{k}", **cell} for k, cell in enumerate(_cells(lesson))]
    notebook = {"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return [json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"]


def _cells(lesson: Lesson) -> Iterator[dict[str, Any]]:
    yield _markdown([beginning(lesson)])
    if lesson.setup:
        yield _code(Code(lesson.setup))
    for step in lesson.steps:
        yield from _cells_of(step)


def _cells_of(step: Step) -> Iterator[dict[str, Any]]:
    texts = [heading(step)]
    for part in step.parts:
        if isinstance(part, Code):
            yield _markdown(texts)
            yield _code(part)
            texts = []
        else:
            texts.append(markdown(part))
    if texts:
        yield _markdown(texts)
    if step.program:
        yield _code(Code(step.program))


def _markdown(texts: list[str]) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": "\n\n".join(texts)}


def _code(code: Code) -> dict[str, Any]:
    printed = {"output_type": "stream", "name": "stdout", "text": code.output + "\n"}
    outputs = [printed] if code.output else []
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": outputs, "source": code.source}
