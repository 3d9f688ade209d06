"""Files that change between the passes over them: their numbers would be of two states."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping

from mse_cli.errors import InputError, Place
from mse_cli.readers.sources.files import FileSource, Source
from mse_cli.readers.sources.remote.address import RemoteSource, stamp_now

Stamps = Mapping[Source, object]


def stamps_of(sources: Iterable[Source], *, again: bool) -> Stamps:
    """What will differ if a file is changed; of addresses only if they are read ``again``, for it takes time.

    Files that come whole with their first request, and pipes, are read once.
    """
    return {source: _stamp(source) for source in sources if _can_change(source, again)}


def refuse_changed(stamps: Stamps) -> None:
    """Refuse what was read if one of the files is not what it was.

    Raises:
        InputError: naming it.
    """
    for source, stamp in stamps.items():
        if (stamp_now(source) if isinstance(source, RemoteSource) else _stamp(source)) != stamp:
            raise InputError("changed while it was read", Place(source.label), hint="run again when it is complete")


def _can_change(source: Source, again: bool) -> bool:
    if isinstance(source, RemoteSource):
        return again and not source.keep and source.stamp is not None
    return isinstance(source, FileSource)


def _stamp(source: Source) -> object:
    if isinstance(source, RemoteSource):
        return source.stamp
    assert isinstance(source, FileSource)
    with contextlib.suppress(OSError):
        found = os.stat(source.path)
        return found.st_size, found.st_mtime_ns
    return None
