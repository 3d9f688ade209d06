"""``mse explain``: the same numbers as ``mse compute``, step by step."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli.commands import options
from mse_cli.commands.options import OUTPUT
from mse_cli.commands.streams import note
from mse_cli.errors import UsageError, quote
from mse_cli.render.files.destination import writing

if TYPE_CHECKING:
    from mse_cli.explain.lesson import Lesson
    from mse_cli.readers.opening import InputOptions
    from mse_cli.readers.pair import Pair

EXAMPLES = options.examples(
    "mse explain",
    "mse explain preds.csv truth.csv --cell 2,1 --steps 6-8",
    "mse explain preds.csv truth.csv --lang zh -o explanation.html",
)
EXPLANATION = "Explanation"
SECTIONS = "123456789"


class Format(StrEnum):
    """--format."""

    terminal = "terminal"
    markdown = "markdown"
    latex = "latex"
    html = "html"


class Language(StrEnum):
    """--lang."""

    en = "en"
    zh = "zh"


SUFFIXES = {".md": Format.markdown, ".tex": Format.latex, ".html": Format.html, ".htm": Format.html}


def explain(
    preds: Annotated[
        str | None,
        typer.Argument(
            metavar="PREDS",
            help="The prediction A, as of mse compute; nothing: a built-in example.",
            show_default=False,
        ),
    ] = None,
    truth: Annotated[
        str | None, typer.Argument(metavar="TRUTH", help="The target Y, of the same shape.", show_default=False)
    ] = None,
    pred: options.Pred = None,
    true: options.True_ = None,
    key: options.Key = None,
    weights: options.Weights = None,
    weight_column: options.WeightColumn = None,
    missing: options.MissingPolicy = options.MissingChoice.fail,
    header: options.Header = options.HeaderOption.auto,
    delimiter: options.Delimiter = "auto",
    decimal: options.Decimal = "auto",
    na: options.Na = None,
    cell: Annotated[
        str | None,
        typer.Option(
            "--cell",
            metavar="I,J",
            help="Trace this cell (row, column, from 1); by default the one with the largest squared error.",
            rich_help_panel=EXPLANATION,
        ),
    ] = None,
    steps: Annotated[
        str | None,
        typer.Option(
            "--steps", metavar="LIST", help="Only these sections, as 3-5 or 1,6.", rich_help_panel=EXPLANATION
        ),
    ] = None,
    pause: Annotated[
        bool, typer.Option("--pause", help="Wait for Enter between sections.", rich_help_panel=EXPLANATION)
    ] = False,
    lang: Annotated[
        Language | None,
        typer.Option("--lang", help="Language; by default that of the locale.", rich_help_panel=EXPLANATION),
    ] = None,
    learning_rate: Annotated[
        float,
        typer.Option("--learning-rate", metavar="H", help="η of the step in section 7.", rich_help_panel=EXPLANATION),
    ] = 0.1,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            "-f",
            help="How to write it; by default for a terminal, or what the suffix of --output says.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to a file instead of standard output.", rich_help_panel=OUTPUT
        ),
    ] = None,
    color: Annotated[
        options.ColorOption, typer.Option("--color", help="Colour in a terminal.", rich_help_panel=OUTPUT)
    ] = options.ColorOption.auto,
    quiet: options.Quiet = False,
) -> None:
    """Explain MSE and its gradient step by step, with the numbers of your own files."""
    # Imported here, as all that only this command needs: every other command starts without it.
    from mse_cli.explain import explain as explanation_of
    from mse_cli.explain.examination import examine

    inputs = options.input_options(
        pred, true, key, weights, weight_column, missing, header, delimiter, decimal, na, read_again=True
    )
    style = format_of(format_, output)
    sections = None if steps is None else sections_of(steps)
    place = None if cell is None else cell_of(cell)
    _check_options(learning_rate, pause=pause, output=output, style=style)
    language = language_of(lang, output, style)
    with writing(output) as stream:
        pair = _pair(preds, truth, inputs)
        note(pair.notes, quiet=quiet)
        files = tuple(name for name in (preds, truth) if name is not None)
        case = examine(pair, cell=place, learning_rate=learning_rate, files=files)
        lesson = explanation_of(case, language=language, sections=sections)
        encoding = (sys.stdout.encoding if output is None else None) or "utf-8"
        for k, text in enumerate(_render(lesson, style, output, color.value)):
            if pause and k > 1:
                stream.flush()
                _wait()
            stream.write(text.encode(encoding, "backslashreplace"))


def _pair(preds: str | None, truth: str | None, inputs: InputOptions) -> Pair:
    from mse_cli.readers.opening import InputOptions, open_pair

    if preds is not None:
        return open_pair(preds, truth, inputs)
    if inputs != InputOptions(dialect=inputs.dialect):
        raise UsageError("there is no file for these options", hint="mse explain PREDS TRUTH, or mse explain alone")
    from mse_cli.readers.arrays.held import house_example

    return house_example()


def _check_options(learning_rate: float, *, pause: bool, output: str | None, style: Format) -> None:
    if not math.isfinite(learning_rate):
        raise UsageError("--learning-rate takes a finite number")
    terminal = output is None and sys.stdout.isatty() and sys.stdin is not None and sys.stdin.isatty()
    if pause and not (terminal and style is Format.terminal):
        raise UsageError("--pause waits for a reader at a terminal; here there is none")


def _render(lesson: Lesson, style: Format, output: str | None, color: str) -> Iterable[str]:
    """The text piece by piece; each format's renderer is imported here and not before."""
    if style is Format.terminal:
        return _terminal(lesson, output, color)
    if style is Format.markdown:
        from mse_cli.render.lessons.markdown import render_lesson as markdown

        return [markdown(lesson)]
    if style is Format.latex:
        from mse_cli.render.lessons.latex import render_lesson as latex

        return [latex(lesson)]
    from mse_cli.render.lessons.html_page import render_lesson as html

    return [html(lesson)]


