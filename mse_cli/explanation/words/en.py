"""English."""

from __future__ import annotations

TEXTS = {
    "title": "Mean squared error, step by step",
    "opening": "In regression a model predicts numbers. The mean squared error ({mse}) says in one number how far the "
    "predictions {a} of a batch of {n} samples, {c} outputs each, are from the truth {y}: the smaller, the "
    "better, and 0 if all are "
    "right. Its "
    "gradient says which predictions are too low and which too high, and so how to make the loss smaller.",
    "example": "A built-in example: two houses, their price in dollars and their number of bedrooms, as a model "
    "predicted them and as they are.",
    "files": "The prediction {A} is {a}, the target {Y} is {y}.",
    "table": "The prediction {A} and the target {Y} are columns of {a}.",
    "arrays": "The prediction {A} and the target {Y} are the arrays that were handed over.",
    "stdin": "standard input",
    "comma": ", ",
    "colon": ": ",
    "named": " ({name})",
    "pass": "PASS: ",
    "fail": "FAIL: ",
    # 1 inputs
    "inputs.title": "The inputs",
    "inputs.matrices": "{a} holds what a model predicted, {y} what is true. Each row is a sample, each column "
    "an output.",
    "inputs.size": "{n} (samples: the batch size) and {c} (outputs): {cells} cells.",
    "inputs.columns": "The columns: {names}.",
    "inputs.keys": "The rows are matched by {key}; these are shown: {names}.",
    "inputs.corners": "Large matrices show their corners and the row and column of the traced cell; every number "
    "below is that of the whole.",
    "inputs.rounded": "Cells of matrices are shown with at most {digits} significant digits; the arithmetic "
    "uses all of them.",
    "inputs.missing": "{missing} of {total} cells are left out because a value is missing: they are marked ? from "
    "here on. {m} is 1 in the {used} cells that are used and 0 in the others.",
    "inputs.weights": "{w} holds the weights: how much each cell counts.",
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
    "se.infinite": "float64 holds no number above 1.8e308: what is larger stands as inf.",
    "se.vanishing": "float64 holds no number between 0 and 4.9e-324: a square that is smaller stands as 0.",
    # 4 SSE
    "sse.title": "The sum SSE",
    "sse.formula": "{iota_n} is a column of {n} ones, {iota_c} one of {c} ones. Multiplying by {left} from the "
    "left and "
    "by {iota_c} from the right adds up all cells.",
    "sse.factor": "Each squared error counts {factor} times: the cells below are {terms}.",
    "sse.down": "First down the rows, one sum for each column:",
    "sse.column": "Down the one column:",
    "sse.row": "Across the one row:",
    "sse.across": "Then across the columns, one number:",
    "sse.share": "The traced cell alone is {share} % of SSE.",
    # 5 MSE
    "mse.title": "The mean MSE",
    "mse.formula": "Divide by the number of cells, {nc}: not by {n} alone.",
    "mse.one_output": "Divide by the number of cells, {nc}: with one output a sample that is {n}.",
    "mse.masked": "Divide by the number of cells that are used, not by {nc}: a missing cell must not look like a "
    "perfect one.",
    "mse.weighted": "Divide by the sum of the weights of the cells in use, so that doubling all weights changes "
    "nothing.",
    "mse.sums": "The same without matrices, over all samples {i} and all outputs {j}:",
    "mse.rmse": "Its root is back in the unit of the target. It is the root of the mean, never the mean of the roots.",
    # 6 gradient
    "gradient.title": "The gradient",
    "gradient.question": "How does the loss change when one prediction {a} changes a little? Of all terms of the sum, "
    "only {se} depends on it, so by the chain rule the slope is a product of three:",
    "gradient.links": "The mean brings the factor {share}; the slope of {square} is {slope} as {e} changes; the error "
    "moves one to one with the prediction.",
    "gradient.all": "The same for all cells at once:",
    "gradient.unused": "A cell that is left out has the gradient 0.",
    # 7 descent
    "descent.title": "What the gradient says",
    "descent.signs": "It points to where the loss grows fastest, so go the other way. ↑ raise this prediction, "
    "↓ lower it, "
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
    "parabola.idea": "If {a} alone moves, the loss is a parabola over it, lowest where {a} is the target {y}. The "
    "step goes down along the tangent:",
    "parabola.too_far": "If {a} alone moves, the loss is a parabola over it, lowest where {a} is the target {y}. The "
    "step follows the tangent too far and ends no lower than it began:",
    "parabola.now": "now: {place}, {loss}",
    "parabola.after": "after the step: {place}, {loss}",
    "parabola.lowest": "lowest: {place}, {loss}",
    "parabola.tangent": "the tangent, whose slope is the gradient {g}",
    # 8 check
    "check.title": "Is the gradient right? A check",
    "check.idea": "Move the traced cell by {h} up and down, compute the loss both times, and divide the difference by "
    "the distance {distance}:",
    "check.why": "Why this is exact: {squares}. The square of {h} cancels, so for a quadratic loss the centred "
    "difference is the derivative for any {h}; only rounding remains, and here the losses are computed as fractions "
    "before they are rounded. (With floating-point numbers alone a very small {h} would be worse, not better.)",
    "check.verdict": "the formula gives {g}, the difference {numeric}; over all {count} cells shown the largest "
    "relative difference is {largest}.",
    "check.not_finite": "The loss is not a finite number here, so there is nothing to check.",
    "check.the_same": "The change of the loss is smaller here than float64 can show, so there is nothing to check.",
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
    "conventions.half_sum.users": "many textbooks: its gradient is plain {e}",
    "conventions.per_sample": "per sample",
    "conventions.per_sample.users": "lecture notes that average the squared length of each row's error",
    "conventions.half_per_sample": "½ per sample",
    "conventions.half_per_sample.users": "Caffe EuclideanLoss",
    # 10 code
    "code.title": "In code",
    "code.class": "The formulas above as a class: forward computes the loss and keeps what backward needs.",
    "code.run": "A run with the numbers above:",
    "code.run_shown": "A run with the rows and columns that are shown above, and the numbers of these alone:",
    "code.shown": "with the cells shown alone: not the numbers of the whole, which the text has",
    "code.integers": "Integers as large as these lose digits in float64, in which the class computes; here they are "
    "subtracted before they are rounded.",
    "code.plain": "The class knows neither weights nor missing cells; evaluate of mse_cli knows both.",
    "code.next": "What comes next: in training, {gradient} is the first link of backpropagation. The chain rule "
    "carries "
    "it back layer by layer to the gradient by the model's parameters {theta}; it is they that are updated, not the "
    "predictions:",
    "code.about": "Mean squared error: MSE = sum((A - Y)**2) / (N*C).",
    "code.keep": "backward needs them",
    "code.shape": "N samples, C outputs",
    "code.se": "squared error, cell by cell",
    "code.sse": "the sum",
    "code.mse": "the mean",
    "code.back": "in the shape of A",
    "code.prediction": "what the model predicted",
    "code.truth": "what is true",
}
