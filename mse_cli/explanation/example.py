"""The built-in example."""

from __future__ import annotations

import numpy as np

from mse_cli.core.result import Language
from mse_cli.readers.arrays.held import held
from mse_cli.readers.pair import Pair, StreamColumns

HOUSES: dict[Language, tuple[str, str]] = {"en": ("price", "bedrooms"), "zh": ("价格", "卧室数")}
PREDICTED, ACTUAL = ((300000.0, 3.0), (500000.0, 4.0)), ((350000.0, 4.0), (450000.0, 3.0))


def house_example(language: Language = "en") -> Pair:
    """Two houses, their price and their bedrooms, predicted and actual.

    >>> block, = house_example().blocks()
    >>> (block.prediction - block.target).tolist()
    [[-50000.0, -1.0], [50000.0, 1.0]]
    """
    names = HOUSES[language]
    sides = held("prediction", np.array(PREDICTED), names), held("target", np.array(ACTUAL), names)
    return Pair(sides, StreamColumns(0, 0, 2), StreamColumns(1, 0, 2), "fail", names)
