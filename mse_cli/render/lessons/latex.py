"""An explanation as a LaTeX document that pdflatex compiles: with amsmath, color and, for Chinese, CJKutf8."""

from __future__ import annotations

from mse_cli.explain.lesson import Equation, Lesson, Listing, Parabola, Paragraph, Passage, Points, Step, Verdict, Words
from mse_cli.render.lessons.curve import as_tikz
from mse_cli.render.lessons.formula_latex import TRACED, latex, lines_of

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''", "−": "$-$", "½": r"$\frac12$", "⊙": r"$\odot$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
    "·": r"$\cdot$", "…": r"\ldots{}", "²": "$^2$", "√": r"$\surd$", "“": "“", "”": "”", "×": r"$\times$",
}  # fmt: skip
SIGNS = (  # of a parabola's places and its tangent
    rf"$\textcolor{{{TRACED}}}{{\bullet}}$",
    rf"$\textcolor{{{TRACED}}}{{\circ}}$",
    r"$\textcolor{gray}{\bullet}$",
    rf"\textcolor{{{TRACED}}}{{- -}}",
)
ACCENTED = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ§¶©£¡¿"
PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[a4paper,margin=2cm]{geometry}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,color}
%(packages)s\setlength{\parindent}{0pt}\setlength{\parskip}{6pt}
\setlength{\arraycolsep}{3.5pt}\allowdisplaybreaks\sloppy
\begin{document}
%(begin)s\section*{%(title)s}
"""


def write(lesson: Lesson, *_: object) -> list[str]:
    """The whole, in one piece."""
    return [render_lesson(lesson)]


def render_lesson(lesson: Lesson) -> str:
    """The whole document."""
    body = "\n\n".join([_text(lesson.introduction), *map(_step, lesson.steps)])
    chinese = any(map(_is_chinese, lesson.title + body))
    begin, end = ("\\begin{CJK}{UTF8}{gbsn}\n", "\\end{CJK}\n") if chinese else ("", "")
    packages = "\\usepackage{CJKutf8}\n" if chinese else ""
    if "tikzpicture" in body:
        packages += "\\usepackage{tikz}\n"
    return (
        PREAMBLE % {"packages": packages, "begin": begin, "title": escaped(lesson.title)}
        + f"""{body}

{end}\\end{{document}}
"""
    )


def _step(step: Step) -> str:
    return "\n\n".join([rf"\subsection*{{{step.number}\quad {escaped(step.title)}}}", *map(_part, step.parts)])


def _part(part: Passage) -> str:
    match part:
        case Paragraph():
            return _text(part)
        case Points():
            items = "\n".join(rf"\item {_text(point)}" for point in part.sentences)
            return f"\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
        case Equation():
            lines = " \\\\[6pt]\n".join(lines_of(part.left, part.rights))
            return f"\\begin{{align*}}\n{lines}\n\\end{{align*}}"
        case Listing():
            rows = [tuple(map(escaped, part.titles)), *(tuple(map(_text, row)) for row in part.rows)]
            body = " \\\\ \\hline\n".join(" & ".join(row) for row in rows)
            columns = "l" * len(part.titles)
            table = f"\\begin{{tabular}}{{{columns}}}\n{body}\n\\end{{tabular}}"
            return f"{{\\renewcommand{{\\arraystretch}}{{1.8}}\\small\n{table}}}"
        case Parabola():
            items = "\n".join(rf"\item[{sign}] {_text(place)}" for sign, place in zip(SIGNS, part.legend, strict=True))
            return f"{as_tikz(part, TRACED)}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
        case Verdict():
            return rf"\textbf{{{escaped(part.word.rstrip())}}} {_text(part.sentence)}"


def _text(paragraph: Paragraph) -> str:
    return "".join(escaped(part.text) if isinstance(part, Words) else f"${latex(part)}$" for part in paragraph.parts)


def escaped(text: str) -> str:
    r"""Text that LaTeX sets as it is; a character that its stock fonts do not have as its code.

    >>> print(escaped("50 % of a_b, λ"))
    50 \% of a\_b, \textbackslash{}u03bb
    """
    return "".join(SPECIAL.get(c) or (c if _has_glyph(c) else escaped(_code(c))) for c in text)


def _has_glyph(character: str) -> bool:
    return " " <= character <= "~" or character in ACCENTED or _is_chinese(character)


def _is_chinese(character: str) -> bool:
    """Whether the CJK fonts have it: Chinese characters and their punctuation."""
    return "\u4e00" <= character <= "\u9fa5" or character in "，。：；、？！（）“”《》"


def _code(character: str) -> str:
    return character.encode("unicode_escape").decode()
