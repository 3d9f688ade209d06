"""How many rows each record batch of an Arrow file (Feather 2) or stream holds, as the heads of its messages say.

Format: "Serialization and Interprocess Communication" of the Arrow columnar format; "FlatBuffers Internals". Messages
follow one another: the schema, then dictionaries and record batches, each a head (a FlatBuffer) and a body, then perhaps
a mark of the end. In a file they stand between a magic word and a footer that lists where they are. PyArrow believes the
footer and the mark: were one damaged, rows would vanish.
"""

from __future__ import annotations

from struct import unpack, unpack_from
from typing import Any

from mse_cli.errors import ParseError
from mse_cli.readers.sources.kinds import ARROW_MAGIC

END = b"ARROW1"
MARK = -1  # before the length of a head, since version 0.15
SCHEMA, DICTIONARY, BATCH = 1, 2, 3
CORRUPT = "the Arrow file is truncated or corrupt"


def is_stream(stream: Any) -> bool:
    """Whether it is a stream, not a file; it is then at its start."""
    stream.seek(0)
    magic = stream.read(len(ARROW_MAGIC))
    stream.seek(0)
    return bool(magic != ARROW_MAGIC)


def batch_rows(stream: Any) -> list[int]:
    """How many rows each record batch holds, in order.

    Raises:
        ParseError: if the messages do not fill the file.
        struct.error: if a place that one of them tells is outside of it.
    """
    stream.seek(0, 2)
    start, stop = 0, stream.tell()
    if not is_stream(stream):
        start, stop = 8, _footer_start(stream, stop)
    kinds, rows = [], []
    while start < stop:
        stream.seek(start)
        mark, length = unpack("<ii", stream.read(8))
        start += 8
        if mark != MARK:
            start, length = start - 4, mark
        if length == 0 and start == stop:
            break
        stream.seek(start)
        kind, n_rows, body_bytes = _head(stream.read(max(0, min(length, stop - start))))
        start += length + body_bytes
        if length <= 0 or body_bytes < 0 or start > stop:
            raise ParseError(f"{CORRUPT}: its messages do not fill it")
        kinds.append(kind)
        rows += [n_rows] if kind == BATCH else []
    if kinds[:1] != [SCHEMA] or not {DICTIONARY, BATCH}.issuperset(kinds[1:]) or min(rows, default=0) < 0:
        raise ParseError(f"{CORRUPT}: its messages are not a schema, then dictionaries and record batches")
    return rows


def _footer_start(stream: Any, size: int) -> int:
    stream.seek(max(0, size - len(END) - 4))
    length, magic = unpack("<i6s", stream.read(len(END) + 4))
    if magic != END or not 0 < length <= size - len(END) - 12:
        raise ParseError(f"{CORRUPT}: it does not end in a footer")
    return int(size - len(END) - 4 - length)


def _head(data: bytes) -> tuple[int, int, int]:
    """What the head of a message says: its kind, how many rows it has if it is a record batch, its body's length."""
    (message,) = unpack_from("<I", data)
    kind, body_bytes = _field(data, message, 1, "<B"), _field(data, message, 3, "<q")
    batch = _field(data, message, 2, "<I", follow=True) if kind == BATCH else 0
    return kind, _field(data, batch, 0, "<q") if batch else 0, body_bytes


def _field(data: bytes, table: int, number: int, code: str, *, follow: bool = False) -> int:
    """A field of a FlatBuffer's table, or where what it points to is; the table's list of fields tells its place."""
    fields = table - unpack_from("<i", data, table)[0]
    listed = 4 + 2 * number < unpack_from("<H", data, fields)[0]
    offset = unpack_from("<H", data, fields + 4 + 2 * number)[0] if listed else 0
    value = unpack_from(code, data, table + offset)[0] if offset else 0
    return int(table + offset + value if follow and offset else value)
