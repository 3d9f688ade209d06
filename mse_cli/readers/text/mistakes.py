"""What a cell is that is no number: what people's programs write instead of one, and what to do about it."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from mse_cli.errors import ParseError, quote
from mse_cli.readers.text.cells.grammar import NUMBER, PADDING, SPREADSHEET_ERROR, kind


class Mistake(NamedTuple):
    """What a cell looks like, to be put behind "is not a number", and the hint."""

    what: str
    hint: str | None


# Words, and signs alone, that programs and people write where a value is missing; in any case.
MARKERS = re.compile(
    r"missing|unk(nown)?|unavailable|undef(ined)?|empty|blank|nil|void|nan\(\)|nat|n\.?d\.?|n\.a\.?|n\\a|na\.|tbd|err(or)?"
    r"|no ?data|none\.|\\n|not (available|a number)",
    re.IGNORECASE,
)
SIGNS_ALONE = re.compile(r"[-?.*_~/–—…]{1,4}")
FORTRAN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[dDqQ][+-]?[0-9]+")
FORTRAN_OVERFLOW = re.compile(r"\*{2,}")
MICROSOFT = re.compile(r"[+-]?1\.#(?:INF|IND|[QS]NAN).*", re.IGNORECASE)
POINTS = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,}|[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+")
COMMAS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3}){2,}|[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*")
OTHER_SIGNS = re.compile(r"[+-]?[0-9]{1,3}(?:[ '’_][0-9]{3})+(?:[.,][0-9]*)?|[+-]?[0-9]+(?:_[0-9]+)+")
ONE_GROUP = {".": re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}"), ",": re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")}
CALL = re.compile(r"(?:tensor|(?:np|numpy|torch|jnp|tf)\.\w+|array|Decimal|float\d*|int\d*)\s*\(.*[0-9].*")
BRACKETS = re.compile(r"[\[{(].*|[-+0-9.e, ]*[0-9.][,)]*[\]})]+|.*\bdtype=.*", re.IGNORECASE)
PARENTHESES = re.compile(r"\(\s*[^()]*\)")
INDEXED = re.compile(r"[0-9]+:\S+")
CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[ap]m)?", re.IGNORECASE)
DATE = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}(?:[ T].*)?")
HEXADECIMAL = re.compile(r"[+-]?0[xbo][0-9a-f.p+-]+", re.IGNORECASE)
COMPLEX = re.compile(r"\(?[+-]?[0-9.e+-]+[ij]\)?", re.IGNORECASE)
LIKE_A_DIGIT = str.maketrans("OoIl", "0011")
LIKE_A_MINUS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe58\ufe63\uff0d"), "-")
INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060"), "")
TYPOGRAPHIC = "“”„‟‘’‚‛«»‹›"
UNIT = "a number with a unit?"
WITHOUT = "write the numbers without them"


def is_marker(cell: str) -> bool:
    """Whether a cell looks like a mark for a missing value that is not one of the known words.

    >>> [is_marker(cell) for cell in ("?", "Missing", "-", "price", "#DIV/0!")]
    [True, True, True, False, True]
    """
    cell = cell.strip(PADDING)
    return any(form.fullmatch(cell) for form in (MARKERS, SIGNS_ALONE, SPREADSHEET_ERROR))


def may_be_a_name(cell: str) -> bool:
    """Whether columns are called so, although a number may be written so: percentiles, hours, truth values.

    >>> [may_be_a_name(cell) for cell in ("50%", "08:00", "True", "1.5D3", "$5")]
    [True, True, True, False, False]
    """
    cell = cell.strip(PADDING)
    return cell.endswith("%") or CLOCK.fullmatch(cell) is not None or cell.lower() in {"true", "false"}


def is_number_gone_wrong(cell: str) -> bool:
    """Whether a cell that begins with a letter holds a number nevertheless.

    >>> [is_number_gone_wrong(cell) for cell in ("tensor(0.5)", "O.5", "x[1]")]
    [True, True, False]
    """
    return CALL.fullmatch(cell) is not None or _misspelt(cell) is not None


def _misspelt(cell: str) -> Mistake | None:
    if "." in cell and kind(cell.translate(LIKE_A_DIGIT)) == "number":
        return Mistake("a letter for a digit?", "write the digits 0 and 1 for the letters O, I and l")
    return None


def not_a_number(cell: str, *, decimal: str, delimiter: str) -> ParseError:
    """The error for a cell that is no number, with what it looks like.

    >>> print(not_a_number("1.5D3", decimal=".", delimiter=","))
    '1.5D3' is not a number: Fortran's D exponent
    """
    mistake = mistake_of(cell, decimal=decimal, delimiter=delimiter)
    more = f": {mistake.what}" if mistake and mistake.what else ""
    return ParseError(f"{quote(cell.strip(PADDING))} is not a number{more}", hint=mistake.hint if mistake else None)


def mistake_of(cell: str, *, decimal: str, delimiter: str) -> Mistake | None:
    """What a cell that is no number looks like, ``None`` if like nothing that is known.

    >>> mistake_of("50%", decimal=".", delimiter=",").what
    'a percent sign'
    """
    cell = cell.strip(PADDING)
    looks: tuple[Callable[[], Mistake | None], ...] = (
        lambda: _separators(cell, decimal, delimiter),
        lambda: _thousands(cell, decimal),
        lambda: _decimal_sign(cell, decimal, delimiter),
        lambda: _characters(cell, decimal),
        lambda: _programs(cell),
        lambda: _marker(cell),
        lambda: _misspelt(cell),
        lambda: _units(cell, decimal),
        lambda: _wrapped(cell),
        lambda: _values(cell),
    )
    return next((mistake for look in looks if (mistake := look())), None)


def _separators(cell: str, decimal: str, delimiter: str) -> Mistake | None:
    if "#" in cell and not MICROSOFT.fullmatch(cell) and kind(cell.partition("#")[0], decimal) == "number":
        return Mistake("text after a #, a comment?", "delete the comment")
    if "\x01" in cell:
        return Mistake(r"\x01 separates the cells, as Hive writes them", r"--delimiter $'\x01'")
    for sign in ";|\t":
        parts = cell.split(sign)
        if sign != delimiter and len(parts) > 1 and any(kind(part, decimal) == "number" for part in parts):
            name = "tab" if sign == "\t" else f"'{sign}'"
            return Mistake("", f"if it separates the cells: --delimiter {name}")
    if (
        delimiter == "\t"
        and " " in cell
        and not OTHER_SIGNS.fullmatch(cell)
        and all(kind(part, decimal) == "number" for part in cell.split())
    ):
        hint = "--delimiter space takes any run of tabs and spaces for one delimiter"
        return Mistake("tabs and spaces are mixed", hint)
    return None


def _thousands(cell: str, decimal: str) -> Mistake | None:
    if any(form.fullmatch(cell) for form in (POINTS, COMMAS, OTHER_SIGNS, ONE_GROUP[decimal])):
        return Mistake("with thousands separators?", WITHOUT)
    return None


def _decimal_sign(cell: str, decimal: str, delimiter: str) -> Mistake | None:
    other = "," if decimal == "." else "."
    if kind(cell, other) != "number":
        return None
    if other == ".":
        hint = "one decimal sign in the whole file, and no thousands separators"
        return Mistake("a point where the comma is the decimal sign", hint)
    if other == delimiter:
        return Mistake("", "write it with a decimal point: the comma separates the cells")
    return Mistake("", f"if {other!r} is the decimal sign: --decimal {other}")


def _characters(cell: str, decimal: str) -> Mistake | None:
    """Characters that only look like those of a number."""
    if cell.isascii():
        return None
    ascii_cell = unicodedata.normalize("NFKC", cell.translate(LIKE_A_MINUS | INVISIBLE).replace("\u066b", decimal))
    ascii_cell = "".join(str(unicodedata.decimal(c, c)) for c in ascii_cell).replace(" ", "").strip()
    odd = [c for c in cell if not c.isascii()]
    if kind(ascii_cell, decimal) != "number" and not FORTRAN.fullmatch(ascii_cell):
        return None
    named = f"U+{ord(odd[0]):04X} ({unicodedata.name(odd[0], 'no name').lower()})"
    if odd[0] in "\u00a0\u202f\u2009" and OTHER_SIGNS.fullmatch(cell.replace(odd[0], " ")):
        return Mistake(f"{named} as a thousands separator", WITHOUT)
    return Mistake(f"it holds {named}", "write it with ASCII characters: 0-9, - and . or ,")


def _programs(cell: str) -> Mistake | None:
    """What Fortran, C and others write."""
    if FORTRAN.fullmatch(cell):
        return Mistake("Fortran's D exponent", "write E for it, as in 1.5E+03")
    if FORTRAN_OVERFLOW.fullmatch(cell):
        return Mistake("Fortran's mark for a number too wide for its format", "write it with a wider format")
    if MICROSOFT.fullmatch(cell):
        return Mistake("how Windows writes inf and NaN", "write inf, or NaN if it is missing")
    if HEXADECIMAL.fullmatch(cell):
        return Mistake("a hexadecimal, octal or binary number", "write it in decimal")
    return Mistake("a complex number", "the loss is that of real numbers") if COMPLEX.fullmatch(cell) else None


def _marker(cell: str) -> Mistake | None:
    if not is_marker(cell):
        return None
    word = cell if cell.replace(".", "").replace("-", "").isalnum() else shlex.quote(cell)
    what = "an error of the spreadsheet" if cell.startswith("#") else ""
    return Mistake(what, f"if it marks a missing value: --na{'=' if word.startswith('-') else ' '}{word}")


def _units(cell: str, decimal: str) -> Mistake | None:
    """A number with something around it that says what it counts."""
    if cell.endswith("%"):
        return Mistake("a percent sign", "write the number alone, the same way in both files: 50 or 0.5, not 50%")
    signs = [c for c in cell if unicodedata.category(c) == "Sc"]
    if signs:
        return Mistake("a currency sign", "write the number alone")
    if PARENTHESES.fullmatch(cell) and kind(cell[1:-1].replace(",", ""), ".") == "number":
        return Mistake("parentheses, for a negative number?", "write a minus sign, as in -5")
    number = re.match(NUMBER[decimal].pattern, cell)
    if number and re.fullmatch(r" ?[A-Za-zµ°²³/·]{1,3}", cell[number.end() :]):
        return Mistake(UNIT, "write the number alone")
    return None


def _wrapped(cell: str) -> Mistake | None:
    if CALL.fullmatch(cell) or BRACKETS.fullmatch(cell):
        hint = "write the number alone: in Python, x.item() or float(x) for each"
        return Mistake("brackets around the number, as a list or a tensor prints", hint)
    if len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "'`\"":
        return Mistake("quotes that are no double quotes", "write the number alone, or in double quotes")
    if len(cell) > 1 and cell[0] in TYPOGRAPHIC and cell[-1] in TYPOGRAPHIC:
        named = f"U+{ord(cell[0]):04X} ({unicodedata.name(cell[0]).lower()})"
        return Mistake(f"in typographic quotes, {named}", "write the number alone, or in double quotes")
    return None


def _values(cell: str) -> Mistake | None:
    """What means something, but no number."""
    if CLOCK.fullmatch(cell):
        hint = "write it as a number, in seconds say; --pred and --true leave columns out"
        return Mistake("a time, or index:value as LIBSVM writes it?", hint)
    if INDEXED.fullmatch(cell):
        return Mistake("index:value, as LIBSVM writes it?", "write every value, also the zeros, in a column of its own")
    if DATE.fullmatch(cell):
        return Mistake("a date?", "--pred and --true choose the columns that hold numbers")
    if cell.lower() in {"true", "false"}:
        return Mistake("a truth value", "write 1 and 0")
    return None
