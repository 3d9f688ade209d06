"""Arrow's IPC files (Feather 2) and streams: their messages, and their rows through Polars, a record batch at a time.

Format: "Serialization and Interprocess Communication" of the Arrow columnar format. A stream is a run of messages: the
schema, then dictionaries, then record batches, each with a head (a FlatBuffer) and a body. In a file the messages stand
after a magic word, and at its end a footer holds the schema and lists where the others are.

Polars is given the schema and one batch, as a stream of its own. So one batch is in memory; a file, a pipe and a file
elsewhere are read in the same way; and every length is known to be right before.
"""

from __future__ import annotations

import io
import itertools
import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from mse_cli.errors import ParseError
from mse_cli.readers.sources.files import Source
from mse_cli.readers.sources.kinds import ARROW_MAGIC, STREAM_MAGIC

if TYPE_CHECKING:
    import polars

END = b"ARROW1"
SCHEMA, DICTIONARY, BATCH = 1, 2, 3
MOST_PACKED = 1 << 16  # times as long as it is stored: what Zstandard can do to zeros, and more
VERSION_5 = 4  # of the metadata
LONGEST_HEAD = 64 << 20  # bytes; of a schema of 100,000 columns it is some 10 MB
LARGE_BATCH = 64 << 20  # bytes: of larger ones not several are read at the same time


@dataclass(frozen=True)
class Message:
    """Where a message lies in the file, and of a record batch the number of its rows."""

    kind: int
    start: int
    stop: int
    n_rows: int = 0


@dataclass(frozen=True)
class ArrowTable:
    """An Arrow file or stream of which any run of rows can be read.

    Attributes:
        names: The columns' names.
        schema: The message that a stream of these columns begins with.
        dictionaries: What columns of categories refer to.
        batches: The record batches, in order.
    """

    names: tuple[str, ...]
    schema: bytes
    dictionaries: tuple[Message, ...]
    batches: tuple[Message, ...]
    kind: str = "Arrow"

    @cached_property
    def starts(self) -> list[int]:
        """With which row (from 0) each record batch begins, and the number of all rows."""
        return list(itertools.accumulate((batch.n_rows for batch in self.batches), initial=0))

    @property
    def n_rows(self) -> int:
        """N."""
        return self.starts[-1]

    @property
    def can_be_cut(self) -> bool:
        """Whether its batches are so small that several may be in memory."""
        return all(batch.stop - batch.start <= LARGE_BATCH for batch in self.batches)

    def frames(self, source: Source, columns: list[int], rows: range) -> Iterator[polars.DataFrame]:
        """These rows of these columns (0-based, in ascending order), some at a time."""
        import polars

        first = bisect_right(self.starts, rows.start) - 1
        with source.open() as stream:
            before = self.schema + b"".join(_bytes(stream, message) for message in self.dictionaries)
            for batch, start in zip(self.batches[first:], self.starts[first:], strict=False):
                if start >= rows.stop:
                    return
                if not batch.n_rows:
                    continue
                data = io.BytesIO(before + _bytes(stream, batch))
                frame = polars.read_ipc_stream(data, columns=columns)
                if len(frame) != batch.n_rows:
                    raise ParseError("the Arrow file is corrupt: a record batch has not as many rows as it says")
                here = slice(max(rows.start - start, 0), rows.stop - start)
                yield frame[here]


def open_arrow(source: Source) -> ArrowTable:
    """Check the messages of an Arrow file or stream.

    Raises:
        ParseError: if they do not fit the file.
    """
    with source.open() as stream:
        try:
            return _table(stream)
        except (struct.error, IndexError, UnicodeDecodeError):  # an offset that points out of its message
            raise ParseError("the Arrow file is truncated or corrupt") from None


def _table(stream: BinaryIO) -> ArrowTable:
    size = stream.seek(0, 2)
    stream.seek(0)
    if stream.read(len(ARROW_MAGIC)) == ARROW_MAGIC:
        schema, data, messages = _file(stream, size)
    else:
        schema, data, messages = _stream(stream, size)
    if schema.integer(0, "<h"):
        raise ParseError("the Arrow file's numbers are big-endian, which Polars does not read")
    names = tuple(schema.follow(at).text(0) for at in schema.vector(1, item_bytes=4))
    dictionaries, batches = (tuple(m for m in messages if m.kind == kind) for kind in (DICTIONARY, BATCH))
    return ArrowTable(names, data, dictionaries, batches)


def _file(stream: BinaryIO, size: int) -> tuple[Table, bytes, list[Message]]:
    """The schema, as a table and as a message, and the messages that a file's footer lists."""
    stream.seek(max(0, size - len(END) - 4))
    tail = stream.read(len(END) + 4)
    end = size - len(tail) - int.from_bytes(tail[:4], "little")
    if tail[4:] != END or end < len(END):
        raise ParseError("the Arrow file is truncated or corrupt: it does not end in a footer")
    stream.seek(end)
    footer = Table.root(stream.read(size - len(tail) - end))
    schema = footer.table(1)
    blocks = [footer.unpack("<q", at)[0] for field in (2, 3) for at in footer.vector(field, item_bytes=24)]
    return schema, _schema_message(schema), [_message(stream, start, end) for start in blocks]


def _schema_message(schema: Table) -> bytes:
    """A message made of the buffer that holds a schema, with a head before it that points there."""
    head = struct.pack("<I6HiIhBx4xq", 16, 12, 24, 8, 10, 4, 16, 12, 20 + schema.at, VERSION_5, SCHEMA, 0)
    data = head + schema.data + bytes(-len(schema.data) % 8)
    return STREAM_MAGIC + struct.pack("<i", len(data)) + data


