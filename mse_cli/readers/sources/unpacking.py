"""Compressed text: what is in ``.gz``, ``.bz2`` and ``.xz`` files, in pieces and to the last byte."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from typing import BinaryIO, cast

from mse_cli.readers.sources.kinds import HEAD_BYTES, packing_of

PACKED_BYTES = 1 << 16
XZ_MEMORY = 128 << 20  # the largest dictionary that xz makes without being asked (-9) needs 65 MiB


def unpack(stored: BinaryIO) -> BinaryIO:
    """The stored bytes, decompressed if their beginning says that they are compressed."""
    stream = cast(io.BufferedReader, stored)
    packing = packing_of(stream.peek(HEAD_BYTES)[:HEAD_BYTES])
    if packing == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if packing == "bzip2":
        return _buffered(_Unpacked(stored, bz2.BZ2Decompressor))
    return _buffered(_Unpacked(stored, _xz_decompressor, padding=b"\0")) if packing == "xz" else stored


def _xz_decompressor() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


def _buffered(raw: io.RawIOBase) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(raw, PACKED_BYTES))


class _Unpacked(io.RawIOBase):
    """The content of one compressed stream, or of several one after the other.

    ``bz2.BZ2File`` and ``lzma.LZMAFile`` silently ignore what follows a stream and is not another one: the rest of
    a concatenated file, if a byte of its header is wrong. Here it is an error.
    """

    def __init__(
        self,
        stored: BinaryIO,
        new: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor],
        padding: bytes = b"",
    ):
        self._stored = stored
        self._new = new
        self._padding = padding
        self._decompressor = new()
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = b""
        while not data:
            if self._decompressor.eof and not self._next_stream():
                return 0
            data = self._decompress(self._packed(), len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def _packed(self) -> bytes:
        if not self._decompressor.needs_input:
            return b""
        packed, self._left = self._left or self._stored.read(PACKED_BYTES), b""
        if not packed:
            raise EOFError("the compressed stream ends early")
        return packed

    def _decompress(self, packed: bytes, most: int) -> bytes:
        try:
            return self._decompressor.decompress(packed, most)
        except OSError as error:  # how bz2 says that its data is corrupt
            raise EOFError(str(error)) from None

    def _next_stream(self) -> bool:
        left = self._decompressor.unused_data
        while not (left := left.lstrip(self._padding)):
            if not (left := self._stored.read(PACKED_BYTES)):
                return False
        self._decompressor, self._left = self._new(), left
        return True
