"""NPZ archives: one of their arrays as a file."""

from __future__ import annotations

from mse_cli.readers.arrays.npy import NpyFile, open_array
from mse_cli.readers.sources.archive import choose_member, member_names
from mse_cli.readers.sources.files import Source


def open_file(source: Source, *, member: str | None, option: str, **_: object) -> NpyFile:
    """The only array of an archive, or the one that ``option`` names.

    Raises:
        UsageError: if there are several and none is named.
        ParseError: if the archive or the array is not what it should be.
    """
    return open_array(source, choose_member(source, member_names(source), member, option))
