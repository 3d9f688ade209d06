"""NumPy's parser for text that it reads as ``grammar`` says; anything else is left to the strict parser.

Each step takes away what the strict parser would take away as well (comments, quotes around a whole cell, the
delimiter at the end of every row) or writes it as NumPy reads it (missing cells as ``nan``). What is left must be
made of nothing but the bytes of numbers, of which NumPy reads each as Python's ``float`` does.
"""

from __future__ import annotations

import functools
import io
import re

import numpy as np

from mse_cli.core.blocks import Floats
from mse_cli.core.labels import labels_of_rows
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.text.cells.grammar import MISSING, NUMBER, SPREADSHEET_ERROR
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.pieces import count_lines

DIGITS = b"0123456789+-eE \n"
BARE_TEXT = bytes(range(32, 127)).replace(b'"', b"") + b"\t\n"
BLANK_LINES = re.compile(rb"(?m)^\n")
COMMENTS = re.compile(rb"(?m)^#[ -~\t]*+\n")
AMBIGUOUS_COMMENT = re.compile(b"(?im)^" + SPREADSHEET_ERROR.pattern.encode())


def parse_plain(data: bytes, layout: Layout, wanted: Selection) -> Rows | None:
    r"""The numbers and keys of whole rows that end with \n, or ``None`` if only the strict parser can tell."""
    if not layout.delimiter.isascii() or layout.delimiter == ".":
        return None  # NumPy reads bytes as Latin-1, and the decimal sign as a point
    tidied = _tidy(data, layout, wanted)
    if tidied is None:
        return None
    numbers = None
    if _is_plain(tidied, layout, wanted):
        numbers = _load_plain(tidied, layout, wanted)
    elif wanted.missing != "fail":
        numbers = _with_missing(tidied, layout, wanted)
    return None if numbers is None else _with_text(numbers, tidied, layout, wanted)


def _load_plain(data: bytes, layout: Layout, wanted: Selection) -> Floats | None:
    """The matrix that NumPy reads, if it has every row in full and only finite numbers."""
    data = data.replace(b",", b".") if layout.decimal == "," else data
    numbers = _load(data, layout, wanted)
    return numbers if numbers is not None and np.isfinite(numbers).all() else None


def _is_complete(numbers: Floats, data: bytes, layout: Layout, wanted: Selection) -> bool:
    return numbers.shape == (count_lines(data), len(wanted.columns))


def _tidy(data: bytes, layout: Layout, wanted: Selection) -> bytes | None:
    """The rows without comments, blank lines, quotes around cells and the delimiter at their end."""
    quotes = b'"' in data
    if layout.blanks:
        if quotes:
            return None
        data = data.replace(b"\t", b" ")
    if b"#" in data:
        rows = _without_comments(data, layout, wanted)
        if rows is None:
            return None
        data = rows
    if layout.leaves_out_blank_lines and not quotes and (b"\n\n" in data or data[:1] == b"\n"):
        data = BLANK_LINES.sub(b"", data)
    if quotes:
        data = _quoted_cell(layout.delimiter).sub(rb"\1", data)
    if layout.trailing:
        end = layout.delimiter.encode() + b"\n"
        if data.count(end) != data.count(b"\n"):
            return None
        data = data.replace(end, b"\n")
    return None if data.isspace() or not data else data


def _without_comments(data: bytes, layout: Layout, wanted: Selection) -> bytes | None:
    """The rows alone, ``None`` if some # may be something else.

    A comment inside a quoted cell is none; there the opening quote stands alone in its line, and stays.
    """
    if AMBIGUOUS_COMMENT.search(data):
        return None
    if any(layout.is_like_a_row(line[0].decode()[:-1], wanted.columns) for line in COMMENTS.finditer(data)):
        return None
    data = COMMENTS.sub(b"", data)
    return None if b"#" in data else data


def _is_whole(layout: Layout, wanted: Selection) -> bool:
    return wanted.key is None and wanted.columns == tuple(range(layout.width))


def _is_plain(data: bytes, layout: Layout, wanted: Selection) -> bool:
    """Whether NumPy sees only bytes of numbers or, where columns of text are left out, printable ASCII."""
    if wanted.missing != "fail" and layout.width > 1 and _has_empty_cell(data, layout.delimiter):
        return False
    if _is_whole(layout, wanted):
        padding = b"" if layout.delimiter == " " else b"\t"
        return not data.translate(None, DIGITS + padding + (layout.decimal + layout.delimiter).encode())
    if layout.delimiter == " " or layout.decimal == "," or data.translate(None, BARE_TEXT):
        return False
    # NumPy does not look at the width of rows of which it reads only some cells.
    marks = np.frombuffer(data, dtype=np.uint8)
    delimiters = np.flatnonzero(marks == ord(layout.delimiter))
    ends = np.flatnonzero(marks == ord("\n"))
    per_row = np.diff(np.searchsorted(delimiters, ends), prepend=0)
    return bool((per_row == layout.width - 1).all())


