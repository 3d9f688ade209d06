"""NPZ archives: which arrays they hold, one of them as a stream, and what can go wrong while they are read."""

from __future__ import annotations

import errno
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from mse_cli.errors import InputError, MseError, ParseError, Place, UsageError, quote, reason
from mse_cli.readers.sources.files import BROKEN_ARCHIVE, Source
from mse_cli.readers.sources.kinds import refuse_zip

BROKEN_ZIP = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, *BROKEN_ARCHIVE)


def member_names(source: Source) -> list[str]:
    """The arrays in an NPZ archive, by name without ``.npy``.

    Raises:
        ParseError: if there are none, or two of one name.
    """
    with reading_zip(source.label), source.open() as stream, zipfile.ZipFile(stream) as archive:
        listed = archive.namelist()
    names = [name.removesuffix(".npy") for name in listed if name.endswith(".npy")]
    if not names:
        refuse_zip(listed, source.label)
    if len(set(names)) < len(names):
        raise ParseError("two arrays of the archive have the same name", Place(source.label))
    return names


def choose_member(source: Source, names: list[str], wanted: str | None, option: str) -> str:
    """The only member, or the wanted one.

    Raises:
        UsageError: if there are several and none is named, or none has that name.
    """
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
            reading_zip(source.label),
            zipfile.ZipFile(stream) as archive,
            archive.open(member + ".npy") as packed,
        ):
            shutil.copyfileobj(packed, spool, 1 << 20)
        spool.seek(0)
        yield cast(BinaryIO, spool)


@contextmanager
def reading_zip(label: str) -> Iterator[None]:
    """Give words to what ``zipfile`` raises for archives that are no archives."""
    try:
        yield
    except MseError:
        raise
    except (*BROKEN_ZIP, OSError) as error:
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
            raise InputError(reason(error), Place(label)) from None
        # A directory of the archive that points before its beginning ends in EINVAL, bzip2's complaints in no errno.
        raise ParseError("the archive is truncated, corrupt or not an NPZ file", Place(label)) from None
