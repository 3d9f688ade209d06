"""Steps 6 to 9: the gradient, what it says, whether it is right, and what others call the same."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np

from mse_cli.core.centred_difference import Slope, centred_difference, relative_error
from mse_cli.explanation.case import Case
from mse_cli.explanation.formula import (
    DOT,
    EQUALS,
    GIVES,
    KEEP,
    LOWER,
    MINUS,
    QUAD,
    RAISE,
    TIMES,
    Formula,
    Fraction,
    Number,
    Parentheses,
    Power,
    Traced,
    line,
    operand,
)
from mse_cli.explanation.lesson import (
    Equation,
    Listing,
    Paragraph,
    Passage,
    Points,
    Step,
    Verdict,
    Words,
    derivative,
    sentence,
)
from mse_cli.explanation.steps.forward import row_name
from mse_cli.explanation.steps.parabola import parabola

Texts = Mapping[str, str]
TOLERANCE = 1e-9  # of the gradient check, relative
MOST_SENTENCES = 4  # of single cells


def gradient_step(case: Case, texts: Texts) -> Step:
    """∂MSE/∂A = 2·E / (N·C), by the chain rule for one cell."""
    a, e, se = (case.indexed(letter) for letter in ("a", "e", "se"))
    weighted = case.result.weighted
    links = (derivative("MSE", se), derivative(se, e), derivative(e, a))
    top: Formula = case.indexed("w") if weighted else "1"
    number: Formula = case.whole(case.at_cell(case.weights)) if weighted else "1"
    error = case.operand(case.at_cell(case.errors))
    chain = Equation(
        derivative("MSE", a),
        (
            line(links[0], DOT, links[1], DOT, links[2]),
            line(Fraction(top, case.divisor_formula), DOT, "2", DOT, e, DOT, "1"),
            Traced(line(Fraction(number, case.divisor_numbers), DOT, "2", DOT, error, DOT, "1")),
            Traced(case.number(case.at_cell(case.gradient))),
        ),
    )
    share, square, double = line(top, "/", Parentheses(case.divisor_formula)), Power("e", "2"), line("2", "e")
    parts: list[Passage] = [
        sentence(texts["gradient.question"], a=a, se=se),
        chain,
        sentence(texts["gradient.links"], share=share, square=square, slope=double, e="e"),
        sentence(texts["gradient.all"]),
        _whole_gradient(case),
    ]
    if case.masked:
        parts.append(sentence(texts["gradient.unused"]))
    return Step(6, texts["gradient.title"], tuple(parts))


def _whole_gradient(case: Case) -> Equation:
    letters: tuple[Formula, ...] = ("E",) if case.factor is None else (case.factor, TIMES, "E")
    letter = Fraction("2", case.divisor_formula)
    number = Fraction("2", case.number(case.result.divisor))
    with np.errstate(all="ignore"):
        cells = case.grid(case.weights * case.errors)
    return Equation(
        derivative("MSE", "A"),
        (line(letter, DOT, *letters), line(number, DOT, cells), case.grid(case.gradient, given=True)),
    )


def descent(case: Case, texts: Texts) -> Step:
    """The sign of each cell, and one step A − η·∂MSE/∂A with the loss before and after."""
    eta = Number(case.learning_rate)
    with np.errstate(all="ignore"):
        moved = case.block.prediction - case.learning_rate * case.gradient
    parts: list[Passage] = [
        sentence(texts["descent.signs"]),
        Equation(line(derivative("MSE", "A"), EQUALS, case.grid(case.gradient, given=True), GIVES, _signs(case)), ()),
        Points(tuple(_sentences(case, texts))),
        sentence(texts["descent.step"], eta=line("η", EQUALS, eta)),
        Equation(
            "A′",
            (
                line("A", MINUS, "η", DOT, derivative("MSE", "A")),
                line(
                    case.grid(case.block.prediction),
                    MINUS,
                    operand(case.learning_rate),
                    DOT,
                    case.grid(case.gradient, given=True),
                ),
                case.grid(moved),
            ),
        ),
        *parabola(case, texts),
        *_losses(case, texts),
    ]
    return Step(7, texts["descent.title"], tuple(parts))


def _signs(case: Case) -> Formula:
    return case.grid_of(
        [[RAISE if x < 0 else LOWER if x > 0 else KEEP for x in row] for row in case.gradient[:, case.columns].tolist()]
    )


def _sentences(case: Case, texts: Texts) -> list[Paragraph]:
    """In words what the sign of a cell means: of all cells of a small matrix, else of the traced one."""
    cells = list(product(range(len(case.rows)), range(case.result.shape[1])))
    if case.result.cells_total > MOST_SENTENCES:
        cells = [(case.rows.index(case.cell[0]), case.cell[1])]
    used = case.weights > 0
    return [_what_to_do(case, texts, i, j) for i, j in cells if used[i, j]]


def _what_to_do(case: Case, texts: Texts, i: int, j: int) -> Paragraph:
    e, g = float(case.errors[i, j]), float(case.gradient[i, j])
    kind = "low" if e < 0 else "high" if e > 0 else "right"
    name = case.heading(j) if case.result.columns[j].name else texts["descent.column"].format(j=j + 1)
    traced = (case.rows[i], j) == case.cell
    values: dict[str, Formula] = {"a": case.whole(case.block.prediction[i, j].item())}
    if kind != "right":
        values |= {"size": case.number(abs(e)), "g": case.number(g)}
    shown = {key: Traced(value) if traced else value for key, value in values.items()}
    return sentence(texts[f"descent.{kind}"], name=Words(name), i=row_name(case, case.rows[i], texts), **shown)


def _losses(case: Case, texts: Texts) -> list[Passage]:
    """The loss before and after, and why."""
    before, after = case.whole(case.result.mse), case.number(case.after.mse)
    parts: list[Passage] = [
        sentence(texts["descent.loss"]),
        Equation(line("MSE(A)", EQUALS, before, QUAD, "MSE(A′)", EQUALS, after), ()),
    ]
    weighted = case.result.weighted
    share: Formula = Fraction(line("2", DOT, "η", *((DOT, "w") if weighted else ())), case.divisor_formula)
    factor = Parentheses(line("1", MINUS, share))
    if weighted:
        parts.append(sentence(texts["descent.why_weighted"], factor=factor.inner, w="w"))
    else:
        parts.append(sentence(texts["descent.why"], factor=factor.inner))
        numbers = line("1", MINUS, Fraction(line("2", DOT, operand(case.learning_rate)), case.divisor_numbers))
        rights = (
            line(Power(factor, "2"), DOT, "MSE(A)"),
            line(Power(Parentheses(numbers), "2"), DOT, before),
            after,
        )
        parts.append(Equation("MSE(A′)", rights))
    return [*parts, *_advice(case, texts)]


def _advice(case: Case, texts: Texts) -> list[Passage]:
    if case.result.weighted:
        return [sentence(texts["descent.too_long_weighted"])] if case.after.mse > case.result.mse else []
    divisor = case.result.divisor
    if case.after.mse > case.result.mse:
        return [
            sentence(texts["descent.too_long"], eta="η", limit=line(case.divisor_formula, EQUALS, case.number(divisor)))
        ]
    if case.result.mse == 0:
        return []
    half = line("η", EQUALS, Fraction(case.divisor_formula, "2"), EQUALS, case.number(divisor / 2))
    return [sentence(texts["descent.best"], eta=half)]


def check(case: Case, texts: Texts) -> Step:
    """The gradient against centred differences of the loss."""
    slope = _slope_at(case, case.rows.index(case.cell[0]), case.cell[1])
    if slope is None:
        return Step(8, texts["check.title"], (sentence(texts["check.not_finite"]),))
    if slope.value and slope.above == slope.below:
        return Step(8, texts["check.title"], (sentence(texts["check.the_same"]),))
    a, e, value = case.indexed("a"), case.indexed("e"), case.whole(case.at_cell(case.block.prediction), operand=True)
    h, above, below = Number(slope.h), case.operand(slope.above), case.operand(slope.below)
    squares = line(_squared(e, "+"), MINUS, _squared(e, MINUS), EQUALS, "4", DOT, e, DOT, "h")
    parts: tuple[Passage, ...] = (
        sentence(texts["check.idea"], h=line("h", EQUALS, h), distance=line("2", "h")),
        Equation(_loss_at(a, "+", "h"), (_loss_at(Traced(value), "+", h), above)),
        Equation(_loss_at(a, MINUS, "h"), (_loss_at(Traced(value), MINUS, h), below)),
        Equation(
            Fraction(line(_loss_at(a, "+", "h"), MINUS, _loss_at(a, MINUS, "h")), line("2", DOT, "h")),
            (Fraction(line(above, MINUS, below), line("2", DOT, h)), Traced(case.number(slope.value))),
        ),
        _verdict(case, texts, slope),
        sentence(texts["check.why"], squares=squares, h="h"),
    )
    return Step(8, texts["check.title"], parts)


def _loss_at(a: Formula, sign: str, h: Formula) -> Formula:
    return line("MSE", Parentheses(line(a, sign, h)))


def _squared(e: Formula, sign: str) -> Formula:
    return Power(Parentheses(line(e, sign, "h")), "2")


def _slope_at(case: Case, i: int, j: int) -> Slope | None:
    return centred_difference(
        case.block.prediction[i, j].item(),
        case.block.target[i, j].item(),
        sse=case.result.sse,
        divisor=case.result.divisor,
        weight=float(case.weights[i, j]),
    )


def _verdict(case: Case, texts: Texts, slope: Slope) -> Verdict:
    """The traced cell's gradient beside its difference, and the largest disagreement over all cells shown."""
    largest, count = 0.0, 0
    for i, j in product(range(len(case.rows)), case.columns):
        other = _slope_at(case, i, j)
        if other is not None:
            largest = max(largest, relative_error(float(case.gradient[i, j]), other.value))
            count += 1
    holds = largest <= TOLERANCE
    text = sentence(
        texts["check.verdict"],
        g=Traced(case.number(case.at_cell(case.gradient))),
        numeric=Traced(case.number(slope.value)),
        count=Number(count),
        largest=Number(largest, 2),
    )
    return Verdict(holds, texts["pass" if holds else "fail"], text)


