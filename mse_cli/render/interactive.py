"""The commands in Python: arrays, frames or paths in, something out that shows itself."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from html import escape
from typing import Any, ParamSpec, TypeVar

import numpy as np

from mse_cli import checks, explanation, readers, render
from mse_cli.checks.precision import precision_of_types
from mse_cli.core.result import Language, Missing, Result
from mse_cli.errors import UsageError
from mse_cli.explanation.lesson import Lesson
from mse_cli.readers.arrays.values import InMemory, Named, in_memory, named
from mse_cli.readers.opening import InputOptions
from mse_cli.readers.pair import Pair
from mse_cli.readers.text.dialect import Dialect
from mse_cli.render.comparisons import writing
from mse_cli.render.comparisons.texts import closing, opening
from mse_cli.render.files import destination
from mse_cli.render.formats import html_table, markdown
from mse_cli.render.lessons import LessonFormat, lesson_format_of, write_lesson
from mse_cli.render.printing import Printout
from mse_cli.render.python_words import speaking_python
from mse_cli.render.screens.characters import language_of
from mse_cli.render.screens.screen import Screen
from mse_cli.render.summary import Listing, listings, summary_rows
from mse_cli.running import evaluation
from mse_cli.running.comparison import arrays
from mse_cli.running.comparison.standings import Comparison

P = ParamSpec("P")
R = TypeVar("R", bound=Result | Comparison)
S = TypeVar("S", bound=Result | Comparison)
TARGET = "the target"
MOST_COLUMNS = 20  # of a summary
SECTIONS, MOST_DIGITS = 10, 17  # of a lesson


@dataclass(frozen=True, repr=False)
class Explanation:
    """A lesson that shows itself: as text where it is printed, as HTML with formulas in a notebook."""

    lesson: Lesson

    def __repr__(self) -> str:
        return self._text("terminal")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        bundle = {"text/markdown": self._text("markdown"), "text/plain": repr(self)}
        with suppress(UsageError):  # without the library that makes MathML a notebook sets the Markdown's formulas
            bundle["text/html"] = self._text("html")
        return bundle

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it, in the format that the suffix says: .html, .md, .tex, .ipynb or .txt."""
        name = os.fspath(path)
        with destination.writing(name) as stream:
            stream.write(self._text(lesson_format_of(None, name), fragment=False).encode())

    def _text(self, style: LessonFormat, *, fragment: bool = True) -> str:
        return "".join(write_lesson(self.lesson, style, None, "never", fragment=fragment))


@speaking_python
def explain(
    prediction: Any = None,
    target: Any = None,
    *,
    key: str | None = None,
    weights: Any = None,
    missing: Missing = "fail",
    cell: tuple[int, int] | None = None,
    steps: Collection[int] | None = None,
    learning_rate: float = 0.1,
    digits: int | None = None,
    lang: Language | None = None,
) -> Explanation:
    """MSE and its gradient step by step, as ``mse explain``.

    Args:
        prediction: A: an array-like, a DataFrame or a path; nothing for the built-in example.
        target: Y: likewise, of the same shape.
        key: Column of both whose text matches their rows.
        weights: Weights at least 0, likewise: N×1, 1×C or N×C.
        missing: What NaN and missing cells do; masked ones are left out.
        cell: Row and column, from 1, of the cell to trace.
        steps: Only these sections, from 1 to 10.
        learning_rate: η of section 7.
        digits: Significant digits of the numbers shown.
        lang: "en" or "zh"; by default the locale's.

    Raises:
        MseError: for what cannot be read or does not belong together.

    >>> explain([[3.0]], [[1.0]], steps={5}, lang="en").lesson.steps[0].title
    'The mean MSE'
    """
    _check_choices(cell, steps, learning_rate, digits)
    language = language_of(lang, to_terminal=False)
    files: tuple[str, ...] | None = None
    if prediction is None:
        if not (target is key is weights is None):
            raise UsageError(
                "there is no prediction for what was handed over", hint="explain(A, Y), or explain() alone"
            )
        pair = explanation.house_example(language)
    else:
        sides, _, pair = _opened(prediction, target, key, weights, missing)
        names = [side for side in (*sides.predictions, sides.target) if isinstance(side, str)]
        files = tuple(names) if len(names) == 2 else ()
    case = explanation.case_of(pair, cell=cell, learning_rate=float(learning_rate), files=files, digits=digits)
    sections = None if steps is None else frozenset(steps)
    return Explanation(explanation.explain(case, language=language, sections=sections))


