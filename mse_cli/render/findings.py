"""What ``mse check`` prints: a line for each check, and below a failure what explains it; or the same as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from rich.table import Table
from rich.text import Text

from mse_cli.checks.finding import Finding
from mse_cli.checks.words import TEXTS, explained, said
from mse_cli.core.result import SCHEMA_VERSION, Language
from mse_cli.errors import printable
from mse_cli.render.files.destination import writing
from mse_cli.render.number_text import exact, json_value, short
from mse_cli.render.screens.characters import ColorChoice
from mse_cli.render.screens.screen import Screen

STYLES = {True: "bold green", False: "bold red"}  # by whether it holds
BELOW = Text(" " * 6)


@dataclass(frozen=True, repr=False)
class Verdicts:
    """What was found, and how it is told.

    Attributes:
        findings: In the order in which they are told.
        names: Of the columns.
        language: Of the sentences.
        command: Up to ``--steps``, the command that explains the same numbers step by step.
        notes: Of the files that were read.
    """

    findings: Sequence[Finding]
    names: Sequence[str] | None = None
    language: Language = "en"
    command: str = "mse explain …"
    notes: tuple[str, ...] = ()

    @property
    def texts(self) -> Mapping[str, str]:
        """The sentences."""
        return TEXTS[self.language]

    @property
    def passed(self) -> bool:
        """Whether all hold."""
        return all(finding.holds for finding in self.findings)

    def __repr__(self) -> str:
        return render_findings(self, Screen(None, "never")).rstrip("\n")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        text = repr(self)
        return {"text/html": render_html(self), "text/markdown": f"```text\n{text}\n```", "text/plain": text}

    def name(self, finding: Finding) -> str | None:
        """What the column of the largest error is called."""
        return None if finding.cell is None or not self.names else self.names[finding.cell[1] - 1]

    def pointer(self, finding: Finding) -> str:
        """The command that explains what went wrong."""
        return f"{self.command} --steps {finding.section}"


def write_findings(verdicts: Verdicts, style: str, color: ColorChoice) -> None:
    """On standard output, for people or as JSON."""
    text = render_json(verdicts) if style == "json" else render_findings(verdicts, Screen(sys.stdout, color))
    with writing(None) as stream:
        stream.write(text.encode("utf-8" if style == "json" else sys.stdout.encoding or "utf-8", "backslashreplace"))


def render_findings(verdicts: Verdicts, screen: Screen) -> str:
    """PASS or FAIL of each check, with the largest relative error and where it is."""
    return screen.draw(*(line for finding in verdicts.findings for line in _lines(finding, verdicts, screen)))


def _lines(finding: Finding, verdicts: Verdicts, screen: Screen) -> Iterator[Table]:
    word, sentence = _verdict(finding, verdicts)
    yield _hanging(screen.text(word + "  ", STYLES[finding.holds]), screen.text(sentence))
    for text, style in _reasons(finding, verdicts):
        yield _hanging(BELOW, screen.text(text, style))


def _verdict(finding: Finding, verdicts: Verdicts) -> tuple[str, str]:
    """PASS or FAIL, and the figures."""
    texts = verdicts.texts
    tolerance = exact(finding.precision.tolerance).replace("e-0", "e-")
    why = "" if finding.precision.why is None else texts["name"].format(name=said(finding.precision.why, texts))
    sentence = _figures(finding, verdicts) + texts["tolerance"].format(tolerance=tolerance, why=why)
    return texts["pass" if finding.holds else "fail"], sentence


def _reasons(finding: Finding, verdicts: Verdicts) -> Iterator[tuple[str, str]]:
    """Of what does not hold: the numbers, what explains them and where that is explained, each with its style."""
    texts = verdicts.texts
    if finding.holds:
        return
    if finding.cell is not None or finding.what == "loss":
        yield texts["numbers"].format(given=exact(finding.given), right=exact(finding.right)), ""
    for k, fit in enumerate(finding.fits):
        words = explained(fit, texts)
        yield (texts["or"].format(words=words) if k else words), "bold"
    if not finding.fits and finding.what != "analytic gradient":
        yield texts["unknown"], ""
    yield texts["see"].format(command=verdicts.pointer(finding)), ""


def _hanging(word: Text, sentence: Text) -> Table:
    """A word and what follows it, whose further lines stand below its beginning."""
    row = Table.grid()
    row.add_column(no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(word, sentence)
    return row


def _figures(finding: Finding, verdicts: Verdicts) -> str:
    texts = verdicts.texts
    what = texts[finding.what]
    if finding.cell is None:
        return texts["shape" if finding.what == "gradient" else "error"].format(what=what, error=_rounded(finding))
    (row, column), name = finding.cell, verdicts.name(finding)
    called = texts["name"].format(name=printable(name)) if name else ""
    return texts["largest"].format(
        what=what,
        error=_rounded(finding),
        place=texts["place"].format(row=row, column=column, name=called) if finding.largest > 0 else "",
        count=finding.count,
        against=texts["against"] if finding.what == "analytic gradient" else "",
    )


def _rounded(finding: Finding) -> str:
    """The error to three digits, or exact where these would seem to say something else than PASS or FAIL."""
    text = short(finding.largest, 3)
    return text if (float(text) <= finding.precision.tolerance) == finding.holds else exact(finding.largest)


def render_html(verdicts: Verdicts) -> str:
    """The same lines for a notebook."""
    colors = {True: "#1a8a3c", False: "#d2382c"}
    html = []
    for finding in verdicts.findings:
        word, sentence = _verdict(finding, verdicts)
        more = "".join(f"<br>{escape(text)}" for text, _ in _reasons(finding, verdicts))
        html.append(f'<p><b style="color:{colors[finding.holds]}">{word}</b> {escape(sentence)}{more}</p>')
    return "".join(html)


def render_json(verdicts: Verdicts) -> str:
    """All checks, each with the codes of what explains it: the same in every language."""
    checks = [_plain(finding, verdicts) for finding in verdicts.findings]
    whole = {
        "schema_version": SCHEMA_VERSION,
        "passed": verdicts.passed,
        "checks": checks,
        "notes": list(verdicts.notes),
    }
    return json.dumps(whole, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _plain(finding: Finding, verdicts: Verdicts) -> dict[str, Any]:
    why, texts = finding.precision.why, verdicts.texts
    row, column = finding.cell or (None, None)
    return {
        "what": finding.what,
        "passed": finding.holds,
        "relative_error": json_value(finding.largest),
        "tolerance": finding.precision.tolerance,
        "tolerance_reason": None if why is None else said(why, texts),
        "row": row,
        "column": verdicts.name(finding) or column,
        "given": json_value(finding.given),
        "right": json_value(finding.right),
        "cells": finding.count,
        "fits": [{"codes": [r.code for r in fit], "text": explained(fit, texts)} for fit in finding.fits],
        "section": None if finding.holds else finding.section,
    }
