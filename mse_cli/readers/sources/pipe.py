"""Bytes that come only once: standard input, a named pipe, ``<(command)``."""

from __future__ import annotations

import io
import os
import sys
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from mse_cli.errors import InputError, Place

COPY_BYTES = 1 << 20


@dataclass
class Piped:
    """A stream that is read from its start as often as needed: what went by is recorded as far as it must be.

    Attributes:
        path: Where it is opened; ``None`` is standard input.
        label: The name that messages use.
        keep: Whether it is read to the end more than once: all of it then goes to an unnamed temporary file, while
            it is read the first time, so that a bad line or an endless stream does not wait for the whole.
        seek: Whether the reader moves about in it, as in NPY files: it is then copied whole first.
    """

    path: Path | None
    label: str
    keep: bool
    seek: bool = False
    seekable = False
    _stream: BinaryIO | None = field(default=None, repr=False)
    _record: BinaryIO | None = field(default=None, repr=False)
    _spent: bool = field(default=False, repr=False)

    def open(self, *, look: bool = False) -> BinaryIO:
        """The bytes from the start; ``look`` at the beginning before the one pass over all of them.

        Raises:
            InputError: if it is closed, a terminal, or was read already and not kept.
        """
        if self._spent:
            raise InputError("can be read only once", Place(self.label))
        if self._stream is None:
            self._stream = _standard_input() if self.path is None else _connect(self.path, self.label)
            if self.path is not None:
                weakref.finalize(self, self._stream.close)
        record = self._recorded()
        if self.seek:
            return _whole(record, self._stream)
        recording = look or self.keep
        if not recording:
            self._record, self._spent = None, True
        return cast(BinaryIO, io.BufferedReader(_Replay(record, self._stream, recording=recording), COPY_BYTES))

    def _recorded(self) -> BinaryIO:
        """What went by so far, in memory or, if all of it is kept, in a file."""
        on_disk = self.keep or self.seek
        if self._record is None or (on_disk and isinstance(self._record, io.BytesIO)):
            import tempfile  # few runs read a pipe

            past = self._record.getvalue() if isinstance(self._record, io.BytesIO) else b""
            # It lives as long as we; the operating system removes it with us.
            self._record = cast(BinaryIO, tempfile.TemporaryFile()) if on_disk else io.BytesIO()  # noqa: SIM115
            self._record.write(past)
            weakref.finalize(self, self._record.close)
        return self._record


class _Replay(io.RawIOBase):
    """What was recorded of a stream, then the stream itself, which stays open."""

    def __init__(self, record: BinaryIO, stream: BinaryIO, *, recording: bool):
        self._record = record
        self._stream = stream
        self._recording = recording
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._record.seek(self._position)
        count: int = self._record.readinto(buffer)  # type: ignore[attr-defined]
        if not count:
            count = self._stream.readinto(buffer)  # type: ignore[attr-defined]
            if self._recording and count:
                self._record.write(buffer[:count])
        self._position += count
        return count


def _whole(record: BinaryIO, stream: BinaryIO) -> BinaryIO:
    """A reader of the record with all that still comes; its passes follow one another and share one position."""
    record.seek(0, os.SEEK_END)
    while data := stream.read(COPY_BYTES):
        record.write(data)
    record.flush()
    reader = os.fdopen(os.dup(record.fileno()), "rb")
    reader.seek(0)
    return reader


def _standard_input() -> BinaryIO:
    stream = sys.stdin
    if stream is None or stream.closed:
        raise InputError("is closed", Place("standard input"))
    return _refuse_terminal(cast(BinaryIO, stream.buffer), "standard input")


def _connect(path: Path, label: str) -> BinaryIO:
    try:
        return _refuse_terminal(cast(BinaryIO, path.open("rb")), label)
    except OSError as error:
        raise InputError(error.strerror or str(error), Place(label)) from None


def _refuse_terminal(stream: BinaryIO, label: str) -> BinaryIO:
    if stream.isatty():
        hint = "pipe a CSV or NPY file in, as in `cat preds.csv | mse compute - truth.csv`"
        raise InputError("is a terminal; a CSV or NPY file from a pipe is expected", Place(label), hint=hint)
    return stream
