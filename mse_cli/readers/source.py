"""Where bytes come from: a path, the files of a quoted glob, standard input; compressed or not."""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import os
import re
import shutil
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from mse_cli.errors import InputError, MseError, ParseError, Place
from mse_cli.readers.remote import HIDDEN, RemoteSource, is_address, resolve_remote, shown

HEAD_BYTES = 1 << 20
BROKEN_ARCHIVE = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)


class Source(Protocol):
    """Bytes that can be read from the start, as often as the reader was told."""

    @property
    def label(self) -> str:
        """The name that messages use."""

    def open(self) -> BinaryIO:
        """The bytes from the start."""


@dataclass(frozen=True)
class FileSource:
    """A file."""

    path: Path
    label: str

    def open(self) -> BinaryIO:
        """Open the file.

        Raises:
            InputError: if it is missing, a directory or not readable.
        """
        try:
            return self.path.open("rb")
        except IsADirectoryError:
            hint = f"a / at its end reads its files, {self.label}/, or a quoted glob, '{self.label}/*.npy'"
            raise InputError("is a directory", Place(self.label), hint=hint) from None
        except OSError as error:
            raise InputError(reason(error), Place(self.label)) from None


@dataclass
class StandardInput:
    """Standard input, spooled to an unnamed temporary file if it will be read more than once."""

    keep: bool
    label: str = "standard input"
    _head: bytes | None = field(default=None, repr=False)
    _spool: BinaryIO | None = field(default=None, repr=False)

    def open(self) -> BinaryIO:
        """The bytes from the start.

        Raises:
            InputError: if standard input is closed or a terminal.
        """
        if self._spool is None:
            stream = _standard_input()
            if not self.keep:
                return self._open_once(stream)
            import tempfile  # few runs need it

            self._spool = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - lives as long as we
            shutil.copyfileobj(io.BytesIO(self._head or b""), self._spool)
            shutil.copyfileobj(stream, self._spool, HEAD_BYTES)
            self._spool.flush()
        # The passes follow one another, so they can share one file position.
        reader = os.fdopen(os.dup(self._spool.fileno()), "rb")
        reader.seek(0)
        return reader

    def _open_once(self, stream: BinaryIO) -> BinaryIO:
        """Bytes that the format was found from, read again, then the rest."""
        if self._head is None:
            self._head = stream.read(HEAD_BYTES)
        return cast(BinaryIO, io.BufferedReader(_Chain(self._head, stream), HEAD_BYTES))


class _Chain(io.RawIOBase):
    """Bytes in memory, then a stream, which stays open."""

    def __init__(self, head: bytes, rest: BinaryIO):
        self._parts: list[BinaryIO] = [io.BytesIO(head), rest]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while self._parts:
            data = self._parts[0].read(len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
            self._parts.pop(0)
        return 0


def _standard_input() -> BinaryIO:
    stream = sys.stdin
    if stream is None or stream.closed:
        raise InputError("standard input is closed")
    if stream.isatty():
        hint = "pipe a CSV or NPY file in, as in `cat preds.csv | mse compute - truth.csv`"
        raise InputError("standard input is a terminal; '-' reads a file from a pipe", hint=hint)
    return cast(BinaryIO, stream.buffer)


def resolve(spec: str, *, keep: bool) -> list[Source]:
    """The sources that a name on the command line means; ``keep`` if they are read more than once.

    Raises:
        InputError: if there are none.
    """
    if spec == "-":
        return [StandardInput(keep)]
    path = Path(spec)
    if is_address(spec) and not path.exists():
        return [RemoteSource(url, shown(url)) for url in sorted(resolve_remote(spec), key=natural_order)]
    if spec.endswith("/") and path.is_dir():
        return _files_in(path, spec)
    if path.exists() or not glob.has_magic(spec):
        return [FileSource(path, spec)]
    matches = sorted(glob.glob(spec, recursive=True), key=natural_order)
    if not matches:
        raise InputError("no file matches this pattern", Place(spec))
    return [FileSource(Path(match), match) for match in matches if not Path(match).is_dir()]


def _files_in(folder: Path, label: str) -> list[Source]:
    """The files of a folder, in natural order, without the hidden ones."""
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_file() and not entry.name.startswith(HIDDEN)]
    except OSError as error:
        raise InputError(reason(error), Place(label)) from None
    if not names:
        raise InputError("holds no files", Place(label))
    return [FileSource(folder / name, label + name) for name in sorted(names, key=natural_order)]


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts part-2 before part-10.

    >>> sorted(["part-10.npy", "part-2.npy"], key=natural_order)
    ['part-2.npy', 'part-10.npy']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts] + [(0, 0, name)]


def reason(error: OSError) -> str:
    """What the operating system says, in a few words.

    >>> reason(FileNotFoundError(2, "No such file or directory"))
    'no such file'
    """
    if isinstance(error, FileNotFoundError):
        return "no such file"
    words = error.strerror or str(error)
    return words[:1].lower() + words[1:]


def first_bytes(source: Source, count: int = 8) -> bytes:
    """The first bytes of a source as it is stored."""
    with source.open() as stream, reading(source.label):
        return stream.read(count)


@contextmanager
def reading(label: str) -> Iterator[None]:
    """Give the file's name to errors in what is read, and words to what reading itself can raise."""
    try:
        yield
    except MseError as error:
        raise error.within(label) from None
    except BROKEN_ARCHIVE:
        hint = "fetch or compress it again"
        raise ParseError("the compressed file is truncated or corrupt", Place(label), hint=hint) from None
    except OSError as error:
        raise InputError(reason(error), Place(label)) from None


@contextmanager
def open_text(source: Source) -> Iterator[BinaryIO]:
    """The bytes of a source, decompressed if their beginning says that they are compressed."""
    with source.open() as stored, reading(source.label):
        stream = cast(io.BufferedReader, stored)
        magic = stream.peek(6)[:6]
        if magic.startswith(b"\x1f\x8b"):
            yield cast(BinaryIO, gzip.GzipFile(fileobj=stream))
        elif magic.startswith(b"BZh"):
            yield cast(BinaryIO, bz2.BZ2File(stream))
        elif magic.startswith(b"\xfd7zXZ\x00"):
            yield cast(BinaryIO, lzma.LZMAFile(stream))  # noqa: SIM115 - the stored stream is closed
        else:
            yield stream


def skip(stream: BinaryIO, count: int) -> None:
    """Leave out so many bytes, or what there still is."""
    while count > 0 and (data := stream.read(min(count, HEAD_BYTES))):
        count -= len(data)


def is_packed(source: Source) -> bool:
    """Whether a text is compressed, so that it can be read only from its start."""
    return first_bytes(source, 6).startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"))


def n_bytes(source: Source) -> int:
    """How long a source is as it is stored; it must be one that can be sought in."""
    with source.open() as stream, reading(source.label):
        return stream.seek(0, os.SEEK_END)
