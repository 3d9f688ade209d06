"""NPZ archives: which arrays they hold, and one of them as a stream."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from mse_cli.errors import MseError, ParseError, Place, UsageError, quote
from mse_cli.readers.source import BROKEN_ARCHIVE, Source

BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, *BROKEN_ARCHIVE)


def member_names(source: Source) -> list[str]:
    """The arrays in an NPZ archive, by name without ``.npy``."""
    with source.open() as stream, _reading_zip(source.label), zipfile.ZipFile(stream) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def choose_member(source: Source, names: list[str], wanted: str | None, option: str) -> str:
    """The only member, or the wanted one.

    Raises:
        ParseError: if the archive holds no arrays.
        UsageError: if there are several and none is named, or none has that name.
    """
    if not names:
        raise ParseError("the archive holds no .npy array", Place(source.label))
    if wanted is None and len(names) == 1:
        return names[0]
    listed = ", ".join(quote(name) for name in names[:8]) + (", …" if len(names) > 8 else "")
    if wanted is None:
        raise UsageError(
            f"the archive holds {len(names)} arrays: {listed}",
            Place(source.label),
            hint=f"name one with {option}",
        )
    if wanted not in names:
        raise UsageError(f"no array {quote(wanted)}; there are {listed}", Place(source.label))
    return wanted


@contextmanager
def open_member(source: Source, member: str) -> Iterator[BinaryIO]:
    """The NPY file that is a member of an archive.

    It goes through an unnamed temporary file: it can then be sought in, and its checksum is known to be right before
    the first number is used.
    """
    with tempfile.TemporaryFile() as spool:
        with (
            source.open() as stream,
            _reading_zip(source.label),
            zipfile.ZipFile(stream) as archive,
            archive.open(member + ".npy") as packed,
        ):
            shutil.copyfileobj(packed, spool, 1 << 20)
        spool.seek(0)
        yield cast(BinaryIO, spool)


@contextmanager
def _reading_zip(label: str) -> Iterator[None]:
    try:
        yield
    except MseError:
        raise
    except BROKEN_ZIP:
        raise ParseError("the archive is truncated, corrupt or not an NPZ file", Place(label)) from None
