"""The columns of a Parquet or Arrow file, as they lie in Arrow's buffers, and several as a matrix of one type."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow
from pyarrow import types

from mse_cli.core.blocks import Floats, Mask, Numbers, rows_per_block
from mse_cli.core.labels import Labels, labels_of_columns
from mse_cli.core.missing import check_finite
from mse_cli.errors import ParseError, Place, printable
from mse_cli.readers.columns import Names, Positions
from mse_cli.readers.matrix import Rows, Selection

NUMBERS = {types.is_boolean, types.is_integer, types.is_floating, types.is_decimal, types.is_null}
TEXT = {types.is_string, types.is_large_string, types.is_string_view, types.is_integer}
NUMPY_NAMES = {"halffloat": "float16", "float": "float32", "double": "float64"}
MOST_ELEMENTS = 1 << 20  # of a list; a damaged file may say that there are 2^31
EXTENSION = b"ARROW:extension:name"  # of a field whose type is only how something else is stored
KINDS = "bool, integers of up to 64 bits, floating point and decimals are"
MOST_STEPS_SAVED, WIDE_CELLS = 128, 2 << 20  # rows and cells of a wide matrix
FLOAT = np.dtype(np.float64)
LONG = {np.dtype(np.int64), np.dtype(np.uint64)}  # integers that float64 may not hold
HINT = "alone it stays exact: two files, or one given twice, and --pred and --true of this column only"


class Column(NamedTuple):
    """Some rows of a column: its values in NumPy's own type, and which are missing, whose integers are 0."""

    values: Numbers
    absent: Mask | None = None

    def rows(self, start: int, stop: int) -> Column:
        """Some of these rows."""
        absent = None if self.absent is None else self.absent[start:stop]
        return Column(self.values[start:stop], absent if absent is not None and absent.any() else None)


class Stored(NamedTuple):
    """Where a column stands: in which field of the file, and which element of its lists, if it holds such."""

    field: int
    element: int | None = None


