"""An explanation as a LaTeX document: with amsmath and color, for pdflatex and XeLaTeX.

Chinese is set by CJKutf8 with pdflatex and by ctex with XeLaTeX; the document finds out which of them reads it.
"""

from __future__ import annotations

import re
from textwrap import wrap

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
from mse_cli.render.lessons.curve import as_tikz
from mse_cli.render.lessons.formula_latex import TRACED, latex, lines_of

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedblright{}",
    "−": "$-$", "½": r"$\frac12$", "⊙": r"$\odot$", "↑": r"$\uparrow$", "↓": r"$\downarrow$",
    "·": r"$\cdot$", "…": r"\ldots{}", "²": "$^2$", "√": r"$\surd$", "“": "“", "”": "”", "×": r"$\times$",
}  # fmt: skip
LIGATURE = re.compile("-(?=-)|'(?=')|[`!?](?=`)")  # what TeX would make another character of, as a dash of --
SIGNS = (  # of a parabola's places and its tangent
    rf"$\textcolor{{{TRACED}}}{{\bullet}}$",
    rf"$\textcolor{{{TRACED}}}{{\circ}}$",
    r"$\textcolor{gray}{\bullet}$",
    rf"\textcolor{{{TRACED}}}{{- -}}",
)
WIDEST_CODE = 88  # characters of a line
ACCENTED = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ§¶©£¡¿"
CHINESE = r"""\ifdefined\XeTeXrevision\usepackage[UTF8,scheme=plain]{ctex}\else\usepackage{CJKutf8}\fi
"""
BEGIN = r"""\ifdefined\XeTeXrevision\else\begin{CJK}{UTF8}{gbsn}\fi
"""
END = r"""\ifdefined\XeTeXrevision\else\end{CJK}\fi
"""
PREAMBLE = r"""\documentclass[10pt]{article}
\usepackage[a4paper,margin=2cm]{geometry}
\usepackage{amsmath,color}
%s\setlength{\parindent}{0pt}\setlength{\parskip}{6pt}
\setlength{\arraycolsep}{3.5pt}\allowdisplaybreaks\sloppy
"""


def write(lesson: Lesson, *, fragment: bool = False, **_: object) -> list[str]:
    """The whole, in one piece."""
    return [render_lesson(lesson, fragment=fragment)]


def render_lesson(lesson: Lesson, *, fragment: bool = False) -> str:
    """The whole document; as a fragment what stands in it, to be put into another one."""
    title = rf"\section*{{{escaped(lesson.title)}}}"
    body = "\n\n".join([title, *map(_text, lesson.introduction), *map(_step, lesson.steps)]) + "\n"
    if fragment:
        return "% \\usepackage{amsmath,color,tikz}; in beamer a frame with code is [fragile]\n" + body
    chinese = (CHINESE, BEGIN, END) if any(map(_is_chinese, body)) else ("", "", "")
    tikz = "\\usepackage{tikz}\n" if "tikzpicture" in body else ""
    return PREAMBLE % (tikz + chinese[0]) + "\\begin{document}\n" + chinese[1] + body + chinese[2] + "\\end{document}\n"


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
        case Code():
            pieces = [part.source, *([part.output] if part.output else [])]
            return "\n\n".join(f"\\begin{{verbatim}}\n{_folded(piece)}\n\\end{{verbatim}}" for piece in pieces)
        case Parabola():
            items = "\n".join(rf"\item[{sign}] {_text(place)}" for sign, place in zip(SIGNS, part.legend, strict=True))
            return f"{as_tikz(part, TRACED)}\n\\begin{{itemize}}\n{items}\n\\end{{itemize}}"
        case Verdict():
            return rf"\textbf{{{escaped(part.word.rstrip())}}} {_text(part.sentence)}"


def _folded(code: str) -> str:
    """Lines that fit the page: a list of numbers goes on below its beginning, which Python reads as before."""
    return "\n".join(piece for line in code.split("\n") for piece in _fold(line))


def _fold(line: str) -> list[str]:
    if len(line) <= WIDEST_CODE or "[" not in line:
        return [line]
    code, sign, comment = line.partition("#")
    whole = code + sign + comment.replace(" ", "\0")  # a comment is not broken: Python would read its rest
    pieces = wrap(whole, WIDEST_CODE, subsequent_indent=" " * (code.find("[") + 1), break_on_hyphens=False)
    return [piece.replace("\0", " ") for piece in pieces]


def _text(paragraph: Paragraph) -> str:
    return "".join(escaped(part.text) if isinstance(part, Words) else f"${latex(part)}$" for part in paragraph.parts)


def escaped(text: str) -> str:
    r"""Text that LaTeX sets as it is; a character that its stock fonts do not have as its code.

    >>> print(escaped("50 % of a_b, λ"))
    50 \% of a\_b, \textbackslash{}u03bb
    """
    whole = "".join(SPECIAL.get(c) or (c if _has_glyph(c) else escaped(_code(c))) for c in text)
    return LIGATURE.sub(r"\g<0>{}", whole)


def _has_glyph(character: str) -> bool:
    return " " <= character <= "~" or character in ACCENTED or _is_chinese(character)


def _is_chinese(character: str) -> bool:
    """Whether the CJK fonts have it: Chinese characters and their punctuation."""
    return "\u4e00" <= character <= "\u9fa5" or character in "，。：；、？！（）“”《》"


def _code(character: str) -> str:
    return character.encode("unicode_escape").decode()