def conventions(case: Case, texts: Texts) -> Step:
    """The same data under other conventions: loss and gradient of the traced cell."""
    sse, base = case.result.sse, case.at_cell(case.errors) * case.at_cell(case.weights)
    n = case.result.shape[0]
    g = case.at_cell(case.gradient)
    d, two = case.divisor_formula, ("2", DOT)
    e = (case.indexed("w"), DOT, case.indexed("e")) if case.result.weighted else (case.indexed("e"),)
    with np.errstate(all="ignore"):
        rows: list[tuple[str, Formula, float, Formula, float]] = [
            ("mean", Fraction("SSE", d), case.result.mse, Fraction(line(*two, *e), d), g),
            ("sum", "SSE", sse, line(*two, *e), 2 * base),
            ("half_mean", Fraction("SSE", line(*two, *_items(d))), case.result.mse / 2, Fraction(line(*e), d), g / 2),
            ("half_sum", Fraction("SSE", "2"), sse / 2, line(*e), base),
            ("per_sample", Fraction("SSE", "N"), sse / n, Fraction(line(*two, *e), "N"), 2 * base / n),
            ("half_per_sample", Fraction("SSE", line(*two, "N")), sse / (2 * n), Fraction(line(*e), "N"), base / n),
        ]
    titles = tuple(texts[f"conventions.{title}"] for title in ("name", "loss", "gradient"))
    parts = (
        sentence(texts["conventions.why"]),
        Listing(titles, tuple(_convention(case, texts, *row) for row in rows)),
        sentence(texts["conventions.users"]),
        Points(tuple(_users(texts, row[0]) for row in rows)),
    )
    return Step(9, texts["conventions.title"], parts)


def _users(texts: Texts, key: str) -> Paragraph:
    name, colon, users = (texts[name] for name in (f"conventions.{key}", "colon", f"conventions.{key}.users"))
    return sentence(name + colon + users, e=line("A", MINUS, "Y"))


def _items(formula: Formula) -> tuple[Formula, ...]:
    return getattr(formula, "items", (formula,))


def _convention(
    case: Case, texts: Texts, key: str, loss: Formula, value: float, gradient: Formula, slope: float
) -> tuple[Paragraph, ...]:
    shown = case.whole(value) if key in ("mean", "sum") else case.number(value)
    return (
        sentence(texts[f"conventions.{key}"]),
        Paragraph((line(loss, EQUALS, shown),)),
        Paragraph((line(gradient, EQUALS, Traced(case.number(slope))),)),
    )
