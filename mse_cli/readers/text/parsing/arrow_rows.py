r"""The extra ``arrow``: rows with missing cells, unused columns or keys, parsed by PyArrow's reader of CSV.

It reads numbers as Python's ``float`` does and holds every row's width against the header's; it steps aside for what
it would read in another way than the grammar: comments, blank lines, quotes that do not stand close around a cell, and
NaN or infinities in other words than those for missing.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import pyarrow
from numpy.typing import NDArray
from pyarrow import csv

from mse_cli.core.blocks import Floats, Mask
from mse_cli.core.labels import Labels, labels_of_columns
from mse_cli.readers.key_search.packed_keys import PackedKeys, pack, packed
from mse_cli.readers.matrix import Rows, Selection
from mse_cli.readers.text.cells.grammar import MISSING
from mse_cli.readers.text.layout import Layout

ASIDE = (b"#", b"\r", b"\0")
LINE_END, QUOTE = b'\n"'
BOM = "\ufeff".encode()
PRINTED = range(33, 127)  # what is neither white space nor, perhaps, a part of one


def read_rows(data: bytes, layout: Layout, wanted: Selection) -> Rows | None:
    r"""The numbers and keys of whole rows that end with \n, ``None`` where PyArrow does not read them as the grammar.

    >>> layout = Layout(",", ".", 3, False, None, (0, 2), offset=0, first_line=1)
    >>> read_rows(b"1,north,2.5\n3,south,\n", layout, Selection((0, 2), "skip-cell")).numbers.tolist()
    [[1.0, 2.5], [3.0, nan]]
    """
    texts = {*wanted.by, wanted.key}
    if layout.delimiter == " " or not layout.delimiter.isascii() or not texts.isdisjoint(wanted.columns):
        return None
    if not _is_plain_text(data) or not _are_plain_quotes(data, layout.delimiter):
        return None
    table = _table(data, layout, wanted)
    if table is None or (layout.trailing and _length(table.column(str(layout.width)))):
        return None
    numbers = np.empty((table.num_rows, len(wanted.columns)))
    blank: Mask | None = None  # which rows have no cell at all
    for position, column in enumerate(wanted.columns):
        cells = _cells_of(table.column(str(column)))
        if cells is None:
            return None
        numbers[:, position] = cells.values
        if cells.absent is not None:
            numbers[cells.absent, position] = np.nan
        blank = _both(cells.absent, blank if position else cells.absent)
    if blank is not None and blank.any() and (b"\n\n" in data or data[:1] == b"\n"):
        return None
    keys = None if wanted.key is None else _keys_of(table.column(str(wanted.key)))
    groups = (_groups_of(table.column(str(i))) if i != wanted.key else keys or () for i in wanted.by)
    return Rows(numbers, keys, labels=labels_of_columns(groups) if wanted.by else None)


def _is_plain_text(data: bytes) -> bool:
    if any(sign in data for sign in ASIDE):
        return False
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return BOM not in data


def _are_plain_quotes(data: bytes, delimiter: str) -> bool:
    """Whether each quote begins or ends a cell, which holds no line end."""
    if b'"' not in data:
        return True
    signs = np.frombuffer(data, dtype=np.uint8)
    around = np.pad(signs, 1, constant_values=LINE_END)
    at = np.flatnonzero(signs == QUOTE)
    beginning, ending = at[::2], at[1::2]
    if len(beginning) != len(ending):
        return False
    bounds = (LINE_END, ord(delimiter))
    if not (np.isin(around[beginning], bounds).all() and np.isin(around[ending + 2], bounds).all()):
        return False
    ends = np.flatnonzero(signs == LINE_END)
    return bool((np.searchsorted(ends, beginning) == np.searchsorted(ends, ending)).all())


def _table(data: bytes, layout: Layout, wanted: Selection) -> pyarrow.Table | None:
    names, parsing, conversion = _options(layout, wanted)
    # Threads of its own: PyArrow has aborted with them at the end of the process.
    reading = csv.ReadOptions(use_threads=False, block_size=len(data) + 16, column_names=names)
    try:
        return csv.read_csv(pyarrow.BufferReader(data), reading, parsing, conversion)
    except (pyarrow.ArrowException, ValueError):
        return None


@functools.lru_cache(4)
def _options(layout: Layout, wanted: Selection) -> tuple[list[str], csv.ParseOptions, csv.ConvertOptions]:
    """The columns, called by their numbers, and what is made of those that are used."""
    types = {str(column): pyarrow.float64() for column in wanted.columns}
    types |= {str(column): pyarrow.dictionary(pyarrow.int32(), pyarrow.binary()) for column in wanted.by}
    if wanted.key is not None:
        types[str(wanted.key)] = pyarrow.binary()
    if layout.trailing:
        types[str(layout.width)] = pyarrow.binary()
    return (
        [str(column) for column in range(layout.width + layout.trailing)],
        csv.ParseOptions(delimiter=layout.delimiter, quote_char='"', double_quote=False, ignore_empty_lines=False),
        csv.ConvertOptions(
            check_utf8=False,
            include_columns=list(types),
            column_types=types,
            null_values=[] if wanted.missing == "fail" else _missing_words(layout.na),
            strings_can_be_null=False,
            decimal_point=layout.decimal,
        ),
    )


def _missing_words(na: tuple[str, ...]) -> list[str]:
    """The words for a missing cell in the cases that people write; in another case PyArrow finds no number."""
    return sorted({"NaN", "+NaN", "-NaN", *na, *MISSING, *map(str.upper, MISSING), *map(str.capitalize, MISSING)})


class Cells(NamedTuple):
    """The cells of a column, and which of them are missing, if any is."""

    values: Floats
    absent: Mask | None


def _cells_of(column: pyarrow.ChunkedArray) -> Cells | None:
    """A column's numbers, ``None`` if some are NaN or infinities that were read as numbers."""
    (array,) = column.chunks
    valid, buffer = array.buffers()
    values = np.frombuffer(buffer, np.float64, len(array), 8 * array.offset)
    absent = None
    if array.null_count:
        bits = np.unpackbits(np.frombuffer(valid, np.uint8), count=array.offset + len(array), bitorder="little")
        absent = bits[array.offset :] == 0  # is_null() and to_numpy() take three times as long
    with np.errstate(all="ignore"):
        finite = np.isfinite(np.add.reduce(values))  # one that is not would be in the sum
    if not finite and not (np.isfinite(values) if absent is None else np.isfinite(values) | absent).all():
        return None
    return Cells(values, absent)


