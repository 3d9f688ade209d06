"""Files in object stores and on servers, through fsspec: ``s3://…``, ``gs://…``, ``https://…``, ``memory://…``.

Where the credentials are found is fsspec's own business: its configuration, the environment, the machine's role.
They are never part of a message, even if they stand in the address.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from mse_cli.errors import InputError, MseError, Place, UsageError, shown
from mse_cli.readers.sources.folder import HIDDEN, refuse_below, refuse_table

BLOCK_BYTES = 4 << 20  # of a request; as much may be read beyond the end of a range
BUFFER_BYTES = 1 << 16
# What the libraries behind fsspec raise beside OSError, if they are loaded at all.
LIBRARY_ERRORS = (
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("aiohttp", "ClientError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("azure.core.exceptions", "AzureError"),
)


@dataclass(frozen=True)
class RemoteSource:
    """A file that fsspec reads, in ranges.

    Attributes:
        url: Its address.
        label: The name that messages use.
    """

    url: str = field(repr=False)
    label: str
    seekable = True

    def open(self, *, look: bool = False) -> BinaryIO:
        """The bytes from the start; they can be sought in, and read as often as needed.

        Raises:
            InputError: if it is missing, forbidden or not reachable.
        """
        with _words_for(self.url):
            system, path = _file_system(self.url)
            raw = system.open(path, "rb", block_size=BLOCK_BYTES)
            return cast(BinaryIO, io.BufferedReader(_Translated(raw, self.url), BUFFER_BYTES))


class _Translated(io.RawIOBase):
    """A stream of fsspec's whose errors are ours."""

    def __init__(self, stream: Any, url: str):
        self._stream = stream
        self._url = url

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._stream.seekable())

    def seek(self, offset: int, whence: int = 0) -> int:
        with _words_for(self._url):
            return int(self._stream.seek(offset, whence))

    def tell(self) -> int:
        return int(self._stream.tell())

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _words_for(self._url):
            data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def resolve_remote(spec: str) -> list[str]:
    """The addresses that a name means: itself, the files of a pattern, or of a folder (a ``/`` at its end).

    Raises:
        InputError: if there are none, or to read them alone would leave out or take in too much.
    """
    magic = "*[" if spec.lower().startswith("http") else "*[?"  # in a web address ? begins the query
    folder = spec.endswith("/")
    if not folder and not any(character in spec for character in magic):
        return [spec]
    with _words_for(spec):
        system, path = _file_system(spec)
        if folder:
            names = _files_in(system, path, spec)
        else:
            names = [name for name, found in system.glob(path, detail=True).items() if found["type"] == "file"]
        addresses = [str(system.unstrip_protocol(name)) for name in names]
    if not addresses:
        raise InputError("no file matches this pattern" if not folder else "holds no files", Place(spec))
    return addresses


def _files_in(system: Any, path: str, spec: str) -> list[str]:
    """The files of a folder, without the hidden ones."""
    entries = system.ls(path, detail=True)
    files = [entry["name"] for entry in entries if entry["type"] == "file"]
    names = {name: _last(name) for name in files if not _last(name).startswith(HIDDEN)}
    folders = {_last(entry["name"]): entry["name"] for entry in entries if entry["type"] == "directory"}
    refuse_table({name: _listed(system.ls, place, detail=False) for name, place in folders.items()}, shown(spec))
    below = {name: _listed(system.find, place) for name, place in folders.items() if not name.startswith(HIDDEN)}
    refuse_below(list(names.values()), below, shown(spec))
    return list(names)


def _listed(look: Callable[..., Any], place: str, **how: bool) -> Iterator[str]:
    """What a folder holds by name, asked for when it is needed."""
    yield from map(_last, look(place, **how))


def _last(name: str) -> str:
    return name.rstrip("/").rsplit("/", 1)[-1]


def _file_system(url: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        hint = "pip install 'mse-cli[remote]'"
        raise UsageError("needs fsspec, which is not installed", Place(url), hint=hint) from None
    try:
        # Listings are not kept: a worker may live longer than the files it once listed.
        system, path = url_to_fs(url, use_listings_cache=False)
    except ImportError as error:  # of the package for this kind of address
        raise UsageError("needs a package that is not installed", Place(url), hint=str(error)) from None
    return system, path


@contextmanager
def _words_for(url: str) -> Iterator[None]:
    """Errors of fsspec and of the libraries behind it, as ours."""
    try:
        yield
    except MseError:
        raise
    except _errors() as error:
        message, hint = _reason(error)
        raise InputError(message, Place(url), hint=hint) from None


def _errors() -> tuple[type[Exception], ...]:
    loaded = ((sys.modules.get(module), name) for module, name in LIBRARY_ERRORS)
    return OSError, ValueError, *(getattr(module, name) for module, name in loaded if module is not None)


def _reason(error: Exception) -> tuple[str, str | None]:
    """What went wrong, in a few words, and what to do."""
    text = str(error)
    if isinstance(error, FileNotFoundError):
        return ("no such bucket" if "bucket" in text.lower() else "no such file"), None
    if isinstance(error, PermissionError):
        return "permission denied", "the credentials are those that fsspec finds: its configuration or the environment"
    if "seek" in text:
        return "the server cannot send a part of a file", "download the file first"
    words = text.splitlines()[0] if text else type(error).__name__
    return f"cannot be read: {words}", None
