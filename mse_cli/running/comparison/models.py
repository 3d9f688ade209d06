"""From what the user names to several models beside one target: one stream of blocks, each with all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mse_cli.errors import ShapeError, UsageError, counted, listed, printable, quote, shown
from mse_cli.readers.columns import one
from mse_cli.readers.identifiers import HoldsText, compare_rows
from mse_cli.readers.keys import Joined
from mse_cli.readers.matrix import Matrix
from mse_cli.readers.opening import (
    InputOptions,
    check_options,
    name_of,
    open_sides,
    pair_of,
    side_of,
    sources_of,
    weighted,
)
from mse_cli.readers.pair import Pair, StreamColumns
from mse_cli.readers.side import Side
from mse_cli.readers.sources.files import first_bytes, is_address
from mse_cli.readers.sources.kinds import kind_of

if TYPE_CHECKING:
    from mse_cli.readers.arrays.values import Named


class Models(NamedTuple):
    """Several models beside one target: what each is called, and the pair that holds all their predictions."""

    names: tuple[str, ...]
    pair: Pair


def open_models(files: Sequence[Named], options: InputOptions, names: Sequence[str] | None = None) -> Models:
    """The models and, as the last file, the target; or one TABLE that holds all as columns.

    Raises:
        MseError: for files that cannot be read, options that do not fit them, models that are not comparable.
    """
    check_options([*files, options.weights], options)
    if len(files) == 1:
        return _open_table(str(files[0]), options)
    if len(files) == 2:
        hint = "mse compute is for one model; a quoted pattern or a folder is one model, too"
        raise UsageError("one model and the target: there is nothing to compare the model with", hint=hint)
    names = names or [shown(file) if is_address(file) else file for file in map(str, files[:-1])]
    short_names(names)
    *sides, target = open_sides(files, options)
    return Models(tuple(names), weighted(_beside(sides, target, options), options))


def _open_table(table: str, options: InputOptions) -> Models:
    if options.pred is None or options.true is None:
        hint = "mse compare PREDS PREDS TRUTH, or one TABLE with --pred linear,forest --true y"
        raise UsageError("one file: which of its columns are the models, which the target?", hint=hint)
    if options.key is not None:
        raise UsageError("--key matches the rows of several files; in one file they stand side by side")
    sources = sources_of(table, options)
    if kind_of(first_bytes(sources[0])) == "NPZ":
        names = tuple(name.strip() for name in options.pred.split(","))
        _check_count(names)
        sides = [side_of(table, sources, name, "--pred", options) for name in names]
        return Models(
            names, weighted(_beside(sides, side_of(table, sources, options.true, "--true", options), options), options)
        )
    side = side_of(table, sources, options.pred, "--pred", options)
    a, y = side.columns(), replace(side, chosen=options.true).columns()
    names = side.names(a) or tuple(str(column + 1) for column in a)
    _check_count(names)
    if len(y) != 1:
        raise ShapeError(f"in one file each model is a column: --true names one, not {counted(len(y), 'column')}")
    weight = one(side.column(options.weight_column, "--weight-column"))
    by = () if options.by is None else side.by(options.by)
    k = len(a)
    first, *others, target = (StreamColumns(0, i, i + 1) for i in range(k + 1))
    pair = Pair(
        (side.matrix.select((*a, *y, *weight), weights=weight).grouped(by),),
        first,
        target,
        options.dialect.missing,
        side.names(y),
        StreamColumns(0, k + 1, k + 2) if weight else None,
        notes=side.matrix.notes,
        others=tuple(others),
        by=tuple(name_of(side, column) for column in by),
    )
    return Models(names, weighted(pair, options))


def _check_count(names: Sequence[str]) -> None:
    if len(names) < 2:
        raise UsageError("--pred names one model: there is nothing to compare it with", hint="--pred linear,forest")
    short_names(names)


def _beside(sides: Sequence[Side], target: Side, options: InputOptions) -> Pair:
    """Each side against the target, all in one pair, their columns in the order of the first."""
    _refuse_groups_of_some(sides, target, options.by)
    pairs = [pair_of(side, target, options) for side in sides]
    (first, y), *others = map(_matrices_of, pairs)
    c = first.n_columns
    models = [first, *(_in_order_of(y, c, *matrices) for matrices in others)]
    notes = [note for pair in pairs for note in pair.notes]
    if options.key is None and not options.no_key:
        for side, model in zip(sides[1:], models[1:], strict=True):
            notes += compare_rows(sides[0], side, first.wanted.columns, model.wanted.columns)
    whole = replace(
        pairs[0], names=target.names(y.wanted.columns[:c]) or pairs[0].names, notes=tuple(dict.fromkeys(notes))
    )
    return _joined(whole, models[1:], options) if options.key else _side_by_side(whole, models, y)


def _refuse_groups_of_some(sides: Sequence[Side], target: Side, by: str | None) -> None:
    """Refuse columns to group by that neither the target nor every model has, but some of them."""
    if by is None or not all(isinstance(side.first, HoldsText) for side in (target, *sides)) or target.holds(by):
        return
    without = [side.label for side in sides if not side.holds(by)]
    if 0 < len(without) < len(sides):
        message = f"--by {printable(by)}: neither {printable(without[0])} nor the target has that"
        raise UsageError(message, hint="the target must have the columns, or every model")


def _side_by_side(pair: Pair, models: list[Matrix], target: Matrix) -> Pair:
    """The models and the target as streams of their own."""
    k, c = len(models), models[0].n_columns
    weights = None if pair.weights is None else StreamColumns(k, c, c + 1)
    others = tuple(StreamColumns(i, 0, c) for i in range(1, k))
    return replace(pair, streams=(*models, target), target=StreamColumns(k, 0, c), weights=weights, others=others)


def _joined(pair: Pair, models: list[Matrix], options: InputOptions) -> Pair:
    """The further models joined by the key to what the first and the target are joined to."""
    (stream,), others = pair.streams, []
    for model in models:
        others.append(StreamColumns(0, stream.n_columns, stream.n_columns + model.n_columns))
        assert isinstance(stream, Joined)
        stream = Joined(stream, model, options.unmatched)
    return replace(pair, streams=(stream,), others=tuple(others))


def _matrices_of(pair: Pair) -> tuple[Matrix, Matrix]:
    """The prediction's matrix and the target's, which weights follow."""
    stream = pair.streams[0]
    first, second = (stream.first, stream.second) if isinstance(stream, Joined) else pair.streams
    assert isinstance(first, Matrix)
    assert isinstance(second, Matrix)
    return first, second


def _in_order_of(target: Matrix, n_columns: int, model: Matrix, its_target: Matrix) -> Matrix:
    """A model with its columns in the order of the target as the first model has it.

    Raises:
        ShapeError: if it predicts other columns.
    """
    wanted, given = target.wanted.columns[:n_columns], its_target.wanted.columns[: model.n_columns]
    if sorted(wanted) != sorted(given):
        raise ShapeError(
            f"the models predict different columns of the target: {printable(model.label)} others than the first",
            hint="--pred and --true choose the columns",
        )
    columns = model.wanted.columns
    return model.select(tuple(columns[given.index(column)] for column in wanted), model.wanted.key)


def short_names(names: Sequence[str]) -> tuple[str, ...]:
    """What each model is called in tables: as much of the end of its path as no other model's has.

    Raises:
        UsageError: if two are called the same.

    >>> short_names(["runs/a/preds.csv", "runs/b/preds.csv", "old.csv"])
    ('a/preds.csv', 'b/preds.csv', 'old.csv')
    """
    twice = [name for i, name in enumerate(names) if name in names[:i]]
    if twice:
        raise UsageError(f"the model {quote(twice[0])} is given twice: its name does not tell the two apart")
    return tuple(_short(name, [other for other in names if other != name]) for name in names)


def _short(name: str, others: Sequence[str]) -> str:
    parts = name.rstrip("/").split("/")
    for start in range(len(parts) - 1, 0, -1):
        end = "/".join(parts[start:])
        if not any(("/" + other.rstrip("/")).endswith("/" + end) for other in others):
            return end + "/" * name.endswith("/")
    return name


def named_model(spec: str, names: Sequence[str]) -> int:
    """Which model an option means, by what it was given as or by its short name.

    Raises:
        UsageError: if it means none.

    >>> named_model("forest.csv", ["runs/forest.csv", "linear.csv"])
    0
    """
    for known in (tuple(names), short_names(names)):
        if spec in known:
            return known.index(spec)
    hint = f"the models are {listed([quote(name) for name in short_names(names)])}"
    raise UsageError(f"--baseline {quote(spec)} is none of the models", hint=hint)
