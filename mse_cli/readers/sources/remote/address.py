"""Files in object stores and on servers, through fsspec: ``s3://…``, ``gs://…``, ``https://…``, ``memory://…``.

Where the credentials are found is fsspec's own business: its configuration, the environment, the machine's role.
They are never part of a message, even if they stand in the address.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any, BinaryIO, cast

from mse_cli.errors import InputError, Place, UsageError, shown
from mse_cli.meter import METER
from mse_cli.readers.sources.folder import HIDDEN, refuse_below, refuse_table
from mse_cli.readers.sources.remote.words import words_for

SECONDS = 30.0  # that a server may say nothing
BLOCK_BYTES = 4 << 20  # of a request; as much may be read beyond the end of a range
BUFFER_BYTES = 1 << 16
SMALL = 1 << 20  # bytes of an object that is got by one request
MOST_KEPT = 64 << 20  # bytes of small objects that are kept from the first look at them to the last
STAMPS = ("ETag", "etag", "LastModified", "Last-Modified", "mtime", "updated", "last_modified", "created")
PAGE = re.compile(rb"\s*<(?:!doctype html|html)", re.IGNORECASE)


@dataclass(frozen=True)
class RemoteSource:
    """A file that fsspec reads: a small one at once, others in ranges.

    Attributes:
        url: Its address.
        label: The name that messages use.
        size: How many bytes it has, as far as the server says.
        stamp: What changes when it does, likewise.
        timeout: For how many seconds the server may say nothing.
        keep: Whether it is small enough to be kept.
    """

    url: str = field(repr=False)
    label: str
    size: int | None = None
    stamp: str | None = None
    timeout: float = SECONDS
    keep: bool = False
    _kept: list[bytes] = field(default_factory=list, compare=False, repr=False)
    seekable = True

    def __reduce__(self) -> tuple[object, ...]:
        """Without what is kept: another process asks for what it needs."""
        return RemoteSource, (self.url, self.label, self.size, self.stamp, self.timeout, self.keep)

    @property
    def is_kept(self) -> bool:
        """Whether all of it is here."""
        return bool(self._kept)

    def open(self, *, look: bool = False) -> BinaryIO:
        """The bytes from the start; they can be sought in, and read as often as needed.

        Raises:
            InputError: if it is missing, forbidden or not reachable, or a page instead of a file.
        """
        stream = io.BufferedReader(cast(io.RawIOBase, self._raw()), BUFFER_BYTES)
        if look and self.url.startswith("http") and PAGE.match(stream.peek(64)):
            hint = "the page may be a login, or about an error: see it in a browser"
            raise InputError("is a web page, not a file of numbers", Place(self.label), hint=hint)
        return cast(BinaryIO, stream)

    def _raw(self) -> io.BytesIO | _Translated:
        if self.is_kept:
            return io.BytesIO(self._kept[0])
        with words_for(self.url, self.timeout):
            system, path = _systems(self.url).file_system(self.url, self.timeout)
            if self.size is not None and self.size <= SMALL:
                return io.BytesIO(self._taken(system.cat_file(path, **self._whole()) if self.size else b""))
            return _Translated(system.open(path, "rb", block_size=BLOCK_BYTES), self)

    def _whole(self) -> dict[str, Any]:
        """How all of it is asked for: as a range, because s3fs asks for the size before it gets a whole object."""
        as_it_is = {"headers": {"Accept-Encoding": "identity"}} if self.url.startswith("http") else {}
        return {"start": 0, "end": self.size, **as_it_is}

    def _taken(self, data: bytes) -> bytes:
        """All of it, as it came."""
        if len(data) != self.size:
            raise InputError(f"has {len(data)} bytes where its size is {self.size}: it changes", Place(self.label))
        METER.n_bytes += len(data)
        if self.keep:
            self._kept.append(bytes(data))
        return bytes(data)


class _Translated(io.RawIOBase):
    """A stream of fsspec's whose errors are ours."""

    def __init__(self, stream: Any, source: RemoteSource):
        self._stream = stream
        self._source = source

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._stream.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        with words_for(self._source.url, self._source.timeout):
            return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with words_for(self._source.url, self._source.timeout):
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        METER.n_bytes += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def resolve_remote(spec: str, timeout: float = SECONDS) -> list[RemoteSource]:
    """What a name means: itself, the files of a pattern, or of a folder (a ``/`` at its end).

    Raises:
        InputError: if there are none, or to read them alone would leave out or take in too much.
    """
    magic = "*[" if spec.lower().startswith("http") else "*[?"  # in a web address ? begins the query
    folder = spec.endswith("/")
    with words_for(spec, timeout):
        systems = _systems(spec)
        system, path = systems.file_system(spec, timeout)
        if folder:
            found = _files_in(system, path, spec)
        elif any(character in spec for character in magic):
            entries = system.glob(path, detail=True)
            found = {name: about for name, about in entries.items() if about["type"] == "file"}
        else:
            return [resolve_one(spec, timeout)]
        keep = sum(about.get("size") or 0 for about in found.values()) <= MOST_KEPT
        addresses = {str(system.unstrip_protocol(name)): about for name, about in found.items()}
    if not addresses:
        raise InputError("no file matches this pattern" if not folder else "holds no files", Place(spec))
    return [_source_of(url, about, timeout, keep=keep) for url, about in addresses.items()]


