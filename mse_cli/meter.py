"""How far this process has come with its files: counted where it happens, shown by whoever watches."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


class Meter:
    """What was done since the start; threads may lose a count now and then, which nobody sees.

    Attributes:
        n_bytes: Read from files, as they are stored.
        files: Looked at.
        files_named: That are or will be looked at.
    """

    def __init__(self) -> None:
        self.n_bytes = 0
        self.files = 0
        self.files_named = 0


METER = Meter()


class MeteredFile(io.FileIO):
    """A file that counts what is read of it."""

    def readinto(self, buffer: Buffer) -> int:
        """Fill the buffer as far as there is something."""
        count = super().readinto(buffer)
        METER.n_bytes += count
        return count
