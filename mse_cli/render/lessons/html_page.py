"""An explanation as one page: HTML with MathML, no script, nothing fetched, light and dark, fit for printing."""

from __future__ import annotations

import re
from html import escape

from mse_cli.errors import UsageError
from mse_cli.explain.formula import EQUALS, Formula, line
from mse_cli.explain.lesson import Equation, Lesson, Listing, Parabola, Paragraph, Passage, Points, Step, Verdict, Words
from mse_cli.render.lessons.curve import as_svg
from mse_cli.render.lessons.formula_latex import TRACED, latex
from mse_cli.render.lessons.formula_text import Ink, flat

TAGS = {"zh": "zh-Hans"}  # of languages that a page calls otherwise
STYLE = r"""
:root { color-scheme: light dark; --ink: #1c1c1e; --paper: #fdfdfb; --soft: #6a6a70; --line: #d9d9d4;
  --card: #f4f4ef; --traced: #b3009b; --good: #146c2e; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8ea; --paper: #16171a; --soft: #a0a0a8; --line: #3a3b40;
  --card: #1f2024; --traced: #ff7ae9; --good: #6ddc8b; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 60rem; color: var(--ink); background: var(--paper);
  font: 1.0625rem/1.6 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.8rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h2 span { color: var(--soft); margin-right: .6em; }
p, ul { margin: .6rem 0; }
ul { padding-left: 1.3rem; }
.equation { display: flex; flex-wrap: wrap; align-items: baseline; gap: .5rem .4rem; margin: .8rem 0;
  padding: .7rem .9rem; background: var(--card); border-radius: .5rem; overflow-x: auto; }
.equation math { flex: none; font-size: 1.1rem; }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; }
th, td { text-align: left; padding: .45rem .9rem .45rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
mtd { padding: .15em .4em; text-align: right; text-align: -webkit-right; }
[mathcolor] { color: var(--traced); font-weight: 600; }
figure { margin: 1rem 0; } figcaption ul { list-style: none; padding: 0; }
figcaption li::before { content: "\25CF"; color: var(--soft); margin-right: .6em; }
figcaption .traced::before { color: var(--traced); } figcaption .after::before { content: "\25CB"; }
figcaption .tangent::before { content: "- -"; }
.parabola { display: block; width: 100%; max-width: 38rem; height: auto; }
.good { color: var(--good); } .bad { color: var(--bad); }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } h2 { break-after: avoid; }
  .equation { break-inside: avoid; overflow: visible; border: 1px solid var(--line); } }
"""


def write(lesson: Lesson, *_: object) -> list[str]:
    """The whole, in one piece."""
    return [render_lesson(lesson)]


def render_lesson(lesson: Lesson) -> str:
    """The whole page.

    Raises:
        UsageError: if the library that makes the MathML is not installed.
    """
    body = "\n".join(map(_step, lesson.steps))
    title = escape(lesson.title)
    return f"""<!DOCTYPE html>
<html lang="{TAGS.get(lesson.language, lesson.language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{_text(lesson.introduction)}</p>
{body}
</main>
</body>
</html>
"""


def _step(step: Step) -> str:
    heading = f'<h2 id="step-{step.number}"><span>{step.number}</span>{escape(step.title)}</h2>'
    return "\n".join(["<section>", heading, *map(_part, step.parts), "</section>"])


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
    pieces = [equation.left if first is None else line(equation.left, EQUALS, first)]
    pieces += [line(EQUALS, other) for other in others if other is not None]
    return '<div class="equation">' + "\n".join(math(piece, display=True) for piece in pieces) + "</div>"


def _text(paragraph: Paragraph) -> str:
    return "".join(escape(part.text) if isinstance(part, Words) else math(part) for part in paragraph.parts)


def math(formula: Formula, *, display: bool = False) -> str:
    """A formula as MathML.

    >>> math("C").endswith("<mrow><mi>C</mi></mrow></math>")
    True
    """
    try:
        from latex2mathml.converter import convert
    except ImportError:
        hint = "pip install 'mse-cli[html]'"
        raise UsageError("HTML needs the library latex2mathml", hint=hint) from None
    text: str = convert(latex(formula), display="block" if display else "inline")
    return re.sub(rf'mathcolor="{TRACED}"', 'mathcolor="#b3009b"', text)