class Reading(NamedTuple):
    """What is read of a file with such columns, and how these are called, for the places of errors."""

    names: Names
    stored: tuple[Stored, ...]
    wanted: Selection
    as_text: bool = False

    @property
    def fields(self) -> list[int]:
        """Every field that is read (0-based), once and in the file's order."""
        return sorted({self.stored[position].field for position in (*self.wanted.columns, *self._texts)})

    @property
    def _texts(self) -> Positions:
        """The columns that are read as text."""
        return self.wanted.by if self.wanted.key is None else (*self.wanted.by, self.wanted.key)

    def check_types(self, fields: list[pyarrow.Field]) -> None:
        """Refuse fields, of those that are read, that hold neither numbers nor, as the key, text."""
        numeric = {self.stored[position].field for position in self.wanted.columns}
        texts = {self.stored[position].field for position in self._texts}
        keys = [self.stored[self.wanted.key].field] if self.wanted.key is not None else []
        for position, field in () if self.as_text else zip(self.fields, fields, strict=True):
            holds = types.is_dictionary(field.type) or (n_elements(field.type) and position not in texts)
            kind = field.type.value_type if holds else field.type
            extension = (field.metadata or {}).get(EXTENSION, b"").decode()
            as_number = NUMBERS if position in numeric else TEXT
            as_text = TEXT if position in texts else NUMBERS
            if extension or not any(test(kind) for test in as_number & as_text):
                what = "keys" if position in keys else "groups"
                words = f"; {what} are text or integers" if as_text is TEXT else f", which is no number; {KINDS}"
                message = f"the column holds {printable(extension or str(field.type))}{words}"
                raise ParseError(message, self._place(None, [at.field for at in self.stored].index(position)))

    def rows(self, arrays: list[pyarrow.Array], first_row: int) -> Iterator[Rows]:
        """The rows that the columns of ``fields`` hold, in pieces that stay near the core."""
        groups = self._groups(arrays)
        there = dict(zip(self.fields, map(checked, arrays), strict=True))
        key, places = self.wanted.key, [self.stored[position] for position in self.wanted.columns]
        keys = None if key is None else self._keys(there[self.stored[key].field], first_row)
        numbers = {field: columns_of(there[field]) for field in {at.field for at in places}}
        columns = [numbers[at.field][at.element or 0] for at in places]
        step = rows_at_once(len(columns))
        for start in range(0, len(arrays[0]), step):
            for chunk in self._chunk([column.rows(start, start + step) for column in columns], first_row + start):
                stop = start + len(chunk)
                labels = None if groups is None else groups.cut(start, stop)
                yield Rows(chunk, None if keys is None else keys[start:stop], labels=labels)
                start = stop  # of chunks there may be several

    def texts(self, arrays: list[pyarrow.Array]) -> list[tuple[str, ...]]:
        """The same rows as text, whatever they hold."""
        there = dict(zip(self.fields, (checked(array).to_pylist() for array in arrays), strict=True))
        columns = [(there[at.field], at.element) for at in (self.stored[position] for position in self.wanted.columns)]
        return list(zip(*([_text(cell, element) for cell in cells] for cells, element in columns), strict=True))

    def _keys(self, array: pyarrow.Array, first_row: int) -> list[str]:
        """The text of the key column."""
        keys = array.to_pylist()
        if None in keys:
            raise ParseError("the key is missing", self._place(first_row + keys.index(None), self.wanted.key or 0))
        return [str(key).strip() for key in keys]

    def _groups(self, arrays: list[pyarrow.Array]) -> Labels | None:
        """Which group each row is in, by the text of some columns."""
        there = dict(zip(self.fields, arrays, strict=True))
        columns = [there[self.stored[position].field] for position in self.wanted.by]
        return labels_of_columns(map(_groups_of, columns)) if columns else None

    def _chunk(self, columns: list[Column], first_row: int) -> Iterator[Numbers]:
        """Some rows as a matrix of one type: of 64-bit integers if there are any and no floats, else of float64."""
        dtype = FLOAT if self.wanted.key is not None else _common_type(columns)
        absent = [column.absent for column in columns if column.absent is not None]
        if absent and dtype != FLOAT:
            floating: Mask = np.logical_or.reduce(absent)  # rows that cannot be integers
            if not floating.all() and any(_misfits(column.values, FLOAT).any() for column in columns):
                bounds = [0, *(np.flatnonzero(np.diff(floating)) + 1).tolist(), len(floating)]
                for start, stop in itertools.pairwise(bounds):
                    yield from self._chunk([column.rows(start, stop) for column in columns], first_row + start)
                return
            dtype = FLOAT
        numbers, positions = _matrix_of(columns, dtype), self.wanted.columns
        check_finite(numbers, self.wanted.missing, first_row=first_row, columns=positions, names=self.names)
        if not LONG.isdisjoint(column.values.dtype for column in columns):
            self._check_fits(columns, dtype, first_row)
        yield numbers

    def _check_fits(self, columns: list[Column], dtype: np.dtype[Any], first_row: int) -> None:
        """Refuse integers that a matrix of this type cannot hold."""
        refused = np.argwhere(np.stack([_misfits(column.values, dtype) for column in columns], axis=1))
        for row, index in refused[:1].tolist():
            others = "floats or missing cells" if dtype == FLOAT else "signed integers"
            words = others if self.wanted.key is None else "others by its key"
            message = f"{columns[index].values[row]} would be rounded, since it stands beside {words}"
            raise ParseError(message, self._place(first_row + row, self.wanted.columns[index]), hint=HINT)

    def _place(self, row: int | None, position: int) -> Place:
        """The place of a cell, by row and column from 0."""
        return Place(row=None if row is None else row + 1, column=position + 1, name=self.names[position])


