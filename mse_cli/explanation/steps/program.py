"""Step 10: the formulas as a class in Python, a run of it with the user's numbers, and what comes next."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mse_cli.core.blocks import Floats
from mse_cli.explanation.case import Case
from mse_cli.explanation.formula import DOT, MINUS, Formula, line
from mse_cli.explanation.lesson import Code, Equation, Passage, Step, derivative, sentence

CLASS = '''import numpy as np


class MSELoss:
    """{about}"""

    def forward(self, A, Y):
        self.A, self.Y = A, Y  # {keep}
        self.N, self.C = A.shape  # {shape}
        self.SE = (A - Y) * (A - Y)  # {se}
        self.SSE = np.ones(self.N) @ self.SE @ np.ones(self.C)  # {sse}
        self.MSE = self.SSE / (self.N * self.C)  # {mse}
        return self.MSE

    def backward(self):
        return 2 * (self.A - self.Y) / (self.N * self.C)  # {back}'''
ARRAYS = """A = np.array({a}, dtype=float)  # {prediction}
Y = np.array({y}, dtype=float)  # {truth}"""
RUN = """loss = MSELoss()
print(loss.forward(A, Y))
print(loss.backward().tolist())"""
# What a notebook computes in each section.
CELLS = {
    2: "E = A - Y\nE",
    3: "SE = (A - Y) * (A - Y)\nSE",
    4: "SSE = np.ones(N) @ ((A - Y) * (A - Y)) @ np.ones(C)\nSSE",
    5: "MSE = ((A - Y) ** 2).sum() / (N * C)\nMSE, MSE**0.5",
    6: "G = 2 * (A - Y) / (N * C)\nG",
    7: "A_new = A - {rate} * 2 * (A - Y) / (N * C)\n((A_new - Y) ** 2).sum() / (N * C)",
    8: "h = np.zeros((N, C))\nh[{i}, {j}] = {h}\n"
    "(((A + h - Y) ** 2).sum() - ((A - h - Y) ** 2).sum()) / (N * C) / (2 * h[{i}, {j}])",
}
FIRST_OF_ALL = 4  # the first of them whose numbers are those of all cells
COMMENTS = ("about", "keep", "shape", "se", "sse", "mse", "back")


def program(case: Case, texts: Mapping[str, str]) -> Step:
    """The class ``MSELoss``, a run of it, and what becomes of its gradient in training."""
    comments = {name: texts[f"code.{name}"] for name in COMMENTS}
    parts: list[Passage] = [sentence(texts["code.class"]), Code(CLASS.format(**comments))]
    if not case.plain:
        parts.append(sentence(texts["code.plain"]))
    elif not _is_exact(case):
        parts.append(sentence(texts["code.integers"]))
    elif _runs(case):
        parts += [sentence(texts["code.run" if _is_whole(case) else "code.run_shown"]), _run(case, texts)]
    gradient = derivative("MSE", "A")
    parts += [sentence(texts["code.next"], gradient=line("∂", "MSE", "/", "∂", "A"), theta="θ"), *_training(gradient)]
    return Step(10, texts["code.title"], tuple(parts))


def _run(case: Case, texts: Mapping[str, str]) -> Code:
    """The cells that are shown, and what the class makes of them."""
    a, y = _sides(case)
    squares = (a - y) * (a - y)
    with np.errstate(all="ignore"):
        mse = np.ones(len(a)) @ squares @ np.ones(a.shape[1]) / a.size
    return Code(f"{_arrays(case, texts)}\n{RUN}", f"{float(mse)!r}\n{(2 * (a - y) / a.size).tolist()}")


def setup(case: Case, texts: Mapping[str, str]) -> str:
    """What the programs of a notebook begin with; nothing where the plain formulas are not those of the case."""
    if not _runs(case):
        return ""
    return f"import numpy as np\n\n{_alone(case, texts)}{_arrays(case, texts)}\nN, C = A.shape\nN, C"


def cells(case: Case, texts: Mapping[str, str]) -> dict[int, str]:
    """By section, its formula as a program."""
    if not _runs(case):
        return {}
    (row, column), rate = case.cell, case.learning_rate
    place = {"i": case.rows.index(row), "j": case.columns.index(column), "rate": rate, "h": _h(case)}
    alone = _alone(case, texts)
    return {k: (alone if k >= FIRST_OF_ALL else "") + source.format(**place) for k, source in CELLS.items()}


def _alone(case: Case, texts: Mapping[str, str]) -> str:
    """A comment that says so, where a program has but the cells that are shown."""
    return "" if _is_whole(case) else f"# {texts['code.shown']}\n"


def _is_whole(case: Case) -> bool:
    return (len(case.rows), len(case.columns)) == case.result.shape


def _h(case: Case) -> float:
    """How far section 8 moves the traced cell: the power of ten below its error or RMSE."""
    size = max(abs(case.at_cell(case.errors)), case.result.rmse)
    return float(f"1e{math.floor(math.log10(size))}") if size else 1.0


def _runs(case: Case) -> bool:
    """Whether the plain formulas in float64 are those of the case."""
    finite = bool(np.isfinite(case.result.mse) and np.isfinite(case.block.prediction).all())
    return case.plain and finite and _is_exact(case)


def _is_exact(case: Case) -> bool:
    """Whether float64 has the same differences: those of large integers it has not."""
    a, y = _sides(case)
    with np.errstate(all="ignore"):
        return np.array_equal(a - y, case.errors[:, case.columns], equal_nan=True)


def _sides(case: Case) -> tuple[Floats, Floats]:
    """A and Y as a program has them: the cells shown, row after row, no -0."""
    sides = (case.block.prediction, case.block.target)
    a, y = (np.ascontiguousarray(side[:, case.columns], dtype=np.float64) + 0.0 for side in sides)
    return a, y


def _arrays(case: Case, texts: Mapping[str, str]) -> str:
    a, y = map(_rows, _sides(case))
    return ARRAYS.format(a=a, y=y, prediction=texts["code.prediction"], truth=texts["code.truth"])


def _rows(matrix: Floats) -> str:
    """A matrix as a list in Python, its whole numbers without a point if all are whole."""
    whole = bool((matrix == np.round(matrix)).all()) and float(np.abs(matrix).max()) < 2**53
    rows = (matrix.astype(np.int64) if whole else matrix).tolist()
    text = ",\n              ".join(map(str, rows))
    return f"[{text}]"


def _training(gradient: Formula) -> list[Passage]:
    by_theta = derivative("MSE", "θ")
    return [
        Equation(by_theta, (line(gradient, DOT, derivative("A", "θ")),)),
        Equation(line("θ", "←", "θ", MINUS, "η", DOT, by_theta), ()),
    ]
