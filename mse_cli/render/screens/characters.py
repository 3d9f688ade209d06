"""Text in the characters that a stream has, before it is laid out, so that columns stay aligned."""

from __future__ import annotations

from typing import Literal

ColorChoice = Literal["auto", "always", "never"]
PLAIN: dict[str, str] = {
    "…": "...", "⋮": ":", "×": "x", "·": "*", "−": "-", "²": "^2", "Σ": "sum", "∂": "d", "⊙": "*", "√": "sqrt ",
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
