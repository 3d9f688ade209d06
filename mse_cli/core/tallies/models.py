"""A tally for each of several models, fed with the model's own blocks."""

from __future__ import annotations

from typing import Generic, Protocol, Self, TypeVar

from mse_cli.core.blocks import Block


class OfOneModel(Protocol):
    """A tally that knows one prediction: sums, groups."""

    def update(self, block: Block) -> None:
        """Take the next block."""

    def new(self) -> Self:
        """An empty one of the same kind."""

    def merge(self, other: Self) -> None:
        """Take in what another one was fed."""


T = TypeVar("T", bound=OfOneModel)


class EachModel(Generic[T]):
    """The same tally for each model.

    >>> import numpy as np
    >>> from mse_cli.core.tallies.sums import Sums
    >>> each = EachModel([Sums(1), Sums(1)])
    >>> each.update(Block(0, np.array([[3.0]]), np.array([[1.0]]), others=(np.array([[1.5]]),)))
    >>> [sums.finish().mse for sums in each.tallies]
    [4.0, 0.25]
    """

    def __init__(self, tallies: list[T]):
        self.tallies = tallies

    def update(self, block: Block) -> None:
        """Feed each its model's block; note whether every cell of all of them was seen to be finite."""
        blocks = block.of_models()
        for tally, model in zip(self.tallies, blocks, strict=True):
            tally.update(model)
        block.finite = block.finite or all(model.finite for model in blocks)

    def new(self) -> EachModel[T]:
        """Empty ones of the same kind."""
        return EachModel([tally.new() for tally in self.tallies])

    def merge(self, other: EachModel[T]) -> None:
        """Merge each with the other's of the same model."""
        for tally, more in zip(self.tallies, other.tallies, strict=True):
            tally.merge(more)
