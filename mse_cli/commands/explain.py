"""``mse explain``: the same numbers as ``mse compute``, step by step."""

# No annotations as text: see cli.py.
import math
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mse_cli import explanation, readers, render
from mse_cli.commands import options
from mse_cli.commands.options import OUTPUT, groups
from mse_cli.core.result import Language
from mse_cli.errors import UsageError, quote
from mse_cli.render.files.destination import writing
from mse_cli.render.lessons import LessonFormat, lesson_format_of
from mse_cli.render.screens.characters import ColorChoice, language_of
from mse_cli.render.screens.messages import note, warn_of
from mse_cli.render.screens.progress import Phase

if TYPE_CHECKING:
    from mse_cli.readers import InputOptions
    from mse_cli.readers.pair import Pair

EXAMPLES = options.examples(
    "mse explain",
    "mse explain preds.csv truth.csv --cell 2,1 --steps 6-8",
    "mse explain preds.csv truth.csv --lang zh -o explanation.html",
    "mse explain preds.csv truth.csv -o lesson.ipynb",
)
EXPLANATION = "Explanation"
SECTIONS = 10


@groups.grouped(inputs=groups.INPUTS)
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
    *,
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
    lang: options.Lang = None,
    learning_rate: Annotated[
        float,
        typer.Option("--learning-rate", metavar="H", help="η of the step in section 7.", rich_help_panel=EXPLANATION),
    ] = 0.1,
    digits: Annotated[
        int | None,
        typer.Option(
            "--digits",
            metavar="D",
            min=1,
            max=17,
            help="Significant digits of the numbers shown; by default 6 in matrices, elsewhere as many as are meant.",
            rich_help_panel=EXPLANATION,
            show_default=False,
        ),
    ] = None,
    format_: Annotated[
        LessonFormat | None,
        typer.Option(
            "--format",
            "-f",
            help="How to write it; by default for a terminal, or what the suffix of --output says.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    fragment: Annotated[
        bool,
        typer.Option(
            "--fragment",
            help="LaTeX and HTML without what only a whole document needs, to be put into slides or a page.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to a file instead of standard output.", rich_help_panel=OUTPUT
        ),
    ] = None,
    color: Annotated[
        ColorChoice, typer.Option("--color", help="Colour in a terminal.", rich_help_panel=OUTPUT)
    ] = "auto",
    inputs: "InputOptions",
    quiet: options.Quiet = False,
) -> None:
    """Explain MSE and its gradient step by step, with the numbers of your own files."""
    style = lesson_format_of(format_, output)
    sections = None if steps is None else sections_of(steps)
    place = None if cell is None else cell_of(cell)
    if fragment and style not in ("latex", "html"):
        raise UsageError("--fragment is about LaTeX and HTML", hint="--fragment -f html")
    _check_options(learning_rate, pause=pause, output=output, style=style)
    language = language_of(lang, to_terminal=output is None and style == "terminal")
    phase = partial(Phase, wanted=not quiet)
    with writing(output) as stream:
        with phase("opening"):
            pair = _pair(preds, truth, inputs, language)
        note(pair.notes, quiet=quiet)
        files = None if preds is None else (preds, *([] if truth is None else [truth]))
        with phase("reading twice", pair.n_rows, readers.n_bytes_of(pair.sources), passes=2) as progress:
            case = explanation.case_of(
                pair, cell=place, learning_rate=learning_rate, files=files, digits=digits, progress=progress
            )
        note(readers.rows_left_out(pair), quiet=quiet)
        warn_of(case.result)
        lesson = explanation.explain(case, language=language, sections=sections)
        to = None if output else sys.stdout
        for k, text in enumerate(render.write_lesson(lesson, style, to, color, fragment=fragment)):
            if pause and k > 1:
                stream.flush()
                _wait()
            stream.write(text.encode((to and to.encoding) or "utf-8", "backslashreplace"))


def _pair(preds: str | None, truth: str | None, inputs: "InputOptions", language: Language) -> "Pair":
    if preds is not None:
        return readers.open_pair(preds, truth, inputs)
    if inputs != readers.InputOptions(dialect=inputs.dialect):
        raise UsageError("there is no file for these options", hint="mse explain PREDS TRUTH, or mse explain alone")
    return explanation.house_example(language)


def _check_options(learning_rate: float, *, pause: bool, output: str | None, style: LessonFormat) -> None:
    if not 0 < learning_rate < math.inf:  # else it is no descent
        raise UsageError("--learning-rate takes a finite number above 0")
    watched = [stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)]  # None: closed
    terminal = output is None and all(watched)
    if pause and not (terminal and style == "terminal"):
        raise UsageError("--pause waits for a reader at a terminal; here there is none")


def _wait() -> None:
    """Until Enter is pressed; the end of the input ends the explanation."""
    sys.stderr.write("⏎ ")
    sys.stderr.flush()
    if not sys.stdin.readline():
        raise typer.Exit


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
        UsageError: if it is not a list of numbers and ranges from 1 to 10.

    >>> sorted(sections_of("1,3-5"))
    [1, 3, 4, 5]
    """
    chosen: set[int] = set()
    for part in text.split(","):
        ends = [end.strip() for end in part.split("-")]
        numbers = [int(end) if end.isascii() and end.isdecimal() else 0 for end in ends]
        if len(ends) > 2 or not 1 <= numbers[0] <= numbers[-1] <= SECTIONS:
            hint = "--steps 3-5, or --steps 1,6"
            raise UsageError(f"--steps takes sections from 1 to {SECTIONS}, not {quote(text)}", hint=hint)
        chosen.update(range(numbers[0], numbers[-1] + 1))
    return frozenset(chosen)
