"""The loss over the traced prediction, drawn: a parabola, its tangent, the present place and the one after the step."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mse_cli.explanation.case import Case
from mse_cli.explanation.formula import EQUALS, Formula, Number, Traced, line
from mse_cli.explanation.lesson import Parabola, Paragraph, Passage, sentence
from mse_cli.explanation.one_step import left_of_error


def parabola(case: Case, texts: Mapping[str, str]) -> list[Passage]:
    """The picture, where the traced cell's error is not 0 and all numbers are finite."""
    now, target, weight = (case.at_cell(matrix) for matrix in (case.block.prediction, case.block.target, case.weights))
    now, target, slope = float(now), float(target), case.at_cell(case.gradient)
    left = (now - target) * left_of_error(weight, case.result.divisor, case.learning_rate)
    after = target + left
    steepness = weight / case.result.divisor  # of (a − y)²
    below = steepness * (now - target) * (now - target)
    lowest = max(0.0, case.result.mse - below)
    losses = [lowest + below, lowest + steepness * left * left, lowest]
    reach = max(abs(now - target), abs(left))
    if not (all(map(math.isfinite, [case.result.mse, *losses, reach])) and reach > 0 and slope):
        return []
    places = dict(zip(("now", "after", "lowest"), zip((now, after, target), losses, strict=True), strict=True))
    digits = [_telling_digits(values, case.cell_digits) for values in ([now, after, target], losses)]
    legend = tuple(_place(case, texts[f"parabola.{name}"], *place, *digits) for name, place in places.items())
    tangent = sentence(texts["parabola.tangent"], g=Number(slope, case.cell_digits))
    drawn = Parabola((now - target) / reach, left / reach, (*legend, tangent))
    idea = "parabola.idea" if abs(drawn.after) < abs(drawn.now) else "parabola.too_far"
    return [sentence(texts[idea], a=case.indexed("a"), y=case.indexed("y")), drawn]


def _telling_digits(values: list[float], fewest: int) -> int:
    """With how many digits at least, and no fewer than these, different values are shown as different."""
    different = len(set(values))
    shown = (digits for digits in range(fewest, 17) if len({f"{x:.{digits}g}" for x in values}) == different)
    return next(shown, 17)


def _place(case: Case, text: str, prediction: float, loss: float, digits: int, loss_digits: int) -> Paragraph:
    place: Formula = line(case.indexed("a"), EQUALS, Traced(Number(prediction, digits)))
    return sentence(text, place=place, loss=line("MSE", EQUALS, Number(loss, loss_digits)))