def _both(one: Mask | None, other: Mask | None) -> Mask | None:
    return None if one is None or other is None else one & other


def _keys_of(column: pyarrow.ChunkedArray) -> PackedKeys:
    """The keys without white space around them."""
    (array,) = column.chunks
    starts = _starts_of(array)
    text = np.frombuffer(array.buffers()[2], np.uint8, int(starts[-1]))
    if (starts[1:] > starts[:-1]).all() and (
        _are_printed(text) or (_are_printed(text[starts[:-1]]) and _are_printed(text[starts[1:] - 1]))
    ):
        return packed(text[starts[0] :], (starts - starts[0]).astype(np.int64))
    return pack([key.decode().strip() for key in array.to_pylist()])


def _groups_of(column: pyarrow.ChunkedArray) -> Labels:
    """Which group each row is in, by the text of one column without white space around it."""
    (array,) = column.chunks
    codes = np.frombuffer(array.indices.buffers()[1], np.int32, len(array), 4 * array.indices.offset)
    return Labels(codes.astype(np.intp), tuple(map(_label, array.dictionary.to_pylist())))


@functools.lru_cache(1 << 16)
def _label(text: bytes) -> tuple[str]:
    """Of a group; each piece of the text holds the same ones again."""
    return (text.decode().strip(),)


def _are_printed(signs: NDArray[np.uint8]) -> bool:
    return not len(signs) or (signs.min() in PRINTED and signs.max() in PRINTED)


def _length(column: pyarrow.ChunkedArray) -> int:
    """How long the cells of a column of text are together."""
    (array,) = column.chunks
    starts = _starts_of(array)
    return int(starts[-1] - starts[0])


def _starts_of(array: pyarrow.BinaryArray) -> NDArray[np.int32]:
    """Where each text begins, and where the last ends."""
    return np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, 4 * array.offset)
