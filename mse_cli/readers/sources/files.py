"""Where bytes come from: a path, the files of a quoted glob, standard input; compressed or not."""

from __future__ import annotations

import contextlib
import glob
import io
import lzma
import os
import re
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from mse_cli.errors import ADDRESS, InputError, MseError, ParseError, Place, reason
from mse_cli.meter import METER, MeteredFile
from mse_cli.readers.sources.ahead import pool_of
from mse_cli.readers.sources.folder import file_names
from mse_cli.readers.sources.kinds import HEAD_BYTES, packing_of
from mse_cli.readers.sources.pipe import Piped
from mse_cli.readers.sources.remote.address import SECONDS, RemoteSource, fetch, resolve_remote
from mse_cli.readers.sources.unpacking import unpack

T = TypeVar("T")
R = TypeVar("R")

SKIPPED_BYTES = 1 << 20  # at once
MOST_AT_ONCE = 16  # looks at files: one in an object store takes a tenth of a second
BROKEN_ARCHIVE = (EOFError, zlib.error, lzma.LZMAError)


class Source(Protocol):
    """Bytes that can be read from the start, as often as the reader was told."""

    @property
    def label(self) -> str:
        """The name that messages use."""

    @property
    def seekable(self) -> bool:
        """Whether any part of them can be read at any time, as a pipe's cannot."""

    def open(self, *, look: bool = False) -> BinaryIO:
        """The bytes from the start; ``look`` at the beginning before a pass over all of them."""


@dataclass(frozen=True)
class FileSource:
    """A file."""

    path: Path
    label: str
    seekable = True

    def open(self, *, look: bool = False) -> BinaryIO:
        """Open the file; it can be read as often as needed.

        Raises:
            InputError: if it is missing, a directory or not readable.
        """
        try:
            return self.path.open("rb") if look else io.BufferedReader(MeteredFile(self.path))
        except IsADirectoryError:
            hint = f"a / at its end reads its files, {self.label}/, or a quoted glob, '{self.label}/*.npy'"
            raise InputError("is a directory", Place(self.label), hint=hint) from None
        except OSError as error:
            raise InputError(reason(error), Place(self.label)) from None
        except ValueError:
            raise InputError("no such file: its name holds a NUL", Place(self.label)) from None


def resolve(spec: str, *, keep: bool, timeout: float = SECONDS) -> list[Source]:
    """The sources that a name on the command line means; ``keep`` if they are read more than once.

    An address's server may say nothing for ``timeout`` seconds.

    Raises:
        InputError: if there are none.
    """
    if spec == "-":
        return [Piped(None, "standard input", keep)]
    if is_address(spec) and not os.path.exists(spec):
        by_url = {remote.url: remote for remote in resolve_remote(spec, timeout)}
        return [by_url[url] for url in sorted(by_url, key=natural_order)]
    if spec.endswith("/") and os.path.isdir(spec):
        names = sorted(file_names(Path(spec), spec), key=natural_order)
        return [FileSource(Path(spec) / name, spec + name) for name in names]
    if os.path.exists(spec) or not glob.has_magic(spec):  # not Path.exists, which raises for a name too long
        return [_source(spec, keep=keep)]
    matches = [match for match in glob.glob(spec, recursive=True) if not os.path.isdir(match)]
    if not matches:
        raise InputError("no file matches this pattern", Place(spec))
    return [_source(match, keep=keep) for match in sorted(matches, key=natural_order)]


def _source(name: str, *, keep: bool) -> Source:
    path = Path(name)
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # FileSource.open says which
        return FileSource(path, name)
    seekable = stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISBLK(mode)
    return FileSource(path, name) if seekable else Piped(path, name, keep)


def is_address(spec: str) -> bool:
    """Whether a name on the command line is one for fsspec.

    >>> is_address("s3://bucket/part-1.npy"), is_address("preds/part-1.npy")
    (True, False)
    """
    return ADDRESS.match(spec) is not None


def files_of(spec: str) -> list[Path]:
    """The files that a name on the command line means, as far as there are any."""
    if spec == "-" or is_address(spec):
        return []
    return [source.path for source in resolve(spec, keep=False) if isinstance(source, FileSource)]


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts part-2 before part-10.

    >>> sorted(["part-10.npy", "part-2.npy"], key=natural_order)
    ['part-2.npy', 'part-10.npy']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts] + [(0, 0, name)]


def first_bytes(source: Source, count: int = HEAD_BYTES) -> bytes:
    """The first bytes of a source as it is stored."""
    with reading(source.label), source.open(look=True) as stream:
        return stream.read(count)


def look_at_each(look: Callable[[Source], R], sources: Sequence[Source]) -> list[R]:
    """What a look at each of several sources gives; of what a server has, the small files are got together."""
    fetch([source for source in sources if isinstance(source, RemoteSource)])  # each of which it counts

    def looked(source: Source) -> R:
        was_fetched = isinstance(source, RemoteSource) and source.is_kept
        found = look(source)
        METER.files += not was_fetched
        return found

    return list(map(looked, sources)) if all(map(is_at_hand, sources)) else at_once(looked, sources)


def is_at_hand(source: Source) -> bool:
    """Whether to read a source is not to wait for a server, so that threads would only be in each other's way."""
    return not isinstance(source, RemoteSource) or source.is_kept


def at_once(look: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """What a look at each of several files gives, a few of them at the same time."""
    if len(items) == 1:
        return [look(items[0])]
    with pool_of(MOST_AT_ONCE) as pool:
        return list(pool.map(look, items))


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
def open_text(source: Source, *, look: bool = False) -> Iterator[BinaryIO]:
    """The bytes of a source, decompressed if their beginning says that they are compressed."""
    with reading(source.label), source.open(look=look) as stored:
        yield unpack(stored)


def skip(stream: BinaryIO, count: int) -> None:
    """Leave out so many bytes, or what there still is."""
    while count > 0 and (data := stream.read(min(count, SKIPPED_BYTES))):
        count -= len(data)


def is_packed(source: Source) -> bool:
    """Whether a text is compressed, so that it can be read only from its start."""
    return packing_of(first_bytes(source)) is not None


def n_bytes_of(sources: Iterable[Source]) -> int | None:
    """How long sources are together as they are stored, ``None`` if that is not known."""
    sizes = [_size(source) for source in sources]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def _size(source: Source) -> int | None:
    if isinstance(source, RemoteSource):
        return source.size
    with contextlib.suppress(OSError):
        return os.stat(source.path).st_size if isinstance(source, FileSource) else None
    return None


def n_bytes(source: Source) -> int:
    """How long a source is as it is stored; it must be one that can be sought in."""
    if isinstance(source, RemoteSource) and source.size is not None:
        return source.size
    with reading(source.label), source.open() as stream:
        return stream.seek(0, os.SEEK_END)
