r"""Line ends that are neither \n nor \r\n: old Mac's \r, and \r\r\n, which Windows makes of \r\n written as text."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import BinaryIO, Literal, cast

from mse_cli.errors import ParseError
from mse_cli.readers.sources.files import Source
from mse_cli.readers.sources.unpacking import unpack

OddEnd = Literal[b"\r", b"\r\r\n"]
BUFFER_BYTES = 1 << 18


def odd_end(head: bytes) -> OddEnd | None:
    r"""How the lines of a text end by its first bytes, ``None`` for \n and \r\n.

    >>> odd_end(b"1\r2\r"), odd_end(b"1\r\r\n"), odd_end(b"1\r\n2")
    (b'\r', b'\r\r\n', None)
    """
    if b"\n" not in head:  # the last \r may be half a line end
        return b"\r" if b"\r" in head[:-1].rstrip(b"\r") else None
    if b"\r\r\n" not in head:
        return None
    return b"\r\r\n" if head.count(b"\r\r\n") == head.count(b"\n") else None


@dataclass(frozen=True)
class Reended:
    r"""A text whose lines end in an odd way, as one whose lines end in \n; it is read from its start.

    Attributes:
        source: The text as it is stored.
        end: How its lines end.
    """

    source: Source
    end: OddEnd
    seekable = False

    @property
    def label(self) -> str:
        """The name that messages use."""
        return self.source.label

    def open(self, *, look: bool = False) -> BinaryIO:
        r"""The text, unpacked, with \n as the line end."""
        stored = self.source.open(look=look)
        return cast(BinaryIO, io.BufferedReader(_Lines(stored, unpack(stored), self.end), BUFFER_BYTES))


class _Lines(io.RawIOBase):
    """The bytes of a text with its line ends replaced.

    Raises:
        ParseError: if a line ends in another way.
    """

    def __init__(self, stored: BinaryIO, text: BinaryIO, end: OddEnd):
        self._stored = stored
        self._text = text
        self._end = end
        self._rest = b""  # of what was read: the beginning of a line end, perhaps

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._stored.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = b""
        while not data:
            read = self._text.read(len(buffer) - len(self._rest))
            data, self._rest = self._rest + read, b""
            if not read:
                break
            if self._end != b"\r":
                whole = data.rstrip(b"\r")
                data, self._rest = whole, data[len(whole) :]
        data = self._replaced(data)
        buffer[: len(data)] = data
        return len(data)

    def _replaced(self, data: bytes) -> bytes:
        if data.count(b"\n") != (0 if self._end == b"\r" else data.count(self._end)):
            raise ParseError(
                f"not every line ends in {self._end!r}".replace("b'", "'"), hint="save it with one line end"
            )
        return data.replace(self._end, b"\n")