def _check_choices(cell: Any, steps: Any, learning_rate: float, digits: Any) -> None:
    """What the command's options are held to."""
    if cell is not None and not (_are_whole(cell) and len(cell) == 2):
        raise UsageError(f"cell is a row and a column, from 1, not {cell!r}", hint="cell=(2, 1)")
    if steps is not None and not (_are_whole(steps, SECTIONS) and len(steps)):
        raise UsageError(f"steps are sections from 1 to {SECTIONS}, not {steps!r}", hint="steps={3, 4, 5}")
    if digits is not None and not _are_whole([digits], MOST_DIGITS):
        raise UsageError(f"digits is a whole number from 1 to {MOST_DIGITS}, not {digits!r}")
    if not (_is_number(learning_rate) and 0 < learning_rate < math.inf):
        raise UsageError(f"learning_rate is a finite number above 0, not {learning_rate!r}")


def _are_whole(given: Any, most: float = math.inf) -> bool:
    """Whether they are whole numbers from 1 to the most."""
    return isinstance(given, Iterable) and all(
        isinstance(k, int | np.integer) and not isinstance(k, bool) and 1 <= k <= most for k in given
    )


def _is_number(given: Any) -> bool:
    return isinstance(given, int | float | np.integer | np.floating) and not isinstance(given, bool)


@speaking_python
def check(
    prediction: Any,
    target: Any,
    *,
    gradient: Any = None,
    loss: float | None = None,
    rtol: float | None = None,
    key: str | None = None,
    weights: Any = None,
    missing: Missing = "fail",
    lang: Language | None = None,
) -> render.Verdicts:
    """What a gradient or a loss that someone else computed is worth, as ``mse check``.

    Args:
        prediction: A: an array-like, a DataFrame or a path.
        target: Y: likewise, of the same shape.
        gradient: The gradient to check, likewise.
        loss: The loss to check.
        rtol: The largest relative error that passes.
        key: Column of both whose text matches their rows.
        weights: Weights at least 0, likewise.
        missing: What NaN and missing cells do; masked ones are left out.
        lang: "en" or "zh"; by default the locale's.

    Returns:
        The verdicts, which print as the command prints them; ``passed`` says whether all hold.

    Raises:
        MseError: for what cannot be read or does not belong together.

    >>> print(check([[3.0, 5.0]], [[1.0, 1.0]], loss=20.0, lang="en"))
    FAIL  loss: relative error 1; tolerance 0.0001 (the number has few digits: 3)
          given 20, right is 10
          it is SSE: not divided by N·C
          or: it is 2·MSE
          step by step: mse explain … --steps 4
    PASS  analytic gradient: largest relative error 0; cells compared: 2, against centred differences; tolerance 1e-9
    """
    if rtol is not None and not (_is_number(rtol) and 0 <= rtol < 1):
        raise UsageError(f"rtol is a number from 0 to 1, not {rtol!r}")
    _, options, pair = _opened(prediction, target, key, weights, missing)
    value = None if loss is None else (_number(loss), _precision_of(loss, rtol) or checks.Precision())
    given: Named | None = None if gradient is None else named("gradient", gradient)
    side = None if given is None else checks.open_gradient(given, options)
    precision = None if gradient is None or isinstance(given, str) else _precision_of(gradient, rtol)
    findings = checks.check_pair(pair, loss=value, gradient=side, precision=precision, rtol=rtol)
    notes = (*pair.notes, *readers.rows_left_out(pair))
    return render.Verdicts(findings, pair.names, language_of(lang, to_terminal=False), notes=notes)


