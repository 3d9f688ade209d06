"""How many rows each record batch of an Arrow file (Feather 2) or stream holds, as the heads of its messages say.

Format: "Serialization and Interprocess Communication" of the Arrow columnar format; "FlatBuffers Internals". Messages
follow one another, each a head (a FlatBuffer) and a body, then perhaps a mark of the end. In a file they stand between
a magic word and a footer that lists them. PyArrow believes footer and mark: were one damaged, rows would vanish.
"""

from __future__ import annotations

from struct import unpack, unpack_from
from typing import Any

from mse_cli.errors import ParseError

END = b"ARROW1"
MARK = -1  # before the length of a head, since version 0.15
BATCH = 3  # among the kinds of a message


def batch_rows(stream: Any, *, is_file: bool) -> list[int]:
    """How many rows each record batch holds, in order.

    Raises:
        ParseError: if the messages do not fill the file.
        struct.error: if a place that one of them tells is outside of it.
    """
    start, stop, rows = 0, stream.seek(0, 2) or stream.tell(), []
    if is_file:
        stream.seek(max(0, stop - len(END) - 4))
        length, magic = unpack("<i6s", stream.read(len(END) + 4))
        if magic != END:
            raise ParseError("the Arrow file is truncated or corrupt: it does not end in a footer")
        start, stop = 8, stop - len(END) - 4 - length
    while start < stop:
        stream.seek(start)
        mark, length = unpack("<ii", stream.read(8))
        if mark != MARK:
            start, length = start - 4, mark
        start += 8
        if length == 0 and start == stop:
            break
        stream.seek(start)
        kind, n_rows, body_bytes = _head(stream.read(max(0, min(length, stop - start))))
        start += length + body_bytes
        if length <= 0 or body_bytes < 0 or n_rows < 0 or start > stop:
            raise ParseError("the Arrow file is truncated or corrupt: its messages do not fill it")
        rows += [n_rows] if kind == BATCH else []
    return rows


def _head(data: bytes) -> tuple[int, int, int]:
    """What the head of a message says: its kind, how many rows it has if it is a record batch, its body's length."""
    (message,) = unpack_from("<I", data)
    kind, body_bytes = _field(data, message, 1, "<B"), _field(data, message, 3, "<q")
    batch = _field(data, message, 2, "<I", follow=True) if kind == BATCH else 0
    return kind, _field(data, batch, 0, "<q") if batch else 0, body_bytes


def _field(data: bytes, table: int, number: int, code: str, *, follow: bool = False) -> int:
    """A field of a FlatBuffer's table, or the place that it points to; the table's list of fields tells its own."""
    fields = table - unpack_from("<i", data, table)[0]
    listed = 4 + 2 * number < unpack_from("<H", data, fields)[0]
    offset = unpack_from("<H", data, fields + 4 + 2 * number)[0] if listed else 0
    value = unpack_from(code, data, table + offset)[0] if offset else 0
    return int(table + offset + value if follow and offset else value)