def fetch(sources: Sequence[RemoteSource]) -> None:
    """Get what is kept of several files, many at the same time, where their file systems can: it costs no threads.

    What cannot be got so is got when it is opened.

    Raises:
        InputError: for the first that cannot be read.
    """
    wanted = [source for source in sources if source.keep and source.size and not source.is_kept]
    asked = []
    for source in wanted:
        with words_for(source.url, source.timeout):
            asked.append((*_systems(source.url).file_system(source.url, source.timeout), source._whole()))
    for source, got in zip(wanted, _systems(wanted[0].url).get_each(asked) if wanted else (), strict=True):
        with words_for(source.url, source.timeout):
            if isinstance(got, BaseException):
                raise got
            if got is not None:
                source._taken(got)


def stamp_now(source: RemoteSource) -> str | None:
    """What the server says of a file now that changes when it does."""
    return resolve_one(source.url, source.timeout).stamp


def resolve_one(url: str, timeout: float) -> RemoteSource:
    """An address that is no pattern and no folder."""
    with words_for(url, timeout):
        systems = _systems(url)
        system, path = systems.file_system(url, timeout)
        return _source_of(url, systems.info(system, path, timeout), timeout, keep=True)


def _source_of(url: str, about: Mapping[str, Any], timeout: float, *, keep: bool) -> RemoteSource:
    stamp = next((str(about[name]) for name in STAMPS if about.get(name)), None)
    size = about.get("size")
    return RemoteSource(url, shown(url), size, stamp, timeout, keep and size is not None and size <= SMALL)


def _files_in(system: Any, path: str, spec: str) -> dict[str, Mapping[str, Any]]:
    """The files of a folder, without the hidden ones, and what is known of each."""
    entries = system.ls(path, detail=True)
    files = {entry["name"]: entry for entry in entries if entry["type"] == "file"}
    names = {name: _last(name) for name in files if not _last(name).startswith(HIDDEN)}
    folders = {_last(entry["name"]): entry["name"] for entry in entries if entry["type"] == "directory"}
    refuse_table({name: _listed(system.ls, place, detail=False) for name, place in folders.items()}, shown(spec))
    below = {name: _listed(system.find, place) for name, place in folders.items() if not name.startswith(HIDDEN)}
    refuse_below(list(names.values()), below, shown(spec))
    return {name: files[name] for name in names}


def _listed(look: Callable[..., Any], place: str, **how: bool) -> Iterator[str]:
    """What a folder holds by name, asked for when it is needed."""
    yield from map(_last, look(place, **how))


def _last(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1]


def _systems(url: str) -> ModuleType:
    """The module that needs fsspec."""
    try:
        return import_module("mse_cli.readers.sources.remote.systems")
    except ImportError:
        hint = "pip install 'mse-cli[remote]'"
        raise UsageError("needs fsspec, which is not installed", Place(url), hint=hint) from None
