"""An explanation as one page: HTML with MathML, no script, nothing fetched, light and dark, fit for printing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from mse_cli.errors import UsageError
from mse_cli.explanation.formula import DOT, EQUALS, GIVES, MINUS, QUAD, TIMES, Formula, Grid, Line, line
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
from mse_cli.render.lessons.curve import as_svg
from mse_cli.render.lessons.formula_latex import TRACED, latex
from mse_cli.render.lessons.formula_text import Ink, flat

SIGNS = {EQUALS, MINUS, TIMES, GIVES}
# A formula and the sign behind it: a line must not begin with that.
KEPT = re.compile(r"<math(?:(?!</math>).)*</math>[，。、；：）,.;:)%]+", re.DOTALL)
NOTHING = "{}"  # in LaTeX, before a sign: else it would be that of a negative number
TAGS = {"zh": "zh-Hans"}  # of languages that a page calls otherwise
# Brackets and gaps are drawn by these rules, not by a mathematical font, which many machines lack. Only what stands in
# .mse is meant, so that a fragment leaves the page around it as it is.
STYLE = """
.mse { --soft: #77777f; --line: rgb(128 128 128 / .3); --card: rgb(128 128 128 / .09); --traced: #c8219f;
  --paper: transparent; --good: #1a8a3c; --bad: #d2382c; line-height: 1.6; overflow-wrap: break-word; }
.mse * { box-sizing: border-box; }
.mse details { margin: 1.6rem 0 0; padding-top: .8rem; border-top: 1px solid var(--line); }
.mse summary { cursor: pointer; }
.mse summary > * { display: inline; margin: 0; font-size: 1.25em; line-height: 1.3; }
.mse summary span { color: var(--soft); margin: 0 .5em 0 .2em; }
.mse p, .mse ul { margin: .6rem 0; }
.mse ul { padding-left: 1.3rem; }
.mse .equation { display: flex; flex-wrap: wrap; align-items: baseline; gap: .5rem .4rem; margin: .8rem 0;
  padding: .7rem .9rem; background: var(--card); border-radius: .5rem; overflow-x: auto; }
.mse math { math-style: normal; }
.mse .equation math { flex: none; font-size: 1.15em; }
.mse .kept { white-space: nowrap; }
.mse .table { overflow-x: auto; }
.mse table { border-collapse: collapse; margin: .8rem 0; }
.mse th, .mse td { text-align: left; padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); }
.mse th { color: var(--soft); font-weight: 600; } .mse td:first-child { min-width: 6em; }
.mse pre { margin: .8rem 0; padding: .7rem .9rem; background: var(--card); border-radius: .5rem; overflow-x: auto;
  font: .9em/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; }
.mse pre.output { background: none; border-left: 3px solid var(--line); border-radius: 0; }
.mse mi.letter { font-family: "STIX Two Text", "Latin Modern Roman", "Times New Roman", "DejaVu Serif", serif;
  font-style: italic; }
.mse mo.bracket { display: none; }
.mse mtable.matrix { margin: 0 .15em; padding: .1em .3em; --side: linear-gradient(currentColor, currentColor);
  border: solid currentColor; border-width: 0 .09em; background: var(--side) 0 0, var(--side) 100% 0,
  var(--side) 0 100%, var(--side) 100% 100%; background-size: .3em .09em; background-repeat: no-repeat; }
