"""From what the user names to a ``Pair``: which files, which format, which columns, which rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import import_module

import numpy as np

from mse_cli.core.blocks import check_weights
from mse_cli.core.result import Missing
from mse_cli.errors import ParseError, Place, ShapeError, UsageError
from mse_cli.readers.columns import Names, Positions, match_by_name, parse_columns
from mse_cli.readers.keys import Joined
from mse_cli.readers.matrix import File, Matrix, matrix_of
from mse_cli.readers.pair import Pair, StreamColumns, check_shapes, disagreement
from mse_cli.readers.sources.address import shown
from mse_cli.readers.sources.files import Source, at_once, first_bytes, is_address, reading, resolve
from mse_cli.readers.sources.kinds import Kind, kind_of
from mse_cli.readers.sources.pipe import Piped
from mse_cli.readers.text.dialect import Dialect
from mse_cli.readers.text.text_file import TextFile, with_empty_shards

# Which module opens a kind of file; it is loaded when there is one.
OPENERS: dict[Kind, str] = {
    "text": "text.text_file",
    "NPY": "arrays.npy",
    "NPZ": "arrays.npz",
    "Parquet": "arrays.columnar",
    "Arrow": "arrays.columnar",
}


@dataclass(frozen=True)
class InputOptions:
    """The options of the panel Input; ``read_again`` if the blocks are read more than once."""

    pred: str | None = None
    true: str | None = None
    key: str | None = None
    weights: str | None = None
    weight_column: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    read_again: bool = True


@dataclass(frozen=True)
class Side:
    """A side as it was opened: all that its files hold, and which of its columns the user names.

    Attributes:
        matrix: The columns that are read if none are chosen.
        chosen: What ``--pred`` or ``--true`` says of columns; of an archive it says which member, not which columns.
    """

    matrix: Matrix
    chosen: str | None

    @property
    def first(self) -> File:
        """The first file, which the others are like."""
        return self.matrix.files[0]

    def columns(self, leave_out: tuple[int | None, ...] = ()) -> Positions:
        """The columns that the user names, or all but those with another role."""
        if self.chosen is None:
            return tuple(i for i in self.matrix.wanted.columns if i not in leave_out)
        with reading(self.matrix.label):
            return parse_columns(self.chosen, self.first.names, self.first.width)

    def column(self, spec: str | None, option: str) -> int | None:
        """The one column that an option names."""
        if spec is None:
            return None
        with reading(self.matrix.label):
            positions = parse_columns(spec, self.first.names, self.first.width)
        if len(positions) != 1:
            raise UsageError(f"{option} takes one column, not {len(positions)}")
        return positions[0]

    def names(self, positions: Positions) -> Names | None:
        """What these columns are called."""
        return tuple(self.first.names[i] for i in positions) if self.first.names else None


def open_pair(prediction: str, target: str | None, options: InputOptions) -> Pair:
    """The two sides that the user names, or the one TABLE that holds both.

    Raises:
        MseError: for files that cannot be read, options that do not fit them, shapes that differ.
    """
    if [prediction, target, options.weights].count("-") > 1:
        raise UsageError("standard input ('-') can be only one of the files")
    if options.weights is not None and options.weight_column is not None:
        raise UsageError("--weights and --weight-column exclude each other")
    pair = _open_table(prediction, options) if target is None else _open_two(prediction, target, options)
    return pair if options.weights is None else _with_weights(pair, options.weights, options)


def open_side(spec: str, chosen: str | None, option: str, options: InputOptions) -> Side:
    """The files that a name means, by their first bytes NPY, NPZ, Parquet, Arrow or text."""
    return _side_of(spec, resolve(spec, keep=options.read_again), chosen, option, options)


def _side_of(spec: str, sources: list[Source], chosen: str | None, option: str, options: InputOptions) -> Side:
    dialect = replace(options.dialect, asked_names=_asked_names(options), is_shard=len(sources) > 1)
    files = at_once(lambda source: _open_file(source, chosen, option, dialect), sources)
    files = with_empty_shards(files) if len(files) > 1 else files
    label = files[0].label if len(files) == 1 else shown(spec) if is_address(spec) else spec
    is_member = getattr(files[0], "member", None) is not None
    return Side(matrix_of(label, tuple(files), options.dialect.missing), None if is_member else chosen)


def _asked_names(options: InputOptions) -> frozenset[str]:
    """What the user calls columns, or numbers them."""
    asked = [spec for spec in (options.pred, options.true, options.key, options.weight_column) if spec is not None]
    return frozenset([*asked, *(item.strip() for spec in asked for item in spec.split(","))])


def _open_file(source: Source, member: str | None, option: str, dialect: Dialect) -> File:
    kind = kind_of(first_bytes(source))
    if kind != "text" and isinstance(source, Piped):
        source.seek = True  # these formats are not read from front to back
    try:
        opener = import_module(f"mse_cli.readers.{OPENERS[kind]}")
    except ImportError as error:
        if error.name != "pyarrow":
            raise
        message = f"{kind} files are read by PyArrow, which is not installed"
        raise UsageError(message, Place(source.label), hint="pip install 'mse-cli[arrow]'") from None
    file: File = opener.open_file(source, kind=kind, member=member, option=option, dialect=dialect)
    return file


def _open_two(prediction: str, target: str, options: InputOptions) -> Pair:
    a_side = open_side(prediction, options.pred, "--pred", options)
    return _pair_of(a_side, open_side(target, options.true, "--true", options), options)


def _pair_of(a_side: Side, y_side: Side, options: InputOptions) -> Pair:
    _refuse_default_names(a_side, y_side)
    a_key, y_key = (side.column(options.key, "--key") for side in (a_side, y_side))
    weight = y_side.column(options.weight_column, "--weight-column")
    a = a_side.columns(leave_out=(a_key,))
    y, notes = _in_order_of(a_side, a, y_side, y_side.columns(leave_out=(y_key, weight)), options)
    c, weights = len(a), _one(weight)
    names = a_side.names(a) or y_side.names(y)
    notes = (*a_side.matrix.notes, *y_side.matrix.notes, *notes)
    missing = options.dialect.missing
    if a_key is None or y_key is None:
        check_shapes(a_side.matrix.select(a), y_side.matrix.select(y))
        streams = a_side.matrix.select(a), y_side.matrix.select((*y, *weights), weights=weights)
        at = None if weight is None else StreamColumns(1, c, c + 1)
        return Pair(streams, StreamColumns(0, 0, c), StreamColumns(1, 0, c), missing, names, at, notes=notes)
    if len(y) != c:
        label, other = a_side.matrix.label, y_side.matrix.label
        raise ShapeError(f"{label} has {c} columns beside the key, {other} {len(y)}")
    first, second = _with_key(a_side, a, a_key), _with_key(y_side, (*y, *weights), y_key, weights)
    return _side_by_side(Joined(first, second), c, missing, names, notes, weight)


def _refuse_default_names(a_side: Side, y_side: Side) -> None:
    """Refuse two files of one column that both begin with a 0, as pandas calls a column without a name."""
    files = a_side.first, y_side.first
    if all(isinstance(file, TextFile) and file.layout.default_names for file in files):
        raise ParseError(
            "both files begin with a 0: the name that pandas gives, or a row?",
            Place(a_side.first.label),
            hint="--header yes if it is a name, --header no if it is a row",
        )


def _open_table(table: str, options: InputOptions) -> Pair:
    if options.pred is None or options.true is None:
        hint = "--pred COLS --true COLS, or give the truth as a second file"
        raise UsageError("one file: which of its columns are the prediction, which the target?", hint=hint)
    if options.key is not None:
        raise UsageError("--key matches the rows of two files; in one file they stand side by side")
    sources = resolve(table, keep=options.read_again)
    if kind_of(first_bytes(sources[0])) == "NPZ":
        a_side = _side_of(table, sources, options.pred, "--pred", options)
        return _pair_of(a_side, _side_of(table, sources, options.true, "--true", options), options)
    side = _side_of(table, sources, options.pred, "--pred", options)
    a, y = side.columns(), replace(side, chosen=options.true).columns()
    if len(a) != len(y):
        raise ShapeError(f"--pred names {len(a)} columns, --true {len(y)}", Place(side.matrix.label))
    weight = side.column(options.weight_column, "--weight-column")
    stream = side.matrix.select(a + y + _one(weight), weights=_one(weight))
    return _side_by_side(stream, len(a), options.dialect.missing, side.names(a), side.matrix.notes, weight)


def _side_by_side(
    stream: Matrix | Joined,
    c: int,
    missing: Missing,
    names: Names | None,
    notes: tuple[str, ...],
    weight: int | None,
) -> Pair:
    """A pair whose prediction, target and perhaps weights are columns of one stream, in this order."""
    weights = None if weight is None else StreamColumns(0, 2 * c, 2 * c + 1)
    return Pair((stream,), StreamColumns(0, 0, c), StreamColumns(0, c, 2 * c), missing, names, weights, notes=notes)


def _in_order_of(
    a_side: Side, a: Positions, y_side: Side, y: Positions, options: InputOptions
) -> tuple[Positions, tuple[str, ...]]:
    """The target's columns in the prediction's order, where their names say so, and a note of that."""
    if options.pred is not None and options.true is not None:
        return y, ()  # the user has said which column stands against which
    order = match_by_name(a_side.names(a), y_side.names(y))
    if order is None:
        return y, ()
    note = "the files hold the same columns in another order: matched by name"
    return tuple(y[i] for i in order), (note,)


def _one(column: int | None) -> Positions:
    return () if column is None else (column,)


def _with_key(side: Side, positions: Positions, key: int, weights: Positions = ()) -> Matrix:
    if side.first.names is None and not isinstance(side.first, TextFile):
        raise UsageError("--key needs a column of keys, which an array has not", Place(side.matrix.label))
    return side.matrix.select(positions, key, weights)


def _with_weights(pair: Pair, spec: str, options: InputOptions) -> Pair:
    """The pair with the weights of ``--weights FILE``: a row each, a column each, or a cell each."""
    dialect = replace(options.dialect, missing="fail")
    # Read again, whatever becomes of the rest: how many rows there are decides what they mean.
    matrix = open_side(spec, None, "--weights", replace(options, dialect=dialect, read_again=True)).matrix
    matrix = matrix.select(matrix.wanted.columns, weights=matrix.wanted.columns)
    if matrix.n_columns == pair.n_columns and pair.n_rows != 1 and _has_one_row(matrix):
        row = np.concatenate([chunk.astype(np.float64) for chunk in matrix.chunks()])
        with reading(matrix.label):
            return replace(pair, column_weights=check_weights(row))
    if matrix.n_columns not in {1, pair.n_columns}:
        raise ShapeError(
            f"weights of {matrix.n_columns} columns fit neither rows (1 column), columns (1 row of "
            f"{pair.n_columns}) nor cells ({pair.n_columns} columns)",
            Place(matrix.label),
        )
    if None not in (matrix.n_rows, pair.n_rows) and matrix.n_rows != pair.n_rows:
        shape, other = (pair.n_rows or 0, pair.n_columns), (matrix.n_rows or 0, matrix.n_columns)
        raise disagreement(pair.streams[0].label, shape, matrix.label, other)
    weights = StreamColumns(len(pair.streams), 0, matrix.n_columns)
    return replace(pair, streams=(*pair.streams, matrix), weights=weights, notes=pair.notes + matrix.notes)


def _has_one_row(matrix: Matrix) -> bool:
    if matrix.n_rows is not None:
        return matrix.n_rows == 1
    rows = 0
    for chunk in matrix.chunks():
        rows += len(chunk)
        if rows > 1:
            return False
    if rows == 0:
        raise ParseError("the file holds no rows", Place(matrix.label))
    return True
