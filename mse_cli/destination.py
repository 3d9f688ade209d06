"""Where results go: standard output, or files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from mse_cli.errors import InputError, Place
from mse_cli.readers.source import reason


@contextlib.contextmanager
def writing(path: str | None) -> Iterator[BinaryIO]:
    """A binary stream to a file that gets its name at the end, if nothing went wrong; ``None``: standard output.

    The file is written beside its place, so that a bad path fails at once and no half file is ever seen.

    Raises:
        InputError: if it cannot be created, written or renamed.
    """
    if path is None:
        with _failing_as("standard output"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    with _failing_as(path):
        place = Path(os.path.realpath(path))  # a link stays a link
        if place.exists() and not stat.S_ISREG(place.stat().st_mode):
            with _open_special(place) as stream:
                yield stream
            return
        beside = place.with_name(f".{place.name[:200]}.{os.urandom(4).hex()}.part")
        try:
            with open(beside, "xb") as stream, _packing(stream, path) as packed:
                yield packed
            os.replace(beside, place)
        finally:
            beside.unlink(missing_ok=True)


@contextlib.contextmanager
def _packing(stream: BinaryIO, path: str) -> Iterator[BinaryIO]:
    if not path.endswith(".gz"):
        yield stream
        return
    import gzip  # most files are not

    with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=6, filename="", mtime=0) as packed:
        yield cast(BinaryIO, packed)


def _open_special(place: Path) -> BinaryIO:
    """A device or a named pipe, which cannot be renamed into place."""
    if place.is_dir():
        raise IsADirectoryError(21, "is a directory")
    return open(place, "wb")


@contextlib.contextmanager
def _failing_as(name: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot be written: {reason(error)}", Place(name)) from None
