"""Compressed text: what is in ``.gz``, ``.bz2`` and ``.xz`` files, in pieces and to the last byte.

A stream is followed by nothing but others: what the standard library's files of bzip2 and xz ignore in silence (the
rest of a concatenated file, if a byte of its header is wrong) is an error here.
"""

from __future__ import annotations

import bz2
import functools
import io
import lzma
import zlib
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import BinaryIO, Protocol, cast

from mse_cli.readers.sources.kinds import HEAD_BYTES, packing_of

PACKED_BYTES = 1 << 18
XZ_MEMORY = 128 << 20  # the largest dictionary that xz makes without being asked (-9) needs 65 MiB
GZIP_BITS = 31  # zlib's word for the header and the checksum of gzip


class Decompressor(Protocol):
    """What unpacks one stream, in the standard library's words."""

    @property
    def eof(self) -> bool: ...  # noqa: D102 - as there
    @property
    def needs_input(self) -> bool: ...  # noqa: D102
    @property
    def unused_data(self) -> bytes: ...  # noqa: D102
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...  # noqa: D102


def unpack(stored: BinaryIO) -> BinaryIO:
    """The stored bytes, decompressed if their beginning says that they are compressed."""
    packing = packing_of(cast(io.BufferedReader, stored).peek(HEAD_BYTES)[:HEAD_BYTES])
    if packing is None:
        return stored
    return cast(BinaryIO, io.BufferedReader(_Unpacked(stored, NEW[packing], PADDING[packing]), PACKED_BYTES))


def _gzip_decompressor() -> Decompressor:
    igzip = _igzip()
    return _Inflating() if igzip is None else cast(Decompressor, igzip.IgzipDecompressor(flag=igzip.DECOMP_GZIP))


def _xz_decompressor() -> Decompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


NEW = {"gzip": _gzip_decompressor, "bzip2": bz2.BZ2Decompressor, "xz": _xz_decompressor}
PADDING = {"gzip": b"\0", "bzip2": b"", "xz": b"\0"}


@functools.cache
def _igzip() -> ModuleType | None:
    """The extra ``fast``: what unpacks gzip in less than half the time that zlib takes, and checks it as well.

    Its other module, which is like zlib, does not look at checksums.
    """
    try:
        return import_module("isal.igzip_lib")
    except ImportError:
        return None


class _Inflating:
    """A stream of gzip, unpacked by zlib."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(GZIP_BITS)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


class _Unpacked(io.RawIOBase):
    """The content of one compressed stream, or of several one after the other.

    Raises:
        EOFError: if it is not whole, corrupt, or followed by something else.
    """

    def __init__(self, stored: BinaryIO, new: Callable[[], Decompressor], padding: bytes):
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
        igzip = _igzip()
        broken = (OSError, zlib.error) if igzip is None else (OSError, zlib.error, igzip.IsalError)
        try:
            return self._decompressor.decompress(packed, most)
        except broken as error:
            raise EOFError(str(error)) from None

    def _next_stream(self) -> bool:
        left = self._decompressor.unused_data
        while not (left := left.lstrip(self._padding)):
            if not (left := self._stored.read(PACKED_BYTES)):
                return False
        self._decompressor, self._left = self._new(), left
        return True