.mse mtd { padding: .2em .4em; text-align: right; text-align: -webkit-right; }
.mse mfrac > :first-child { padding-bottom: .15em; }
.mse mfrac > :last-child { padding-top: .15em; }
.mse munderover > :nth-child(2), .mse msubsup > :nth-child(2) { padding-top: .1em; }
.mse munderover > :nth-child(3) { padding-bottom: .15em; }
.mse [mathcolor] { color: var(--traced); font-weight: 600; }
.mse figure { margin: 1rem 0; } .mse figcaption ul { list-style: none; padding: 0; }
.mse figcaption li::before { content: "\\25CF"; color: var(--soft); margin-right: .6em; }
.mse figcaption .traced::before { color: var(--traced); } .mse figcaption .after::before { content: "\\25CB"; }
.mse figcaption .tangent::before { content: "- -"; }
.mse .parabola { display: block; width: 100%; max-width: 38rem; height: auto; }
.mse .good { color: var(--good); } .mse .bad { color: var(--bad); }
@media print { .mse summary { list-style: none; break-after: avoid; }
  .mse details::details-content { content-visibility: visible; display: block; height: auto; }
  .mse .equation, .mse pre { break-inside: avoid; overflow: visible; border: 1px solid var(--line); }
  .mse pre { white-space: pre-wrap; } }
"""
MARKED = {  # what the rules above are about
    f'mathcolor="{TRACED}"': 'mathcolor="#b3009b"',
    "<mo>&#x0005B;</mo><mtable>": '<mo class="bracket">&#x0005B;</mo><mtable class="matrix">',
    "</mtable><mo>&#x0005D;</mo>": '</mtable><mo class="bracket">&#x0005D;</mo>',
}
# A single letter is set in the italics of a mathematical font, which shows a box where there is none.
LETTER = re.compile(r"<mi>([A-Za-z]|&#x003[BC][0-9A-F];)</mi>")
PAGE = """
:root { color-scheme: light dark; }
html { font-size: clamp(100%, .6rem + .8vw, 160%); }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 60rem; color: #1c1c1e; background: #fdfdfb;
  font: 1.0625rem/1.6 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