def _terminal(lesson: Lesson, output: str | None, color: str) -> Iterator[str]:
    from mse_cli.render.lessons.formula_text import CHARACTERS
    from mse_cli.render.lessons.terminal import render_lesson
    from mse_cli.render.screens.screen import Screen

    return render_lesson(lesson, Screen(None if output else sys.stdout, color, CHARACTERS))


def _wait() -> None:
    """Until Enter is pressed; the end of the input ends the explanation."""
    sys.stderr.write("⏎ ")
    sys.stderr.flush()
    if not sys.stdin.readline():
        raise typer.Exit


def format_of(chosen: Format | None, path: str | None) -> Format:
    """The format that is asked for, or that the output file's suffix says.

    >>> format_of(None, "page.html").value, format_of(None, None).value
    ('html', 'terminal')
    """
    endings = [form for suffix, form in SUFFIXES.items() if path is not None and path.endswith(suffix)]
    return chosen or (endings[0] if endings else Format.terminal)


def cell_of(text: str) -> tuple[int, int]:
    """Row and column of --cell I,J, from 1.

    Raises:
        UsageError: if it is not two numbers of at least 1.
    """
    numbers = [part.strip() for part in text.split(",")]
    if len(numbers) != 2 or not all(part.isascii() and part.isdecimal() and int(part) for part in numbers):
        raise UsageError(f"--cell takes a row and a column, from 1, not {quote(text)}", hint="--cell 2,1")
    return int(numbers[0]), int(numbers[1])


def sections_of(text: str) -> frozenset[int]:
    """The sections that --steps means.

    Raises:
        UsageError: if it is not a list of numbers and ranges from 1 to 9.

    >>> sorted(sections_of("1,3-5"))
    [1, 3, 4, 5]
    """
    chosen: set[int] = set()
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        known = all(len(end) == 1 and end in SECTIONS for end in ends)
        if not known or len(ends) > 2 or ends[0] > ends[-1]:
            hint = "--steps 3-5, or --steps 1,6"
            raise UsageError(f"--steps takes sections from 1 to {SECTIONS[-1]}, not {quote(text)}", hint=hint)
        chosen.update(range(int(ends[0]), int(ends[-1]) + 1))
    return frozenset(chosen)


def language_of(chosen: Language | None, output: str | None, style: Format) -> str:
    """The language that is asked for, or the locale's; Chinese only where it can be shown.

    Raises:
        UsageError: if it is asked for and standard output cannot show it.
    """
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    language = chosen.value if chosen else "zh" if locale.startswith("zh") else "en"
    if output is None and style is Format.terminal and not _can_show(language):
        if chosen:
            hint = "use a UTF-8 locale, or -o FILE"
            raise UsageError(f"the encoding {sys.stdout.encoding} cannot show this language", hint=hint)
        return "en"
    return language


def _can_show(language: str) -> bool:
    if language == "en":
        return True
    from mse_cli.explain.words import TEXTS

    try:
        TEXTS[language]["title"].encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
