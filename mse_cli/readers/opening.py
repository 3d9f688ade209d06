"""From what the user names to a ``Pair``: which files, which format, which columns, which rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, TypeAlias, cast

import numpy as np

from mse_cli.core.blocks import check_weights
from mse_cli.errors import ParseError, Place, ShapeError, UsageError
from mse_cli.readers.arrays import npy
from mse_cli.readers.arrays.npy import NpyMatrix
from mse_cli.readers.columns import Names, match_by_name, parse_columns
from mse_cli.readers.pair import Pair, Part, check_shapes, disagreement
from mse_cli.readers.sources.files import Source, first_bytes, is_address, reading, resolve
from mse_cli.readers.sources.kinds import frame_kind
from mse_cli.readers.text.delimited import TextMatrix, open_text_matrix
from mse_cli.readers.text.layout import Dialect

if TYPE_CHECKING:
    from mse_cli.readers.arrays.frames import FrameMatrix
    from mse_cli.readers.keys import Keyed
    from mse_cli.readers.shards import Shards

MOST_OPENED_AT_ONCE = 16
Side: TypeAlias = "TextMatrix | NpyMatrix | FrameMatrix | Shards"
Positions = tuple[int, ...]


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


def open_side(spec: str, member: str | None, option: str, options: InputOptions) -> Side:
    """One file, or the files of a glob; by their first bytes NPY, NPZ, Parquet, Arrow or text."""
    return _open_sources(spec, resolve(spec, keep=options.read_again), member, option, options)


def _open_sources(spec: str, sources: list[Source], member: str | None, option: str, options: InputOptions) -> Side:
    one = partial(_open_source, member=member, option=option, dialect=options.dialect)
    if len(sources) == 1:
        return one(sources[0])
    from concurrent.futures import ThreadPoolExecutor  # what only shards need costs start-up time

    from mse_cli.readers.shards import Shards
    from mse_cli.readers.sources.address import shown

    with ThreadPoolExecutor(MOST_OPENED_AT_ONCE) as pool:  # a shard in an object store takes a tenth of a second
        return Shards(shown(spec) if is_address(spec) else spec, tuple(pool.map(one, sources)))


def _open_source(
    source: Source, member: str | None, option: str, dialect: Dialect
) -> TextMatrix | NpyMatrix | FrameMatrix:
    magic = first_bytes(source)
    kind = frame_kind(magic)
    if (kind or magic.startswith((npy.MAGIC, npy.ZIP_MAGIC))) and not source.seekable:
        from mse_cli.readers.sources.pipe import Piped  # few inputs are pipes

        assert isinstance(source, Piped)
        source.seek = True  # these formats are not read from front to back
    if magic.startswith(npy.MAGIC):
        return npy.open_npy(source, dialect.missing)
    if kind:
        from mse_cli.readers.arrays.frames import open_frames  # what few files are costs start-up time

        return open_frames(source, dialect.missing, kind=kind)
    if magic.startswith(npy.ZIP_MAGIC):
        from mse_cli.readers.sources import archive  # few files are archives

        name = archive.choose_member(source, archive.member_names(source), member, option)
        return npy.open_npy(source, dialect.missing, member=name)
    return open_text_matrix(source, dialect)


def _open_two(prediction: str, target: str, options: InputOptions) -> Pair:
    a_side = open_side(prediction, options.pred, "--pred", options)
    return _pair_of(a_side, open_side(target, options.true, "--true", options), options)


def _pair_of(a_side: Side, y_side: Side, options: InputOptions) -> Pair:
    a_key, y_key = (_position(side, options.key, "--key") for side in (a_side, y_side))
    weight = _position(y_side, options.weight_column, "--weight-column")
    a = _choose(a_side, options.pred, leave_out=(a_key,))
    y, notes = _in_order_of(a_side, a, y_side, _choose(y_side, options.true, (y_key, weight)), options)
    if options.key is None:
        check_shapes(a_side.select(a), y_side.select(y))
    elif len(a) != len(y):
        raise ShapeError(f"{a_side.label} has {len(a)} columns beside the key, {y_side.label} {len(y)}")
    c = len(a)
    y = y if weight is None else (*y, weight)
    names = _names(a_side, a) or _names(y_side, y[:c])
    notes = (*a_side.notes, *y_side.notes, *notes)
    missing = options.dialect.missing
    if a_key is None or y_key is None:
        weights = None if weight is None else Part(1, c, c + 1)
        streams = (a_side.select(a), y_side.select(y, weights=_one(weight)))
        return Pair(streams, Part(0, 0, c), Part(1, 0, c), missing, names, weights, notes=notes)
    from mse_cli.readers.keys import Joined  # few files are matched by a key

    joined = Joined(_with_key(a_side, a, a_key), _with_key(y_side, y, y_key, _one(weight)))
    weights = None if weight is None else Part(0, 2 * c, 2 * c + 1)
    return Pair((joined,), Part(0, 0, c), Part(0, c, 2 * c), missing, names, weights, notes=notes)


def _open_table(table: str, options: InputOptions) -> Pair:
    if options.pred is None or options.true is None:
        hint = "--pred COLS --true COLS, or give the truth as a second file"
        raise UsageError("one file: which of its columns are the prediction, which the target?", hint=hint)
    if options.key is not None:
        raise UsageError("--key matches the rows of two files; in one file they stand side by side")
    sources = resolve(table, keep=options.read_again)
    if first_bytes(sources[0]).startswith(npy.ZIP_MAGIC):
        a_side = _open_sources(table, sources, options.pred, "--pred", options)
        return _pair_of(a_side, _open_sources(table, sources, options.true, "--true", options), options)
    side = _open_sources(table, sources, None, "--pred", options)
    a, y = _choose(side, options.pred), _choose(side, options.true)
    if len(a) != len(y):
        raise ShapeError(f"--pred names {len(a)} columns, --true {len(y)}", Place(side.label))
    weight = _position(side, options.weight_column, "--weight-column")
    c = len(a)
    stream = side.select(a + y + _one(weight), weights=_one(weight))
    weights = None if weight is None else Part(0, 2 * c, 2 * c + 1)
    return Pair(
        (stream,),
        Part(0, 0, c),
        Part(0, c, 2 * c),
        options.dialect.missing,
        _names(side, a),
        weights,
        notes=side.notes,
    )


def _choose(side: Side, spec: str | None, leave_out: tuple[int | None, ...] = ()) -> Positions:
    """The columns of a side that the user names, or all but those with another role."""
    if spec is None or side.is_member:
        return tuple(i for i in side.positions if i not in leave_out)
    with reading(side.label):
        return parse_columns(spec, side.all_names, side.width)


def _position(side: Side, spec: str | None, option: str) -> int | None:
    """The one column that an option names."""
    if spec is None:
        return None
    with reading(side.label):
        positions = parse_columns(spec, side.all_names, side.width)
    if len(positions) != 1:
        raise UsageError(f"{option} takes one column, not {len(positions)}")
    return positions[0]


def _names(side: Side, positions: Positions) -> Names | None:
    return tuple(side.all_names[i] for i in positions) if side.all_names else None


def _in_order_of(
    a_side: Side, a: Positions, y_side: Side, y: Positions, options: InputOptions
) -> tuple[Positions, tuple[str, ...]]:
    """The target's columns in the prediction's order, where their names say so, and a note of that."""
    if options.pred is not None and options.true is not None:
        return y, ()  # the user has said which column stands against which
    order = match_by_name(_names(a_side, a), _names(y_side, y))
    if order is None:
        return y, ()
    note = "the files hold the same columns in another order: matched by name"
    return tuple(y[i] for i in order), (note,)


def _one(column: int | None) -> Positions:
    return () if column is None else (column,)


def _with_key(side: Side, positions: Positions, key: int, weights: Positions = ()) -> Keyed:
    if any(isinstance(file, NpyMatrix) for file in side.files):
        raise UsageError("--key needs a column of keys, which an array has not", Place(side.label))
    return cast("Keyed", side.select(positions, key, weights))


def _with_weights(pair: Pair, spec: str, options: InputOptions) -> Pair:
    """The pair with the weights of ``--weights FILE``: a row each, a column each, or a cell each."""
    weights_missing = replace(options.dialect, missing="fail")
    # Read again, whatever becomes of the rest: how many rows there are decides what they mean.
    options = replace(options, dialect=weights_missing, read_again=True)
    side = open_side(spec, None, "--weights", options)
    matrix = side.select(side.positions, weights=side.positions)
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
        first = pair.streams[0]
        raise disagreement(
            first.label, (pair.n_rows or 0, pair.n_columns), matrix.label, (matrix.n_rows or 0, matrix.n_columns)
        )
    part = Part(len(pair.streams), 0, matrix.n_columns)
    return replace(pair, streams=(*pair.streams, matrix), weights=part, notes=pair.notes + matrix.notes)


def _has_one_row(matrix: Side) -> bool:
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
