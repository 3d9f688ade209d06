"""From what the user names to a ``Pair``: which files, which format, which columns, which rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from mse_cli.core.result import Missing, Unmatched
from mse_cli.errors import ParseError, Place, ShapeError, UsageError, counted, listed, quote, shown
from mse_cli.meter import METER
from mse_cli.readers.columns import Names, Positions, one
from mse_cli.readers.identifiers import HoldsText, choose_columns, compare_rows
from mse_cli.readers.keys import Joined
from mse_cli.readers.matrix import File, Matrix, matrix_of
from mse_cli.readers.pair import Pair, StreamColumns, check_shapes
from mse_cli.readers.side import Side
from mse_cli.readers.sources.files import Source, first_bytes, look_at_each, resolve
from mse_cli.readers.sources.kinds import Kind, kind_of
from mse_cli.readers.sources.pipe import Piped
from mse_cli.readers.sources.remote.address import SECONDS
from mse_cli.readers.text.dialect import Dialect
from mse_cli.readers.text.text_file import TextFile, with_empty_shards
from mse_cli.readers.weights import with_weights

if TYPE_CHECKING:
    from mse_cli.readers.arrays.values import Named

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
    """The options of the panel Input; ``read_again`` if the blocks are read more than once, ``timeout`` for servers."""

    pred: str | None = None
    true: str | None = None
    key: str | None = None
    weights: Any = None  # a name of files, or ``Values``
    weight_column: str | None = None
    no_key: bool = False
    unmatched: Unmatched = "fail"
    by: str | None = None
    dialect: Dialect = field(default_factory=Dialect)
    read_again: bool = True
    timeout: float = SECONDS


def open_pair(prediction: Named, target: Named | None, options: InputOptions) -> Pair:
    """The two sides that the user names, or the one TABLE that holds both.

    Raises:
        MseError: for files that cannot be read, options that do not fit them, shapes that differ.
    """
    check_options([prediction, target, options.weights], options)
    pair = _open_table(prediction, options) if target is None else _open_two(prediction, target, options)
    return weighted(pair, options)


def check_options(read: Sequence[Named | None], options: InputOptions) -> None:
    """Refuse options that exclude each other, and standard input for several of the files that are read.

    Raises:
        UsageError: for these.
    """
    if read.count("-") > 1:
        raise UsageError("standard input ('-') can be only one of the files")
    for spec in (options.pred, options.true, options.key, options.weight_column):  # in Python they can be anything
        if not isinstance(spec, str | None):
            raise UsageError(f"columns are named in one text, not {spec!r}", hint="'price,rooms'")
    if options.weights is not None and options.weight_column is not None:
        raise UsageError("--weights and --weight-column exclude each other")
    if options.key is not None and options.no_key:
        raise UsageError("--key and --no-key exclude each other")
    if options.key is None and options.unmatched != "fail":
        raise UsageError(f"--unmatched {options.unmatched} is about rows that --key matches", hint="--key COL")


def weighted(pair: Pair, options: InputOptions) -> Pair:
    """The pair with the weights of ``--weights``, if there are any."""
    if options.weights is None:
        return pair
    # Read again, whatever becomes of the rest: how many rows there are decides what they mean.
    again = replace(options, dialect=replace(options.dialect, missing="fail"), read_again=True)
    side = open_side(options.weights, None, "--weights", again)
    return with_weights(pair, side, by_position=options.no_key)


def open_sides(specs: Sequence[Named], options: InputOptions) -> list[Side]:
    """Predictions and, last, the target; where all their files are is found first: then it is known how many."""
    asked = [*[(options.pred, "--pred")] * (len(specs) - 1), (options.true, "--true")]
    found = [sources_of(spec, options) if isinstance(spec, str) else [] for spec in specs]
    return [
        side_of(str(spec), sources, *names, options) if sources else open_side(spec, *names, options)
        for spec, names, sources in zip(specs, asked, found, strict=True)
    ]


def open_side(spec: Named, chosen: str | None, option: str, options: InputOptions) -> Side:
    """The files that a name means, by their first bytes NPY, NPZ, Parquet, Arrow or text."""
    if not isinstance(spec, str):
        return Side(spec.matrix(options.dialect.missing), chosen)
    return side_of(spec, sources_of(spec, options), chosen, option, options)


def sources_of(spec: str, options: InputOptions) -> list[Source]:
    """The sources that a name means, read as the options say."""
    sources = resolve(spec, keep=options.read_again, timeout=options.timeout)
    METER.files_named += len(sources)
    return sources


def side_of(spec: str, sources: Sequence[Source], chosen: str | None, option: str, options: InputOptions) -> Side:
    """The files that are read for a name."""
    dialect = replace(options.dialect, asked_names=_asked_names(options), is_shard=len(sources) > 1)
    files = look_at_each(lambda source: _open_file(source, chosen, option, dialect), sources)
    files = with_empty_shards(files) if len(files) > 1 else files
    label = files[0].label if len(files) == 1 else shown(spec)
    is_member = getattr(files[0], "member", None) is not None
    return Side(matrix_of(label, tuple(files), options.dialect.missing), None if is_member else chosen)


def _asked_names(options: InputOptions) -> frozenset[str]:
    """What the user calls columns, or numbers them."""
    given = options.pred, options.true, options.key, options.weight_column, options.by
    asked = [spec for spec in given if spec is not None]
    return frozenset([*asked, *(item.strip() for spec in asked for item in spec.split(","))])


def _open_file(source: Source, member: str | None, option: str, dialect: Dialect) -> File:
    kind = kind_of(first_bytes(source))
    if kind != "text" and isinstance(source, Piped):
        source.seek = True  # these formats are not read from front to back
    try:
        open_file: Callable[..., File] = import_module(f"mse_cli.readers.{OPENERS[kind]}").open_file
    except ImportError as error:
        if error.name != "pyarrow":
            raise
        message = f"{kind} files are read by PyArrow, which is not installed"
        raise UsageError(message, Place(source.label), hint="pip install 'mse-cli[arrow]'") from None
    return open_file(source, kind=kind, member=member, option=option, dialect=dialect, is_shard=dialect.is_shard)


def _open_two(prediction: Named, target: Named, options: InputOptions) -> Pair:
    a_side, y_side = open_sides((prediction, target), options)
    return pair_of(a_side, y_side, options)


def pair_of(a_side: Side, y_side: Side, options: InputOptions) -> Pair:
    """Two sides as a pair: which columns belong together, which rows.

    Raises:
        MseError: where they do not, or where names and positions say different things.
    """
    _refuse_default_names(a_side, y_side)
    a_key, y_key = (side.column(options.key, "--key") for side in (a_side, y_side))
    weight = y_side.column(options.weight_column, "--weight-column")
    groups = _groups_of(a_side, y_side, options.by)
    others = (a_key, *groups.prediction), (y_key, weight, *groups.target)
    a, y, notes = choose_columns(a_side, y_side, *others, by_position=options.no_key)
    notes = (*a_side.matrix.notes, *y_side.matrix.notes, *notes, *groups.notes)
    c, weights, names = len(a), one(weight), a_side.names(a) or y_side.names(y)
    missing = options.dialect.missing
    if a_key is None or y_key is None:
        first, second = a_side.matrix.select(a), y_side.matrix.select(_with(y, weights), weights=weights)
        streams = groups.read_with(first, second)
        check_shapes(streams[0], y_side.matrix.select(y))
        if not options.no_key:
            notes += compare_rows(a_side, y_side, a, _with(y, weights))
        at = None if weight is None else StreamColumns(1, c, c + 1)
        sides = StreamColumns(0, 0, c), StreamColumns(1, 0, c)
        return Pair(streams, *sides, missing, names, at, notes=notes, by=groups.names)
    if len(y) != c:
        raise ShapeError(f"{a_side.label} has {counted(c, 'column')} beside the key, {y_side.label} {len(y)}")
    first, second = _with_key(a_side, a, a_key), _with_key(y_side, (*y, *weights), y_key, weights)
    joined = Joined(*groups.read_with(first, second), options.unmatched)
    pair = _side_by_side(joined, c, missing, names, notes, weight)
    return replace(pair, key=name_of(a_side, a_key), by=groups.names)


class Groups(NamedTuple):
    """The columns that rows are grouped by: what they are called, which of a side they are, and on which they are read.

    Attributes:
        names: What they are called, or their numbers.
        prediction: Where the prediction's file holds them, too or alone.
        target: Where the target's does.
        of_target: Whether it is the target's text that counts.
    """

    names: Names = ()
    prediction: Positions = ()
    target: Positions = ()
    of_target: bool = True

    @property
    def notes(self) -> tuple[str, ...]:
        """That a column which both files hold is not compared."""
        if not self.prediction or not self.target:
            return ()
        return (f"columns that group the rows are not compared: {listed([quote(name) for name in self.names])}",)

    def read_with(self, first: Matrix, second: Matrix) -> tuple[Matrix, Matrix]:
        """The two sides, one of which reads the groups."""
        if self.of_target:
            return first, second.grouped(self.target)
        return first.grouped(self.prediction), second


def _groups_of(a_side: Side, y_side: Side, spec: str | None) -> Groups:
    """The columns that ``--by`` names: of the target, or else of the prediction."""
    if spec is None:
        return Groups()
    sides = [side for side in (y_side, a_side) if isinstance(side.first, HoldsText)]
    if not sides:
        raise UsageError("--by needs columns of text, which arrays have not", Place(y_side.label))
    side = next((side for side in sides if side.holds(spec)), sides[0])
    columns = side.by(spec)
    names = tuple(name_of(side, i) for i in columns)
    if side is y_side:
        return Groups(names, a_side.alike(columns, y_side), columns)
    return Groups(names, columns, y_side.alike(columns, a_side), of_target=False)


def name_of(side: Side, column: int) -> str:
    """What a column is called, or its number."""
    return side.first.names[column] if side.first.names else str(column + 1)


def _refuse_default_names(a_side: Side, y_side: Side) -> None:
    """Refuse two files of one column that both begin with a 0, as pandas calls a column without a name."""
    files = a_side.first, y_side.first
    if all(isinstance(file, TextFile) and file.layout.default_names for file in files):
        raise ParseError(
            "both files begin with a 0: the name that pandas gives, or a row?",
            Place(a_side.first.label),
            hint="--header yes if it is a name, --header no if it is a row",
        )


def _open_table(table: Named, options: InputOptions) -> Pair:
    if options.pred is None or options.true is None:
        hint = "--pred COLS --true COLS, or give the truth as a second file"
        raise UsageError("one file: which of its columns are the prediction, which the target?", hint=hint)
    if options.key is not None:
        raise UsageError("--key matches the rows of two files; in one file they stand side by side")
    if not isinstance(table, str):
        return _open_two(table, table, options)
    sources = sources_of(table, options)
    if kind_of(first_bytes(sources[0])) == "NPZ":
        a_side = side_of(table, sources, options.pred, "--pred", options)
        return pair_of(a_side, side_of(table, sources, options.true, "--true", options), options)
    side = side_of(table, sources, options.pred, "--pred", options)
    a, y = side.columns(), replace(side, chosen=options.true).columns()
    if len(a) != len(y):
        models = "mse compare takes each column of --pred as a model" if len(y) == 1 else None
        raise ShapeError(f"--pred names {counted(len(a), 'column')}, --true {len(y)}", Place(side.label), hint=models)
    weight = side.column(options.weight_column, "--weight-column")
    by = () if options.by is None else side.by(options.by)
    stream = side.matrix.select((*a, *y, *one(weight)), weights=one(weight)).grouped(by)
    pair = _side_by_side(stream, len(a), options.dialect.missing, side.names(a), side.matrix.notes, weight)
    return replace(pair, by=tuple(name_of(side, i) for i in by))


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


def _with(columns: Positions, weights: Positions) -> Positions:
    return (*columns, *weights) if weights else columns


def _with_key(side: Side, positions: Positions, key: int, weights: Positions = ()) -> Matrix:
    if side.first.names is None and not isinstance(side.first, TextFile):
        raise UsageError("--key needs a column of keys, which an array has not", Place(side.label))
    return side.matrix.select(positions, key, weights)
