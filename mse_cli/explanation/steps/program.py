"""Step 10: the formulas as a class in Python, a run of it with the user's numbers, and what comes next."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mse_cli.core.blocks import Numbers
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
COMMENTS = ("about", "keep", "shape", "se", "sse", "mse", "back")


def program(case: Case, texts: Mapping[str, str]) -> Step:
    """The class ``MSELoss``, a run of it, and what becomes of its gradient in training."""
    comments = {name: texts[f"code.{name}"] for name in COMMENTS}
    parts: list[Passage] = [sentence(texts["code.class"]), Code(CLASS.format(**comments))]
    if not case.plain:
        parts.append(sentence(texts["code.plain"]))
    elif _is_finite(case):
        whole = len(case.rows) == case.result.shape[0] and len(case.columns) == case.result.shape[1]
        parts += [sentence(texts["code.run" if whole else "code.run_shown"]), _run(case, texts)]
    gradient = derivative("MSE", "A")
    parts += [sentence(texts["code.next"], gradient=line("∂", "MSE", "/", "∂", "A"), theta="θ"), *_training(gradient)]
    return Step(10, texts["code.title"], tuple(parts))


def _run(case: Case, texts: Mapping[str, str]) -> Code:
    """The cells that are shown, and what the class makes of them."""
    a, y = (side[:, case.columns].astype(np.float64) for side in (case.block.prediction, case.block.target))
    squares = (a - y) * (a - y)
    with np.errstate(all="ignore"):
        mse = np.ones(len(a)) @ squares @ np.ones(a.shape[1]) / a.size
    return Code(f"{_arrays(case, texts)}\n{RUN}", f"{float(mse)!r}\n{(2 * (a - y) / a.size).tolist()}")


def setup(case: Case, texts: Mapping[str, str]) -> str:
    """What the programs of a notebook begin with; nothing where the plain formulas are not those of the case."""
    if not (case.plain and _is_finite(case)):
        return ""
    return f"import numpy as np\n\n{_arrays(case, texts)}\nN, C = A.shape\nN, C"


def cells(case: Case) -> dict[int, str]:
    """By section, its formula as a program."""
    if not (case.plain and _is_finite(case)):
        return {}
    (row, column), rate = case.cell, case.learning_rate
    place = {"i": case.rows.index(row), "j": case.columns.index(column), "rate": rate, "h": _h(case)}
    return {number: source.format(**place) for number, source in CELLS.items()}


def _h(case: Case) -> float:
    """How far section 8 moves the traced cell: the power of ten below its error or RMSE."""
    size = max(abs(case.at_cell(case.errors)), case.result.rmse)
    return 10.0 ** math.floor(math.log10(size)) if size else 1.0


def _is_finite(case: Case) -> bool:
    return bool(np.isfinite(case.result.mse) and np.isfinite(case.block.prediction).all())


def _arrays(case: Case, texts: Mapping[str, str]) -> str:
    a, y = (_rows(side[:, case.columns]) for side in (case.block.prediction, case.block.target))
    return ARRAYS.format(a=a, y=y, prediction=texts["code.prediction"], truth=texts["code.truth"])


def _rows(matrix: Numbers) -> str:
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