h1 { font-size: 1.8rem; line-height: 1.25; margin: 0 0 .5rem; }
.mse { --traced: #b3009b; --paper: #fdfdfb; }
@media (prefers-color-scheme: dark) { body { color: #e8e8ea; background: #16171a; }
  .mse { --traced: #ff7ae9; --paper: #16171a; --good: #6ddc8b; --bad: #ff8a80; --soft: #a0a0a8; } }
@media print { html { font-size: 9.5pt; } body { max-width: none; padding: 0; } }
"""


def write(lesson: Lesson, *, fragment: bool = False, **_: object) -> list[str]:
    """The whole, in one piece."""
    return [render_fragment(lesson) if fragment else render_lesson(lesson)]


def render_lesson(lesson: Lesson) -> str:
    """The whole page; its first section is open, the others open one by one, and all are printed.

    Raises:
        UsageError: if the library that makes the MathML is not installed.
    """
    first = lesson.steps[0].number if len(lesson.steps) > 1 else None
    return page(escape(lesson.title), _body(lesson, "h2", first), language=TAGS.get(lesson.language, lesson.language))


def page(title: str, body: str, *, language: str = "en", style: str = "") -> str:
    """A whole page, which fetches nothing, around what is HTML already; with more rules of style if need be."""
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{STYLE}{PAGE}{style}</style>
</head>
<body>
<main class="mse">
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def render_fragment(lesson: Lesson) -> str:
    """What stands in the page, to be put into another one, in that one's colours; all sections are open."""
    language = TAGS.get(lesson.language, lesson.language)
    return f"""<div class="mse" lang="{language}">
<style>{STYLE}</style>
<h2>{escape(lesson.title)}</h2>
{_body(lesson, "h3", None)}
</div>
"""


def _body(lesson: Lesson, heading: str, only_open: int | None) -> str:
    steps = (_step(step, heading, is_open=only_open in (None, step.number)) for step in lesson.steps)
    return "\n".join([*map(_part, lesson.introduction), *steps])


def _step(step: Step, heading: str, *, is_open: bool) -> str:
    title = f"<{heading}><span>{step.number}</span>{escape(step.title)}</{heading}>"
    opening = f'<details id="step-{step.number}"{" open" if is_open else ""}><summary>{title}</summary>'
    return "\n".join([opening, *map(_part, step.parts), "</details>"])


def _part(part: Passage) -> str:
    match part:
        case Paragraph():
            return f"<p>{_text(part)}</p>"
        case Points():
            return "<ul>" + "".join(f"<li>{_text(point)}</li>" for point in part.sentences) + "</ul>"
        case Equation():
            return _equation(part)
        case Listing():
            head = "".join(f"<th>{escape(title)}</th>" for title in part.titles)
            rows = "\n".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in part.rows)
            return f'<div class="table"><table>\n<tr>{head}</tr>\n{rows}\n</table></div>'
        case Code():
            printed = f'<pre class="output">{escape(part.output)}</pre>' if part.output else ""
            return f"<pre><code>{escape(part.source)}</code></pre>{printed}"
        case Parabola():
            return _curve(part)
        case Verdict():
            kind = "good" if part.holds else "bad"
            return f'<p><strong class="{kind}">{escape(part.word.rstrip())}</strong> {_text(part.sentence)}</p>'


def _curve(parabola: Parabola) -> str:
    """The picture, with its numbers for who does not see it, and below it what each sign stands for."""
    said = "; ".join("".join(_said(piece) for piece in place.parts) for place in parabola.legend)
    signs = ("traced now", "traced after", "lowest", "traced tangent")
    places = "".join(f'<li class="{s}">{_text(place)}</li>' for s, place in zip(signs, parabola.legend, strict=True))
    return f"<figure>{as_svg(parabola, escape(said))}<figcaption><ul>{places}</ul></figcaption></figure>"


def _said(part: Words | Formula) -> str:
    return part.text if isinstance(part, Words) else flat(part, Ink()).plain


def _equation(equation: Equation) -> str:
    """The chain as pieces that flow: on a narrow screen each right side stands in a line of its own."""
    first, *others = equation.rights or (None,)
    sides = [equation.left if first is None else line(equation.left, EQUALS, first)]
    sides += [line(EQUALS, other) for other in others if other is not None]
    pieces = [math(piece, display=True) for side in sides for piece in _pieces(side)]
    return '<div class="equation">' + "\n".join(pieces) + "</div>"


def _pieces(side: Formula) -> list[Formula]:
    """One side, cut where a line may end: between equations, before a sign after a matrix, in a long sum."""
    items = list(_items(side))
    long = items.count("+") > 1
    pieces: list[list[Formula]] = [[]]
    for before, item in zip(["", *items], items, strict=False):
        after_matrix = any(isinstance(one, Grid) for one in pieces[-1])
        product = item == DOT and isinstance(before, Grid)
        if before == QUAD or (after_matrix and (item in SIGNS or product)) or (long and item == "+"):
            pieces.append([] if before == QUAD else [NOTHING])
        pieces[-1].append(item)
    return [Line(tuple(piece)) for piece in pieces]


def _items(formula: Formula) -> Iterator[Formula]:
    """What stands side by side."""
    if isinstance(formula, Line):
        for item in formula.items:
            yield from _items(item)
    else:
        yield formula


def _text(paragraph: Paragraph) -> str:
    html = "".join(escape(part.text) if isinstance(part, Words) else math(part) for part in paragraph.parts)
    return KEPT.sub(r'<span class="kept">\g<0></span>', html)


def math(formula: Formula, *, display: bool = False) -> str:
    """A formula as MathML.

    >>> math("C").endswith('<mrow><mi class="letter" mathvariant="normal">C</mi></mrow></math>')
    True
    """
    try:
        from latex2mathml.converter import convert
    except ImportError:
        hint = "pip install 'mse-cli[html]'"
        raise UsageError("HTML needs the library latex2mathml", hint=hint) from None
    text: str = convert(latex(formula), display="block" if display else "inline")
    for before, after in MARKED.items():
        text = text.replace(before, after)
    return LETTER.sub(r'<mi class="letter" mathvariant="normal">\1</mi>', text)
