"""Outputs that take their places as one: what stood there before stays beside until all has gone well."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

from mse_cli.errors import InputError, Place

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None  # type: ignore[assignment]

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux


def swap(new: Path, place: Path) -> None:
    """Give a file or a folder its place; what was there is then where the new one was."""
    if not os.path.lexists(place):
        os.rename(new, place)
    elif not _exchange(new, place):
        aside = new.with_name(new.name + ".old")
        os.rename(place, aside)
        os.rename(new, place)
        os.rename(aside, new)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; whether the system can."""
    exchange = getattr(import_module("ctypes").CDLL(None), "renameat2", None) if sys.platform == "linux" else None
    names = os.fsencode(one), os.fsencode(other)
    return exchange is not None and exchange(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0


def take_back(new: Path, place: Path) -> None:
    """Undo a ``swap``: what was there before is there again."""
    if os.path.lexists(new):
        swap(new, place)
    else:
        os.rename(place, new)


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it, as far as that is possible."""
    if path.is_dir():
        import_module("shutil").rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def sweep(place: Path) -> None:
    """Remove what runs that were killed have left beside a file; what is locked is still being written."""
    if fcntl is None:
        return
    start = f".{place.name[:40]}."
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(place.parent)):
            if entry.name.startswith(start) and entry.name.endswith(".part") and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError), open(entry.path, "rb") as left:
                    fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)


def lock(stream: BinaryIO) -> None:
    """Mark a file as one that is being written."""
    if fcntl is not None:
        with contextlib.suppress(OSError):  # of a file system without locks
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def alone(place: Path) -> Iterator[None]:
    """Within, no other run writes the same folder.

    Raises:
        InputError: if one does.
    """
    mark = place.with_name(f".{place.name[:40]}.lock")
    descriptor = os.open(mark, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                mine = os.path.samestat(os.stat(mark), os.fstat(descriptor))
            except OSError:
                mine = False
            if not mine:
                raise InputError("another run is writing there", Place(str(place)))
        try:
            yield
        finally:
            remove(mark)
    finally:
        os.close(descriptor)
