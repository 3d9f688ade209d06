"""Text in the characters that a stream has, before it is laid out, so that columns stay aligned."""

from __future__ import annotations

import os
import sys
from typing import Literal

from mse_cli.core.result import LANGUAGES, Language
from mse_cli.errors import UsageError

ColorChoice = Literal["auto", "always", "never"]
SAMPLES: dict[Language, str] = {"en": "", "zh": "均方误差"}  # without which a language cannot be shown
PLAIN: dict[str, str] = {
    "…": "...", "⋮": ":", "–": "-", "±": "+-", "×": "x", "·": "*", "−": "-", "²": "^2", "Σ": "sum",
    "∂": "d", "⊙": "*", "√": "sqrt ",
}  # fmt: skip


def can_show(characters: str, encoding: str) -> bool:
    """Whether an encoding has these characters.

    >>> can_show("×", "latin-1"), can_show("×", "ascii")
    (True, False)
    """
    try:
        characters.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def language_of(chosen: Language | None, *, to_terminal: bool) -> Language:
    """The language that is asked for, or the locale's; another than English only where it can be shown.

    Raises:
        UsageError: if it is asked for and there is none such, or standard output cannot show it.
    """
    if chosen is not None and chosen not in LANGUAGES:
        raise UsageError(f"lang is one of {LANGUAGES}, not {chosen!r}")
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    of_locale: Language = next((language for language in LANGUAGES if locale.startswith(language)), "en")
    language = chosen or of_locale
    encoding = (sys.stdout and sys.stdout.encoding) or "ascii"
    if not to_terminal or can_show(SAMPLES[language], encoding):
        return language
    if chosen:
        hint = "use a UTF-8 locale, or -o FILE"
        raise UsageError(f"the encoding {encoding} cannot show this language", hint=hint)
    return "en"


def shown_in(text: str, encoding: str) -> str:
    r"""Text in an encoding: what it lacks is written in ASCII.

    >>> shown_in("(A − Y)² 价", "ascii"), shown_in("(A − Y)² 价", "utf-8")
    ('(A - Y)^2 \\u4ef7', '(A − Y)² 价')
    """
    if can_show(text, encoding):
        return text
    return "".join(_shown(character, encoding) for character in text)


def _shown(character: str, encoding: str) -> str:
    if can_show(character, encoding):
        return character
    return PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode()
