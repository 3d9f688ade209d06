"""The loss over the traced prediction, drawn: a parabola, its tangent, the present place and the one after the step."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mse_cli.explanation.case import Case
from mse_cli.explanation.formula import EQUALS, Formula, Number, Traced, line
from mse_cli.explanation.lesson import Parabola, Paragraph, Passage, sentence


def parabola(case: Case, texts: Mapping[str, str]) -> list[Passage]:
    """The picture, where the traced cell's error is not 0 and all numbers are finite."""
    now, target, weight = (case.at_cell(matrix) for matrix in (case.block.prediction, case.block.target, case.weights))
    now, target, slope = float(now), float(target), case.at_cell(case.gradient)
    after = now - case.learning_rate * slope
    steepness = weight / case.result.divisor  # of (a − y)²
    below = steepness * (now - target) * (now - target)
    lowest = max(0.0, case.result.mse - below)
    losses = [lowest + below, lowest + steepness * (after - target) * (after - target), lowest]
    reach = max(abs(now - target), abs(after - target))
    if not (all(map(math.isfinite, [case.result.mse, *losses, reach])) and reach > 0 and slope):
        return []
    places = dict(zip(("now", "after", "lowest"), zip((now, after, target), losses, strict=True), strict=True))
    legend = tuple(_place(case, texts[f"parabola.{name}"], *place) for name, place in places.items())
    tangent = sentence(texts["parabola.tangent"], g=Number(slope, case.cell_digits))
    drawn = Parabola((now - target) / reach, (after - target) / reach, (*legend, tangent))
    idea = "parabola.idea" if abs(drawn.after) < abs(drawn.now) else "parabola.too_far"
    return [sentence(texts[idea], a=case.indexed("a"), y=case.indexed("y")), drawn]


def _place(case: Case, text: str, prediction: float, loss: float) -> Paragraph:
    place: Formula = line(case.indexed("a"), EQUALS, Traced(Number(prediction, case.cell_digits)))
    return sentence(text, place=place, loss=line("MSE", EQUALS, Number(loss, case.cell_digits)))