def _has_empty_cell(data: bytes, separator: str) -> bool:
    """Whether some cell is plainly empty; NumPy would find out only when it comes to it."""
    delimiter = separator.encode()
    return separator != " " and (delimiter * 2 in data or delimiter + b"\n" in data or b"\n" + delimiter in data)


def _load(data: bytes, layout: Layout, wanted: Selection) -> Floats | None:
    """The matrix that NumPy reads, its decimal sign a point, if it has every row in full."""
    try:
        numbers = np.loadtxt(
            io.BytesIO(data),
            delimiter=None if layout.delimiter == " " else layout.delimiter,
            comments=None,
            usecols=None if _is_whole(layout, wanted) else wanted.columns,
            ndmin=2,
        )
    except ValueError:
        return None
    return numbers if _is_complete(numbers, data, layout, wanted) else None


def _with_missing(data: bytes, layout: Layout, wanted: Selection) -> Floats | None:
    """The matrix with NaN for missing cells, which the policy allows: nothing else in the text may mean NaN."""
    data, count = _missing_word(layout.delimiter, layout.na).subn(b"nan", b"\n" + data)
    if data.lower().count(b"nan") != count:
        return None
    if layout.width > 1 and layout.delimiter != " ":
        data = _fill_empty_cells(data, layout.delimiter.encode())
    data = data[1:]
    if not _is_plain(data.replace(b"nan", b"0"), layout, wanted):
        return None
    numbers = _load(data.replace(b",", b".") if layout.decimal == "," else data, layout, wanted)
    return None if numbers is None or np.isinf(numbers).any() else numbers


def _fill_empty_cells(data: bytes, delimiter: bytes) -> bytes:
    filled = delimiter + b"nan" + delimiter
    data = data.replace(delimiter * 2, filled).replace(delimiter * 2, filled)  # twice: the first passes over each other
    return data.replace(delimiter + b"\n", delimiter + b"nan\n").replace(b"\n" + delimiter, b"\nnan" + delimiter)


def _with_text(numbers: Floats, data: bytes, layout: Layout, wanted: Selection) -> Rows | None:
    """The rows with their keys and groups, if there are any."""
    if wanted.key is None and not wanted.by:
        return Rows(numbers)
    if layout.delimiter == " ":
        return None
    last = max(-1 if wanted.key is None else wanted.key, *wanted.by, -1)
    rows = [line.split(layout.delimiter, last + 1) for line in data.decode("ascii").splitlines()]
    keys = None if wanted.key is None else [row[wanted.key].strip() for row in rows]
    groups = ([row[column].strip() for column in wanted.by] for row in rows)
    return Rows(numbers, keys, labels=labels_of_rows(groups) if wanted.by else None)


@functools.cache
def _quoted_cell(delimiter: str) -> re.Pattern[bytes]:
    """A whole cell in quotes that holds neither a delimiter nor a quote, and is not empty."""
    d = re.escape(delimiter.encode())
    padding = {" ": b"", "\t": b"[ ]*"}.get(delimiter, b"[ \t]*")
    return re.compile(rb'(?m)(?:^|(?<=%b))%b"([^"\n%b]+)"%b(?=%b|$)' % (d, padding, d, padding, d))


@functools.cache
def _missing_word(delimiter: str, na: tuple[str, ...] = ()) -> re.Pattern[bytes]:
    r"""A cell that says that it is missing; where \n, a delimiter or padding stand around it.

    Padding may also stand within a cell ("1 NA"): NumPy then refuses the cell, as the strict parser does.
    """
    around = b"[ \t\n%b]" % re.escape(delimiter.encode())
    # Each begins with a letter as it is: the search for those is many times as fast as that for either case.
    firsts = {word: {word[0], word[0].upper()} for word in sorted(MISSING) if word}
    words = [
        (re.escape(first) + "(?i:" + re.escape(word[1:]) + ")", word)
        for word in firsts
        for first in sorted(firsts[word])
    ]
    words += [(re.escape(word), word) for word in na if not NUMBER["."].fullmatch(word.replace(",", "."))]
    return re.compile(
        b"|".join(b"%b(?<=%b.{%d})(?=%b)" % (it.encode(), around, len(w.encode()), around) for it, w in words)
    )
