"""What ``mse check`` prints: a line for each check, and below a failure what explains it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mse_cli.check.finding import Finding
from mse_cli.errors import counted, printable
from mse_cli.render.files.destination import writing
from mse_cli.render.number_text import exact, short
from mse_cli.render.screens.characters import ColorChoice
from mse_cli.render.screens.screen import Screen

PASS, FAIL = ("PASS", "bold green"), ("FAIL", "bold red")
BELOW = Text(" " * 6)


def write_findings(findings: Sequence[Finding], names: Sequence[str] | None, color: ColorChoice) -> None:
    """On standard output, a line for each check."""
    text = render_findings(findings, names, Screen(sys.stdout, color))
    with writing(None) as stream:
        stream.write(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"))


def render_findings(findings: Sequence[Finding], names: Sequence[str] | None, screen: Screen) -> str:
    """PASS or FAIL of each check, with the largest relative error and where it is."""
    return screen.draw(*(line for finding in findings for line in _lines(finding, names, screen)))


def _lines(finding: Finding, names: Sequence[str] | None, screen: Screen) -> Iterator[RenderableType]:
    word, style = PASS if finding.holds else FAIL
    sentence = f"{finding.what}: {_figures(finding, names)}; tolerance {_tolerance(finding)}"
    yield _hanging(screen.text(f"{word}  ", style), screen.text(sentence))
    if finding.holds or finding.what == "analytic gradient":
        return
    if finding.cell is not None or finding.what == "loss":
        yield _hanging(BELOW, screen.text(f"given {exact(finding.given)}, right is {exact(finding.right)}"))
    for k, words in enumerate(finding.fits):
        yield _hanging(BELOW, screen.text(f"{'or: ' if k else ''}{words}", "bold"))
    if not finding.fits:
        yield _hanging(BELOW, screen.text("no known convention fits these numbers"))


def _hanging(word: Text, sentence: Text) -> Table:
    """A word and what follows it, whose further lines stand below its beginning."""
    row = Table.grid()
    row.add_column(no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(word, sentence)
    return row


def _figures(finding: Finding, names: Sequence[str] | None) -> str:
    if finding.cell is None and finding.what == "gradient":
        return "it has the shape of the transposed matrices"
    error = f"relative error {_rounded(finding)}"
    if finding.cell is None:
        return error
    row, column = finding.cell
    name = f" ({printable(names[column - 1])})" if names else ""
    place = f" at row {row}, column {column}{name}" if finding.largest > 0 else ""
    against = ", against centred differences" if finding.what == "analytic gradient" else ""
    return f"largest {error}{place}, over {counted(finding.count, 'cell')}{against}"


def _rounded(finding: Finding) -> str:
    """The error to three digits, or exact where these would seem to say something else than PASS or FAIL."""
    text = short(finding.largest, 3)
    return text if (float(text) <= finding.precision.tolerance) == finding.holds else exact(finding.largest)


def _tolerance(finding: Finding) -> str:
    why = f" ({finding.precision.why})" if finding.precision.why else ""
    return exact(finding.precision.tolerance).replace("e-0", "e-") + why
