"""Results of ``mse compute --format json`` as parts that can be added up."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from mse_cli.core.result import REDUCTIONS, SCHEMA_VERSION, Reduction
from mse_cli.core.tallies.worst import Worst
from mse_cli.errors import ParseError, Place, UsageError, counted, printable, quote
from mse_cli.meter import METER
from mse_cli.readers.sources.files import Source, open_text, reading, resolve
from mse_cli.running.merging.origin import Origin
from mse_cli.running.merging.partial import MOST_CELLS, from_plain, origin_in
from mse_cli.running.merging.pieces import digest_of_result
from mse_cli.running.tallying import Tallies

HINT = "a part is what `mse compute … --summary --format json` prints"
# The key of a matrix: a quote inside a string is written \", so that "se": can be nothing else.
MATRIX = re.compile(rb'"(?:se|gradient)"\s*:\s*(?=\[)')
AFTER_MATRIX = re.compile(rb'["}]')  # numbers, null, brackets and commas hold neither
PIECE_BYTES = 1 << 20
LONGEST_KEY = 1 << 10  # with the spaces around its colon
LONGEST_RESULT = 128 << 20  # bytes beside the matrices: of some 800,000 columns


@dataclass(frozen=True)
class Part:
    """One part: what must agree with the others, and what is added up."""

    label: str
    n_columns: int
    names: tuple[str | None, ...]
    reduction: Reduction
    tallies: Tallies
    origin: Origin


def read_parts(specs: list[str]) -> list[Part]:
    """The parts that the user names, in order.

    Raises:
        MseError: for what cannot be read, is no such result, or does not belong together.
    """
    if specs.count("-") > 1:
        raise UsageError("standard input ('-') can be only one of the parts")
    sources = [source for spec in specs for source in resolve(spec, keep=False)]
    METER.files_named += len(sources)
    parts = list(map(read_part, sources))
    for part in parts[1:]:
        check_belongs(parts[0], part)
    _refuse_twice(parts)
    return parts


def _refuse_twice(parts: list[Part]) -> None:
    """Refuse what would count twice: a part that is given under two names, or beside a result it was merged into."""
    found: dict[str, Part] = {}
    for part in parts:
        for number in part.origin.parts:
            if number in found:
                other = found[number]
                what = "holds a part twice" if other is part else f"its rows are in {printable(other.label)} too"
                raise ParseError(what, Place(part.label), hint="each part counts once, alone or in a merged result")
            found[number] = part


def read_part(source: Source) -> Part:
    """One part.

    Raises:
        ParseError: if it is no JSON result that can be added up.
    """
    with open_text(source) as stream, reading(source.label):
        text = without_matrices(stream)
        content = parse(text)
        if "partial" not in content:
            raise ParseError("has no 'partial', which holds the exact sums", hint=HINT)
        names = _names(content.get("columns"))
        tallies, origin = from_plain(content["partial"], len(names)), origin_in(content["partial"])
        if content["partial"].get("digest") != digest_of_result(text):
            raise ParseError("was changed after it was written", hint=HINT)
        METER.files += 1
        return Part(source.label, len(names), names, reduction_of(content), tallies, origin)


def without_matrices(stream: BinaryIO) -> bytes:
    """The text of a result with its matrices left out as it is read, however large they are.

    >>> import io
    >>> without_matrices(io.BytesIO(b'{"mse": 1.0, "se": [[1.0], [null]], "gradient": [[2.0]]}'))
    b'{"mse": 1.0, "se": 0, "gradient": 0}'
    """
    kept, ahead, inside = bytearray(), b"", False
    while piece := stream.read(PIECE_BYTES):
        ahead += piece
        while found := (AFTER_MATRIX if inside else MATRIX).search(ahead):
            if inside:
                kept += b"0, " if found[0] == b'"' else b"0"
                ahead = ahead[found.start() :]
            else:
                kept += ahead[: found.end()]
                ahead = ahead[found.end() :]
            inside = not inside
        if inside:
            ahead = b""
        else:
            kept += ahead[:-LONGEST_KEY]
            ahead = ahead[-LONGEST_KEY:]
        if len(kept) > LONGEST_RESULT:
            raise ParseError(f"holds more than {LONGEST_RESULT >> 20} MiB beside its matrices", hint=HINT)
    return bytes(kept) + ahead


def parse(data: bytes) -> dict[str, Any]:
    """The JSON of a result.

    Raises:
        ParseError: if it is none.
    """
    try:
        content = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _no_result() from None
    if not isinstance(content, dict) or "schema_version" not in content:
        raise _no_result()
    if "models" in content:
        raise ParseError("is a result of mse compare, which holds several losses", hint=HINT)
    if (found := content["schema_version"]) != SCHEMA_VERSION:
        words = quote(found) if isinstance(found, str) else quote(json.dumps(found))[1:-1]
        raise ParseError(f"its schema_version is {words}, this mse reads {SCHEMA_VERSION}", hint=HINT)
    return content


def _no_result() -> ParseError:
    return ParseError("is not a JSON result of mse compute", hint=HINT)


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _names(columns: object) -> tuple[str | None, ...]:
    if not isinstance(columns, list) or not columns:
        raise _no_result()
    names: list[str | None] = []
    for column in columns:
        name = column.get("name") if isinstance(column, dict) else 0
        if not (name is None or isinstance(name, str)):
            raise _no_result()
        names.append(name)
    return tuple(names)


def reduction_of(content: dict[str, Any]) -> Reduction:
    """Which of the two the loss of a result is.

    Raises:
        ParseError: if it does not say so.
    """
    for reduction in REDUCTIONS:
        if content.get("reduction") == reduction:
            return reduction
    raise _no_result()


def check_belongs(first: Part, part: Part) -> None:
    """Refuse parts that cannot be of one matrix.

    Raises:
        ParseError: naming the part and what differs.
    """
    differs = _difference(first, part, printable(first.label))
    if differs:
        raise ParseError(differs, Place(part.label), hint="parts of one matrix are computed with the same options")


def _difference(first: Part, part: Part, other: str) -> str | None:
    if part.n_columns != first.n_columns:
        return f"has {counted(part.n_columns, 'column')}, {other} has {counted(first.n_columns, 'column')}"
    if part.names != first.names:
        return f"its columns are not called as those of {other}"
    for name in sorted(part.origin.options.keys() | first.origin.options.keys()):
        its, others = (_as_given(name, of.origin.options.get(name)) for of in (part, first))
        if its != others:
            return f"was computed {its}, {other} {others}"
    if (part.tallies.sums.weights is None) != (first.tallies.sums.weights is None):
        with_, without = (part.label, first.label) if first.tallies.sums.weights is None else (first.label, part.label)
        return f"only one has weights: {printable(with_)} was computed with weights, {printable(without)} without"
    if _asked(part) != _asked(first):
        return f"was computed with {_asked(part) or 'neither'}, {other} with {_asked(first) or 'neither'}"
    return None


def _asked(part: Part) -> str:
    """The options --by and --stats of a part."""
    groups = part.tallies.groups
    by = [] if groups is None else [f"--by {printable(','.join(groups.by))}"]
    return " and ".join([*by, *(["--stats"] if part.tallies.stats else [])])


def _as_given(name: str, value: str | None) -> str:
    return f"without --{printable(name)}" if value is None else f"with --{printable(name)} {quote(value)[1:-1]}"


def origin_of_all(parts: list[Part]) -> Origin:
    """Where the sums of all parts come from."""
    return Origin(parts[0].origin.options, parts=tuple(number for part in parts for number in part.origin.parts))


def add_up(parts: list[Part], most_worst: int | None) -> Tallies:
    """The tallies of all parts together, the worst cells if every part lists enough of them.

    Raises:
        UsageError: if more worst cells are asked for than a part lists.
    """
    together = parts[0].tallies._replace(worst=None).new()
    for part in parts:
        together.merge(part.tallies)
        if together.sums.n_rows * together.sums.n_columns > MOST_CELLS:
            raise ParseError("with it the parts hold more cells than can be counted", Place(part.label))
    listed = [part.tallies.worst.most if part.tallies.worst else 0 for part in parts]
    most = min(listed) if most_worst is None else most_worst
    if most > min(listed):
        short = parts[listed.index(min(listed))]
        hint = f"compute the parts with --worst {most}"
        raise UsageError(f"lists its {min(listed)} worst cells, not {most}", Place(short.label), hint=hint)
    return together._replace(worst=_worst_of(parts, most) if most else None)


def _worst_of(parts: list[Part], most: int) -> Worst:
    worst, rows_before = Worst(most), 0
    for part in parts:
        if part.tallies.worst is not None:
            worst.merge(part.tallies.worst, rows_before=rows_before)
        rows_before += part.tallies.sums.n_rows
    return worst
