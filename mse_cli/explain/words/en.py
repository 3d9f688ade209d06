"""English."""

from __future__ import annotations

TEXTS = {
    "title": "Mean squared error, step by step",
    "example": "A built-in example: two houses, their price in dollars and their number of rooms, as a model predicted "
    "them and as they are.",
    "files": "The prediction A is {a}, the target Y is {y}.",
    "table": "The prediction A and the target Y are columns of {a}.",
    "stdin": "standard input",
    "comma": ", ",
    "colon": ": ",
    "named": " ({name})",
    "pass": "PASS: ",
    "fail": "FAIL: ",
    # 1 inputs
    "inputs.title": "The inputs",
    "inputs.matrices": "A holds what a model predicted, Y what is true. Each row is a sample, each column a component.",
    "inputs.size": "{n} rows (samples) and {c} columns (components): {cells} cells.",
    "inputs.columns": "The columns: {names}.",
    "inputs.keys": "The rows are matched by {key}; these are shown: {names}.",
    "inputs.corners": "Large matrices show their corners and the row and column of the traced cell; every number "
    "below is that of the whole.",
    "inputs.rounded": "Cells of matrices are shown with at most 6 significant digits; the arithmetic uses all of them.",
    "inputs.missing": "{missing} of {total} cells are left out because a value is missing: they are marked ? from "
    "here on. M is 1 in the {used} cells that are used and 0 in the others.",
    "inputs.weights": "W holds the weights: how much each cell counts.",
    "inputs.worst": "One cell is marked and traced through all steps: row {i}, column {j}{name}, the one with the "
    "largest squared error.",
    "inputs.worst_weighted": "One cell is marked and traced through all steps: row {i}, column {j}{name}, the one "
    "with the largest weighted squared error.",
    "inputs.chosen": "One cell is marked and traced through all steps: row {i}, column {j}{name}, as you asked.",
    # 2 error
    "error.title": "The error",
    "error.formula": "How far off is each prediction? Subtract the truth, cell by cell.",
    "error.traced": "For the traced cell:",
    "error.low": "It is negative: the prediction is {size} too low.",
    "error.high": "It is positive: the prediction is {size} too high.",
    "error.zero": "It is zero: the prediction is right.",
    # 3 SE
    "se.title": "The squared error SE",
    "se.formula": "Multiply the error by itself, cell by cell (⊙). This is not the matrix product.",
    "se.why": "A square is never negative, so errors cannot cancel; and an error twice as large counts four times. "
    "The unit is squared, too.",
    # 4 SSE
    "sse.title": "The sum SSE",
    "sse.formula": "{iota} is a column of N ones. Multiplying by ones from both sides adds up all cells.",
    "sse.factor": "Each squared error counts {factor} times: the cells below are {factor} ⊙ SE.",
    "sse.down": "First down the rows: one sum for each column.",
    "sse.across": "Then across the columns: one number.",
    "sse.share": "The traced cell alone is {share} % of it.",
    # 5 MSE
    "mse.title": "The mean MSE",
    "mse.formula": "Divide by the number of cells, N·C: not by N alone.",
    "mse.masked": "Divide by the number of cells that are used, not by N·C: a missing cell must not look like a "
    "perfect one.",
    "mse.weighted": "Divide by the sum of the weights of the cells in use, so that doubling all weights changes "
    "nothing.",
    "mse.rmse": "Its root is back in the unit of the target. It is the root of the mean, never the mean of the roots.",
    # 6 gradient
    "gradient.title": "The gradient",
    "gradient.question": "How does the loss change when one prediction {a} changes a little? Of all terms of the sum, "
    "only {se} depends on it, so the chain rule has three links:",
    "gradient.links": "The mean divides by {d}; a square has twice its base as its slope; the error moves one to one "
    "with the prediction.",
    "gradient.links_factor": "The weighted mean multiplies by {f} and divides by {d}; a square has twice its base as "
    "its slope; the error moves one to one with the prediction.",
    "gradient.all": "The same for all cells at once:",
    "gradient.unused": "A cell that is left out has the gradient 0.",
    # 7 descent
    "descent.title": "What the gradient says",
    "descent.signs": "It points to where the loss grows; go the other way. ↑ raise this prediction, ↓ lower it, "
    "0 leave it.",
    "descent.low": "{name}, row {i}: the prediction {a} is {size} too low, the gradient {g} negative: raise it.",
    "descent.high": "{name}, row {i}: the prediction {a} is {size} too high, the gradient {g} positive: lower it.",
    "descent.right": "{name}, row {i}: the prediction {a} is right and the gradient is 0: leave it.",
    "descent.column": "column {j}",
    "descent.step": "One step of gradient descent with the learning rate {eta}:",
    "descent.loss": "The loss before and after:",
    "descent.why": "Why: every error is multiplied by {factor}, so the loss is multiplied by its square.",
    "descent.why_weighted": "Why: every error is multiplied by {factor}, with the weight {w} of its own cell.",
    "descent.too_long": "The loss has grown: the step was too long. It shrinks for {eta} between 0 and {limit}.",
    "descent.too_long_weighted": "The loss has grown: the step was too long.",
    "descent.best": "With {eta} the loss would be 0 after one step: every error would vanish.",
    # 8 check
    "check.title": "Is the gradient right? A check",
    "check.idea": "Move the traced cell by {h} up and down, compute the loss both times, and divide the difference by "
    "the distance:",
    "check.why": "Why this is exact: {squares}. The square of {h} cancels, so for a quadratic loss the centred "
    "difference is the derivative for any {h}; only rounding remains, and here the losses are computed as fractions "
    "before they are rounded. (With floating-point numbers alone a very small {h} would be worse, not better.)",
    "check.verdict": "the formula gives {g}, the difference {numeric}; over all {count} cells shown the largest "
    "relative difference is {largest}.",
    "check.not_finite": "The loss is not a finite number here, so there is nothing to check.",
    # 9 conventions
    "conventions.title": "Other conventions",
    "conventions.why": "Others divide differently. The minimum is at the same place, the numbers are not: this is "
    "where a missing factor comes from. Your data under each of them:",
    "conventions.name": "convention",
    "conventions.loss": "loss",
    "conventions.gradient": "gradient (traced cell)",
    "conventions.users": "Who uses which:",
    "conventions.mean": "mean (this tool's)",
    "conventions.mean.users": "PyTorch MSELoss, Keras, scikit-learn mean_squared_error",
    "conventions.sum": "sum",
    "conventions.sum.users": "PyTorch MSELoss(reduction='sum'); mse compute --reduction sum",
    "conventions.half_mean": "½ mean",
    "conventions.half_mean.users": "the mean of optax.l2_loss; scikit-learn MLPRegressor",
    "conventions.half_sum": "½ sum",
    "conventions.half_sum.users": "many textbooks: its gradient is plain A − Y",
    "conventions.per_sample": "per sample",
    "conventions.per_sample.users": "lecture notes that average the squared length of each row's error",
    "conventions.half_per_sample": "½ per sample",
    "conventions.half_per_sample.users": "Caffe EuclideanLoss",
}