def _number(loss: Any) -> float:
    with suppress(TypeError, ValueError, OverflowError):
        if not isinstance(loss, bool):
            return float(loss)
    raise UsageError(f"loss is one number, not {loss!r}")


def _opened(
    prediction: Any, target: Any, key: str | None, weights: Any, missing: Missing
) -> tuple[InMemory, InputOptions, Pair]:
    sides = in_memory({"prediction": prediction}, target, weights, missing, key=key)
    options = readers.InputOptions(key=key, weights=sides.weights, dialect=Dialect(missing=sides.missing))
    return sides, options, readers.open_pair(sides.predictions[0], sides.target, options)


def _precision_of(given: Any, rtol: float | None) -> checks.Precision | None:
    """Of arrays and NumPy's numbers their type says how exact they are; of Python's float the digits that it has."""
    dtypes = getattr(given, "dtypes", None)  # of a frame several, of a Series one
    types = list(dtypes) if isinstance(dtypes, Iterable) else [getattr(given, "dtype", None)]
    of_numbers = [dtype for dtype in types if isinstance(dtype, np.dtype) and dtype.kind in "fiu"]
    if of_numbers:
        return precision_of_types(of_numbers, rtol)
    return checks.precision_of_text(repr(given), rtol) if isinstance(given, float | int) else None


@dataclass(frozen=True)
class ShownResult(Result):
    """A ``Result`` that shows itself in a notebook, and prints as its summary."""

    def __str__(self) -> str:
        return "\n\n".join(_aligned(table) for table in self._tables())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        marked = (markdown.table(it.titles or ("quantity", "value"), it.rows, it.n_texts) for it in self._tables())
        shown = (html_table.table(it.titles, it.rows, it.n_texts) for it in self._tables())
        return {"text/html": "".join(shown), "text/markdown": "\n".join(marked), "text/plain": str(self)}

    def _tables(self) -> list[Listing]:
        """The summary, and what was asked for besides."""
        rows = [[row.label, row.text] for row in summary_rows(self, (), MOST_COLUMNS)]
        return [Listing("", (), 2, rows), *listings(self, MOST_COLUMNS).values()]


def _aligned(table: Listing) -> str:
    lines = [*([table.titles] if table.titles else []), *table.rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    sides = [str.ljust if k < table.n_texts else str.rjust for k in range(len(widths))]
    return "\n".join(
        "  ".join(side(cell, width) for side, cell, width in zip(sides, line, widths, strict=True)).rstrip()
        for line in lines
    )


@dataclass(frozen=True)
class ShownComparison(Comparison):
    """A ``Comparison`` that shows itself as ``mse compare`` prints it."""

    def __str__(self) -> str:
        return writing.drawn(self, TARGET, Printout(), Screen(None, "never")).rstrip("\n")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        tables = (
            html_table.table(lines.titles, lines.rows)
            for lines in writing.tables_of(self, writing.limits_of(Printout()))
        )
        before, after = (f"<p>{escape(text)}</p>" for text in (opening(self, TARGET), closing(self)))
        return {
            "text/html": "".join([before, *tables, after]),
            "text/markdown": writing.marked(self, TARGET, Printout()),
            "text/plain": str(self),
        }


def _shown(compute: Callable[P, R], kind: type[S]) -> Callable[P, S]:
    """The same function, with a result that shows itself."""

    @functools.wraps(compute)
    def computed(*arguments: P.args, **options: P.kwargs) -> S:
        result = compute(*arguments, **options)
        return kind(**{field.name: getattr(result, field.name) for field in fields(result)})

    return computed


evaluate = speaking_python(_shown(evaluation.evaluate, ShownResult))
compare = speaking_python(_shown(arrays.compare, ShownComparison))
