"""What can go wrong, as exceptions that state facts; the command line turns them into words.

An error knows *what* is wrong, *where* (file, line or row, column) and, where there is one, what to do about it.
Low floors raise it with what they know; a reader that knows the file adds it with ``within``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LONGEST_QUOTE = 40
ADDRESS = re.compile(r"(?:[A-Za-z][\w+.-]*::)*[A-Za-z][A-Za-z0-9+.-]*://.")
# In a sentence it ends before a space, and what follows it is no part of it.
ADDRESS_IN_TEXT = re.compile(ADDRESS.pattern[:-1] + r"\S+?(?=[:,.;)\]'\"]*(?:\s|$))")
HOST = re.compile(r"(?:\[[^]]*\]|[^:]*)(?::[0-9]*)?")  # and its port
CHAINED = re.compile(r"::(?![0-9A-Fa-f:.]*\])")  # and not within [::1]


def shown(name: str) -> str:
    """A name as it may be shown: an address without user, password, query and fragment, anything else as it is.

    >>> shown("https://ann:secret@example.org/a.npy?X-Signature=abc")
    'https://example.org/a.npy?…'
    """
    return "::".join(map(_shown_link, CHAINED.split(name))) if ADDRESS.match(name) else name


def without_secrets(text: str) -> str:
    """A sentence whose addresses are as they may be shown.

    >>> without_secrets("cannot reach s3://key:secret@bucket/a.npy, it seems")
    'cannot reach s3://bucket/a.npy, it seems'
    """
    return ADDRESS_IN_TEXT.sub(lambda found: shown(found[0]), text) if "://" in text else text


def _shown_link(link: str) -> str:
    """One of the addresses of a chain."""
    scheme, mark, rest = link.partition("://") if "://" in link else ("", "", link)
    place = re.split("[?#]", rest, maxsplit=1)[0]
    more = rest[len(place) : len(place) + 1] and rest[len(place)] + "…"
    user, at, after = place.rpartition("@")
    if not at and not HOST.fullmatch(place.split("/")[0]):
        return f"{scheme}{mark}…"  # the beginning of a password, with a ? or a space in it
    unsure = "/" in user or user == "…"  # where a password with a / ends, nobody knows
    return scheme + mark + ("…@" if unsure else "") + after + more


def quote(text: str) -> str:
    r"""Text from a file, safe to print: escaped, in quotes, cut to about 40 characters.

    >>> print(quote("a" * 50))
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    >>> print(quote("\x1b[31m"))
    '\x1b[31m'
    """
    return repr(text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…")


def printable(text: str) -> str:
    r"""A name (a path, a column) as it stands, with control characters escaped.

    >>> print(printable("a[1]\n.csv"))
    a[1]\n.csv
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in without_secrets(text))


def listed(items: list[str], most: int = 8) -> str:
    """Several things in a message, the first of them by name.

    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(items[:most]) + more


def counted(count: int, thing: str) -> str:
    """A number of things in plain words.

    >>> counted(1, "column"), counted(0, "cell")
    ('1 column', '0 cells')
    """
    return f"{count} {thing}" + ("" if count == 1 else "s")


class Place(NamedTuple):
    """Where in the input something is; lines, rows and columns count from 1."""

    file: str | None = None
    line: int | None = None
    row: int | None = None
    column: int | None = None
    name: str | None = None

    def __str__(self) -> str:
        parts = [printable(self.file)] if self.file else []
        if self.line is not None:
            parts.append(f"line {self.line}")
        elif self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            name = self.name if self.name is None else quote(self.name)[1:-1]
            parts.append(f"column {self.column}" + (f" ({name})" if name else ""))
        return ", ".join(parts)


class MseError(Exception):
    """Anything a user can cause: a message, the place it is about and a hint.

    >>> str(MseError("'abc' is not a number", Place("preds.csv", line=3, column=2, name="bedrooms")))
    "preds.csv, line 3, column 2 (bedrooms): 'abc' is not a number"
    """

    def __init__(self, message: str, place: Place | None = None, *, hint: str | None = None):
        message = without_secrets(message)
        super().__init__(message)
        self.message = message
        place = place or Place()
        self.place = place._replace(file=place.file and shown(place.file))
        self.hint = hint and without_secrets(hint)

    def __str__(self) -> str:
        place = str(self.place)
        return f"{place}: {self.message}" if place else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions pickle by their arguments alone; worker processes need the hint as well.
        return _rebuild, (type(self), self.message, self.place, self.hint)

    def within(self, file: str) -> MseError:
        """The same error with the file it is about, if it does not name one yet."""
        place = self.place._replace(file=self.place.file or file)
        return type(self)(self.message, place, hint=self.hint)


def _rebuild(kind: type[MseError], message: str, place: Place, hint: str | None) -> MseError:
    return kind(message, place, hint=hint)


class ShapeError(MseError, ValueError):
    """Prediction, target or weights do not have the shapes that belong together."""


class ParseError(MseError, ValueError):
    """A file's content is not what its format allows."""


class InputError(MseError, OSError):
    """A file cannot be opened, read or written."""

    def __str__(self) -> str:  # OSError's own str() would print its arguments
        return MseError.__str__(self)


class UsageError(MseError, ValueError):
    """Options that do not fit together or do not fit the input."""


class ReaderGoneError(Exception):
    """Whoever read our output went away; the process should end as ``cat`` does, silently and by SIGPIPE."""


def reason(error: OSError) -> str:
    """What the operating system says, in a few words.

    >>> reason(FileNotFoundError(2, "No such file or directory"))
    'no such file'
    """
    if isinstance(error, FileNotFoundError):
        return "no such file"
    words = error.strerror or str(error)
    return words[:1].lower() + words[1:]
