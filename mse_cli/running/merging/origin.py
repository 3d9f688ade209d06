"""Where the sums of a part come from: what was asked for, and which rows; so that parts that do not fit are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mse_cli.core.result import Reduction
from mse_cli.readers.keys import Joined
from mse_cli.readers.pair import Pair
from mse_cli.readers.sources.files import FileSource, Source, first_bytes
from mse_cli.readers.sources.pipe import Piped
from mse_cli.readers.sources.remote.address import RemoteSource


class Origin(NamedTuple):
    """Where sums come from.

    Attributes:
        options: What all parts of one matrix have in common, by the option's name; ``None`` where it was not given.
        inputs: What tells the files of one part from those of another.
        parts: The parts that it was merged from, each by a number of its own; none for one that was computed.
    """

    options: Mapping[str, str | None] = {}
    inputs: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


NOWHERE = Origin()


def origin_of(pair: Pair, reduction: Reduction) -> Origin:
    """Where the sums of a pair will come from; to be called before its rows are read, which a pipe gives only once."""
    joined = next((stream for stream in pair.streams if isinstance(stream, Joined)), None)
    options = {
        "missing": pair.missing,
        "reduction": reduction,
        "key": pair.key,
        "unmatched": None if joined is None else joined.unmatched,
    }
    return Origin(options, tuple(map(_identity, pair.sources)))


def _identity(source: Source) -> str:
    if isinstance(source, FileSource):
        return str(source.path.resolve())
    if isinstance(source, RemoteSource):
        return source.url
    return first_bytes(source).hex() if isinstance(source, Piped) else source.label
