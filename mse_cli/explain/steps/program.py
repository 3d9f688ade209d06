"""Step 10: the formulas as a class in Python, a run of it with the user's numbers, and what comes next."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mse_cli.core.blocks import Numbers
from mse_cli.explain.case import Case
from mse_cli.explain.formula import DOT, MINUS, Formula, line
from mse_cli.explain.lesson import Code, Equation, Passage, Step, derivative, sentence

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
RUN = """A = np.array({a})  # {prediction}
Y = np.array({y})  # {truth}
loss = MSELoss()
print(loss.forward(A, Y))
print(loss.backward().tolist())"""
COMMENTS = ("about", "keep", "shape", "se", "sse", "mse", "back")


def program(case: Case, texts: Mapping[str, str]) -> Step:
    """The class ``MSELoss``, a run of it, and what becomes of its gradient in training."""
    comments = {name: texts[f"code.{name}"] for name in COMMENTS}
    parts: list[Passage] = [sentence(texts["code.class"]), Code(CLASS.format(**comments))]
    if not case.plain:
        parts.append(sentence(texts["code.plain"]))
    elif np.isfinite(case.block.prediction).all() and np.isfinite(case.result.mse):
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
    source = RUN.format(a=_rows(a), y=_rows(y), prediction=texts["code.prediction"], truth=texts["code.truth"])
    return Code(source, f"{float(mse)!r}\n{(2 * (a - y) / a.size).tolist()}")


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