def rows_at_once(n_columns: int) -> int:
    """How many rows are made into a matrix: a full block, of many columns more, for each is a step of its own.

    >>> rows_at_once(4), rows_at_once(4096), rows_at_once(10_000_000)
    (32768, 128, 1)
    """
    return max(rows_per_block(n_columns), min(MOST_STEPS_SAVED, WIDE_CELLS // n_columns))


def checked(array: pyarrow.Array) -> pyarrow.Array:
    """An array without a dictionary, whose buffers are as long, and hold as many nulls, as they must; any decimals."""
    kind = array.type
    (array.view(pyarrow.binary(kind.bit_width // 8)) if types.is_decimal(kind) else array).validate(full=True)
    return array.dictionary_decode() if types.is_dictionary(kind) else array


def _text(cell: Any, element: int | None) -> str:
    cell = cell if element is None or cell is None else cell[element]
    return "" if cell is None else str(cell).strip()


def _groups_of(array: pyarrow.Array) -> Labels:
    """Which group each row is in, by the text of one column, each text of which is looked at once."""
    array.validate(full=True)
    if not types.is_dictionary(array.type):
        array = (array.cast(pyarrow.string()) if types.is_string_view(array.type) else array).dictionary_encode()
    values, absent = column_of(array.indices)
    codes = values.astype(np.intp) if absent is None else np.where(absent, len(array.dictionary), values)
    texts = tuple((_text(cell, None),) for cell in [*array.dictionary.to_pylist(), None])
    return Labels(codes, texts)


def n_elements(kind: pyarrow.DataType) -> int | None:
    """How many columns a field of this type is, if all its lists have one length."""
    return kind.list_size if types.is_fixed_size_list(kind) and kind.list_size <= MOST_ELEMENTS else None


def columns_of(array: pyarrow.Array) -> list[Column]:
    """The columns that an array holds: one, or one for each element of its lists."""
    size = n_elements(array.type)
    if size is None:
        return [column_of(array)]
    start, stop = array.offset * size, (array.offset + len(array)) * size
    values, absent = column_of(checked(array.values[start:stop]))
    if array.null_count:  # no list has no elements
        no_list = np.repeat(~_bits(array.buffers()[0], array.offset, len(array)), size)
        absent = no_list if absent is None else absent | no_list
        values = np.where(no_list, values.dtype.type(0), values)
    return [Column(values[k::size], None if absent is None else absent[k::size]) for k in range(size)]


def column_of(array: pyarrow.Array) -> Column:
    """The values of an array of numbers, as they lie in its buffer if they can."""
    kind, start, size = array.type, array.offset, len(array)
    if types.is_null(kind):
        return Column(np.full(size, np.nan), np.ones(size, dtype=bool))
    valid, data = array.buffers()
    absent = ~_bits(valid, start, size) if array.null_count else None
    if types.is_boolean(kind):
        return Column(_bits(data, start, size), absent)
    if types.is_decimal(kind):
        return Column(_decimals(array, data, absent), absent)
    dtype = np.dtype(NUMPY_NAMES.get(str(kind), str(kind)))  # PyArrow's own answer may load pandas
    values = np.frombuffer(data, dtype, size, start * dtype.itemsize)
    return Column(values if absent is None or dtype.kind == "f" else np.where(absent, dtype.type(0), values), absent)


def _bits(buffer: pyarrow.Buffer, start: int, size: int) -> Mask:
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), count=start + size, bitorder="little")
    return bits[start:].view(np.bool_)


def _decimals(array: pyarrow.Array, data: pyarrow.Buffer, absent: Mask | None) -> Floats:
    """Decimals rounded once: a quotient of two numbers that float64 holds is, as 10^22 is one; others one by one."""
    size, width, scale = len(array), array.type.bit_width // 8, array.type.scale
    words = np.frombuffer(data, f"i{min(width, 8)}", size * max(1, width // 8), array.offset * width).reshape(size, -1)
    whole = words[:, 0].astype(np.int64)
    exact = (whole >= -(2**53)) & (whole <= 2**53) & (words[:, 1:] == (whole >> 63)[:, np.newaxis]).all(axis=1)
    exact &= 0 <= scale <= 22 and sys.byteorder == "little"
    values: Floats = whole / 10.0 ** min(max(scale, 0), 22)
    for row in np.flatnonzero(~exact if absent is None else ~exact & ~absent).tolist():
        values[row] = float(array[row].as_py())
    return values


def _common_type(columns: list[Column]) -> np.dtype[Any]:
    dtypes = {column.values.dtype for column in columns}
    if LONG.isdisjoint(dtypes) or any(dtype.kind == "f" for dtype in dtypes):
        return FLOAT
    return np.dtype(np.int64 if any(dtype.kind == "i" for dtype in dtypes) else np.uint64)


def _matrix_of(columns: list[Column], dtype: np.dtype[Any]) -> Numbers:
    """The columns side by side, NaN where a value is missing; a single one without a copy if it can be."""
    if len(columns) == 1 and columns[0].absent is None and columns[0].values.dtype == dtype:
        return columns[0].values[:, np.newaxis]
    numbers = np.empty((len(columns[0].values), len(columns)), dtype)
    with np.errstate(invalid="ignore"):  # a signalling NaN of float32
        for index, (values, absent) in enumerate(columns):
            numbers[:, index] = values
            if absent is not None:
                numbers[absent, index] = np.nan
    return numbers


def _misfits(values: Numbers, dtype: np.dtype[Any]) -> Mask:
    """Which integers a matrix of this type cannot hold: float64 many above 2^53, int64 those above 2^63 - 1."""
    if values.dtype not in LONG or values.dtype == dtype:
        return np.zeros(values.shape, dtype=bool)
    with np.errstate(invalid="ignore"):  # 2^63 and 2^64, to which the largest are rounded, are no such integers
        there = values.astype(dtype)
        back = there.astype(values.dtype)
    beyond: Mask = there < 0 if dtype != FLOAT else there >= (2.0**63 if values.dtype == np.int64 else 2.0**64)
    misfits: Mask = beyond | (back != values)
    return misfits
