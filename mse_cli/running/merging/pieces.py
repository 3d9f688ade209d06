"""JSON a piece at a time: of a wide matrix there are lists with an item a column, which are never held whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

RUN = 16 * 1024  # items of a long list that there are at a time

strict = partial(json.dumps, allow_nan=False)
compact = partial(json.dumps, sort_keys=True, separators=(",", ":"))


class Long(NamedTuple):
    """A list that may be too long to be held: how many items it has, and what makes those of a slice."""

    length: int
    some: Callable[[slice], list[Any]]


def in_runs(count: int, some: Callable[[slice], list[Any]]) -> Long | list[Any]:
    """A list of so many items, of which ``some`` makes those of a slice; itself if it is short.

    >>> in_runs(3, lambda columns: list(range(3))[columns])
    [0, 1, 2]
    """
    return some(slice(0, count)) if count <= RUN else Long(count, some)


def pieces(value: Any, dumps: Callable[[Any], str] = strict, *, comma: str = ", ", colon: str = ": ") -> Iterator[str]:
    """A value as JSON, of which ``dumps`` makes the text of all that is short.

    >>> "".join(pieces({"a": [Long(3, lambda columns: [1, 2, 3][columns])], "b": {}}))
    '{"a": [[1, 2, 3]], "b": {}}'
    """
    if not _is_long(value):
        yield dumps(value)
    elif isinstance(value, Long):
        for start in range(0, value.length, RUN):
            yield (comma if start else "[") + dumps(value.some(slice(start, start + RUN)))[1:-1]
        yield "]"
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield comma if i else "["
            yield from pieces(item, dumps, comma=comma, colon=colon)
        yield "]"
    else:
        for i, name in enumerate(value):
            yield f"{comma if i else '{'}{json.dumps(name)}{colon}"
            yield from pieces(value[name], dumps, comma=comma, colon=colon)
        yield "}"


def _is_long(value: Any) -> bool:
    inside = value.values() if isinstance(value, dict) else value if type(value) is list else ()
    return isinstance(value, Long) or any(map(_is_long, inside))


def digest_of(content: Any, dumps: Callable[[Any], str] = compact) -> str:
    """A number that another content has not, however its text is laid out."""
    digest = hashlib.sha256()
    for piece in pieces(_in_order(content), dumps, comma=",", colon=":"):
        digest.update(piece.encode())
    return digest.hexdigest()


def _in_order(content: Any) -> Any:
    """The same with the names of what is long in the order that ``compact`` gives those of what is short."""
    if isinstance(content, dict):
        return {name: _in_order(content[name]) for name in sorted(content)}
    return list(map(_in_order, content)) if type(content) is list and _is_long(content) else content


def digest_of_result(text: str | bytes) -> str:
    """The same of a JSON result without its matrices and without this number; 4 and 4.0 are the same number in JSON.

    Raises:
        ValueError: if it has no such number.
    """
    content = json.loads(text, parse_int=float)
    content["partial"].pop("digest", None)
    return digest_of({name: value for name, value in content.items() if name not in {"se", "gradient"}})


def with_digest(fields: dict[str, Any]) -> dict[str, Any]:
    """A result with this number in its last field, ``partial``, as ``digest_of_result`` finds it in its text."""
    digest = digest_of(fields, lambda value: compact(json.loads(strict(value), parse_int=float)))
    return fields | {"partial": fields["partial"] | {"digest": digest}}
