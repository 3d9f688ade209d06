"""Where blocks run. Each backend is one function: (pair, tallies) → the same tallies, filled."""

from __future__ import annotations

from typing import Protocol

from mse_cli.engine import Block
from mse_cli.readers.pair import Pair


class Tally(Protocol):
    """Something that is fed every block in order."""

    def update(self, block: Block) -> None:
        """Take the next block."""


def run_here(pair: Pair, *tallies: Tally) -> None:
    """In this process, one block after the other."""
    for block in pair.blocks():
        for tally in tallies:
            tally.update(block)