def _stream(stream: BinaryIO, size: int) -> tuple[Table, bytes, list[Message]]:
    """The same of a stream, whose messages follow one another up to a mark; it may also end without one."""
    stream.seek(0)
    messages, start = [], 0
    while start < size:
        stream.seek(start)
        if stream.read(8) == STREAM_MAGIC + bytes(4):
            break
        messages.append(_message(stream, start, size))
        start = messages[-1].stop
    if not messages or messages[0].kind != SCHEMA:
        raise ParseError("the Arrow stream is corrupt: it does not begin with a schema")
    return _head(stream, 0)[0].table(2), _bytes(stream, messages[0]), messages[1:]


def _message(stream: BinaryIO, start: int, end: int) -> Message:
    head, length = _head(stream, start)
    body_bytes, kind = head.integer(3, "<q"), head.integer(1, "<B")
    stop = start + length + body_bytes
    if body_bytes < 0 or stop > end:
        raise ParseError("the Arrow file is truncated or corrupt: a message reaches beyond its end")
    if kind != BATCH:
        return Message(kind, start, stop)
    batch = head.table(2)
    _check_buffers(stream, batch, stop - body_bytes, body_bytes)
    return Message(kind, start, stop, batch.integer(0, "<q"))


def _check_buffers(stream: BinaryIO, batch: Table, start: int, n_bytes: int) -> None:
    """Refuse a record batch whose sizes cannot be right: Polars would believe them."""
    compressed = batch.field(3) is not None
    spans = [batch.unpack("<qq", at) for at in batch.vector(2, item_bytes=16)]
    nodes = [batch.unpack("<qq", at) for at in batch.vector(1, item_bytes=16)]
    most = 0
    for offset, length in spans:
        if not 0 <= offset <= offset + length <= n_bytes:
            raise ParseError("the Arrow file is corrupt: a buffer reaches beyond its record batch")
        unpacked = length
        if compressed and length:
            stream.seek(start + offset)
            unpacked = struct.unpack("<q", stream.read(8))[0]
            if length < 8 or not -1 <= unpacked <= MOST_PACKED * length:
                raise ParseError("the Arrow file is corrupt: a compressed buffer cannot be so long")
        most = max(most, unpacked, length)
    rows = batch.integer(0, "<q")
    most = 8 * most if spans else rows
    if rows < 0 or any(not 0 <= absent <= n <= most for n, absent in nodes) or (nodes and nodes[0][0] != rows):
        raise ParseError("the Arrow file is corrupt: a record batch is too short for its rows")


def _head(stream: BinaryIO, start: int) -> tuple[Table, int]:
    """The head of a message and how long it is."""
    if start < 0:
        raise ParseError("the Arrow file is corrupt: a message before its beginning")
    stream.seek(start)
    mark, length = struct.unpack("<4si", stream.read(8))
    if mark != STREAM_MAGIC:
        raise ParseError("the Arrow file is corrupt, or of a version before 0.15")
    if not 0 < length <= LONGEST_HEAD:
        raise ParseError("the Arrow file is corrupt: no message has such a length")
    return Table.root(stream.read(length)), 8 + length


def _bytes(stream: BinaryIO, message: Message) -> bytes:
    stream.seek(message.start)
    data = stream.read(message.stop - message.start)
    if len(data) < message.stop - message.start:
        raise ParseError("the file became shorter while it was read")
    return data


@dataclass(frozen=True)
class Table:
    """A table of a FlatBuffer: its fields by their numbers, whose places a list before or after it tells.

    Format: "FlatBuffers Internals". Offsets are unsigned, so that none leads before its own place, save that to the
    list.
    """

    data: bytes
    at: int

    @classmethod
    def root(cls, data: bytes) -> Table:
        """The table that a buffer begins with."""
        return cls(data, 0).follow(0)

    def unpack(self, code: str, at: int) -> tuple[int, ...]:
        """Numbers at a place of the buffer."""
        return struct.unpack_from(code, self.data, at)

    def follow(self, at: int) -> Table:
        """The table that an offset leads to."""
        return Table(self.data, at + self.unpack("<I", at)[0])

    def field(self, number: int) -> int | None:
        """Where a field is; ``None`` if the table has not got it."""
        fields = self.at - self.unpack("<i", self.at)[0]
        if fields < 0 or 4 + 2 * number >= self.unpack("<H", fields)[0]:
            return None
        offset = self.unpack("<H", fields + 4 + 2 * number)[0]
        return self.at + offset if offset else None

    def integer(self, number: int, code: str) -> int:
        """A field that is a number."""
        at = self.field(number)
        return 0 if at is None else self.unpack(code, at)[0]

    def table(self, number: int) -> Table:
        """A field that is a table."""
        at = self.field(number)
        if at is None:
            raise ParseError("the Arrow file is corrupt: a part of a message is missing")
        return self.follow(at)

    def vector(self, number: int, *, item_bytes: int) -> range:
        """Where the items of a field are that is a list."""
        at = self.field(number)
        if at is None:
            return range(0)
        start = at + self.unpack("<I", at)[0]
        count = self.unpack("<I", start)[0]
        if start + 4 + count * item_bytes > len(self.data):
            raise ParseError("the Arrow file is corrupt: a list is longer than its message")
        return range(start + 4, start + 4 + count * item_bytes, item_bytes)

    def text(self, number: int) -> str:
        """A field that is text."""
        found = self.vector(number, item_bytes=1)
        return self.data[found.start : found.stop].decode() if found else ""
