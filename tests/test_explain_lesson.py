"""The steps of an explanation as data: the numbers of ``mse compute``, whatever the matrices hold."""

import math
import re
import string

import numpy as np
import pytest

from mse_cli import mean_squared_error, mse_gradient
from mse_cli.core.blocks import Block
from mse_cli.core.tallies.edges import Edges, OneRow, with_row
from mse_cli.errors import UsageError
from mse_cli.explanation import case as case_module
from mse_cli.explanation import explain
from mse_cli.explanation.case import case_of, shown
from mse_cli.explanation.example import house_example
from mse_cli.explanation.formula import Grid, Index, Line, Number, Traced
from mse_cli.explanation.lesson import Code, Equation, Parabola, Paragraph, Points, Verdict, Words
from mse_cli.explanation.steps.program import setup
from mse_cli.explanation.words import TEXTS
from mse_cli.readers.arrays.held import held
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.pair import Pair, StreamColumns
from mse_cli.render.lessons.formula_text import Ink, flat
from mse_cli.render.lessons.terminal import render_lesson
from mse_cli.render.screens.screen import Screen
from mse_cli.running.backend import here
from mse_cli.running.evaluation import evaluate_pair


def pair_of(prediction, target, weights=None, missing="fail"):
    a, y = np.asarray(prediction, dtype=np.float64), np.asarray(target, dtype=np.float64)
    c = a.shape[1]
    streams = [held("a", a), held("y", y)]
    part = None
    if weights is not None:
        streams.append(held("w", np.asarray(weights, dtype=np.float64)))
        part = StreamColumns(2, 0, streams[2].n_columns)
    return Pair(tuple(streams), StreamColumns(0, 0, c), StreamColumns(1, 0, c), missing, weights=part)


def integers(prediction, target):
    streams = held("a", np.array(prediction)), held("y", np.array(target))
    c = streams[0].n_columns
    return Pair(streams, StreamColumns(0, 0, c), StreamColumns(1, 0, c), "fail")


def random_pair(seed, shape, scale=1.0, **options):
    generator = np.random.default_rng(seed)
    return pair_of(generator.normal(size=shape) * scale, generator.normal(size=shape) * scale, **options)


def equations(case, number):
    """The equations of a section, by what stands on the left."""
    (step,) = explain(case, sections=frozenset({number})).steps
    return [part for part in step.parts if isinstance(part, Equation)]


def last_number(equation):
    formula = equation.rights[-1]
    formula = formula.inner if isinstance(formula, Traced) else formula
    assert isinstance(formula, Number)
    assert formula.digits is None
    return formula.value


def verdict(case):
    (step,) = explain(case, sections=frozenset({8})).steps
    (found,) = [part for part in step.parts if isinstance(part, Verdict)]
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shape", [(1, 1), (7, 1), (1, 9), (40, 12)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_numbers_are_those_of_compute(seed, shape, weighted):
    weights = np.random.default_rng(seed + 100).uniform(0.1, 3, size=(shape[0], 1)) if weighted else None
    pair = random_pair(seed, shape, weights=weights)
    result = evaluate_pair(here(pair), worst=1).result
    case = case_of(pair)
    assert case.cell == (result.worst[0].row - 1, result.worst[0].column - 1)
    assert last_number(equations(case, 4)[-1]) == result.sse
    mse, _, rmse = equations(case, 5)
    assert (last_number(mse), last_number(rmse)) == (result.mse, result.rmse)
    a, y = (stream.files[0].array for stream in pair.streams[:2])
    assert math.isclose(
        last_number(equations(case, 6)[0]), mse_gradient(a, y, weights=weights)[case.cell], rel_tol=1e-11
    )


def test_the_loss_after_the_step_is_that_of_the_moved_prediction():
    pair = random_pair(3, (30, 4), weights=np.arange(1.0, 31.0).reshape(-1, 1))
    a, y, w = (stream.files[0].array for stream in pair.streams)
    case = case_of(pair, learning_rate=0.7)
    moved = a - 0.7 * mse_gradient(a, y, weights=w)
    assert math.isclose(case.after.mse, mean_squared_error(moved, y, weights=w), rel_tol=1e-12)


def test_the_loss_after_the_step_is_the_square_of_the_factor_times_the_loss():
    case = case_of(random_pair(4, (5, 3)), learning_rate=2.5)
    assert math.isclose(case.after.mse, (1 - 2 * 2.5 / 15) ** 2 * case.result.mse, rel_tol=1e-13)


@pytest.mark.parametrize("exponent", range(-6, 10))
def test_the_gradient_check_passes_at_any_magnitude(exponent):
    assert verdict(case_of(random_pair(exponent + 6, (9, 4), 10.0**exponent))).holds


def test_the_gradient_check_passes_where_columns_differ_by_fifteen_orders():
    generator = np.random.default_rng(1)
    scales = np.array([1e-6, 1.0, 1e9])
    a, y = generator.normal(size=(8, 3)) * scales, generator.normal(size=(8, 3)) * scales
    assert verdict(case_of(pair_of(a, y))).holds


@pytest.mark.parametrize("wrong", [1 + 1e-8, 0.5, 2.0, -1.0])
def test_the_gradient_check_fails_for_a_wrong_gradient(monkeypatch, wrong):
    right = case_module.gradient
    monkeypatch.setattr(case_module, "gradient", lambda *arguments: wrong * right(*arguments))
    assert not verdict(case_of(house_example())).holds


def test_one_wrong_cell_among_the_shown_fails_the_check(monkeypatch):
    right = case_module.gradient

    def spoiled(block, divisor):
        cells = right(block, divisor)
        cells[-1, -1] *= 1.001
        return cells

    monkeypatch.setattr(case_module, "gradient", spoiled)
    assert not verdict(case_of(random_pair(0, (3, 3)))).holds


def grids(formula):
    if isinstance(formula, Grid):
        yield formula
    for item in formula.items if isinstance(formula, Line) else ():
        yield from grids(item)


def test_a_large_matrix_shows_corners_and_the_traced_cell():
    case = case_of(random_pair(0, (500, 40)), cell=(250, 20))
    assert case.rows == (0, 1, 2, 249, 497, 498, 499)
    assert case.columns == (0, 1, 19, 38, 39)
    for equation in equations(case, 2):
        for formula in equation.rights:
            for grid in grids(formula):
                assert isinstance(grid.rows[3][2], Traced)
                assert (grid.row_gaps, grid.column_gaps) == ({3, 4}, {2, 3})


@pytest.mark.parametrize("number", range(9))
def test_a_row_is_put_among_the_edges_in_its_place(number):
    a = np.arange(9.0).reshape(9, 1)
    edges, row = Edges(5), OneRow(number)
    for start in (0, 4, 7):
        block = Block(start, a[start : start + 4], a[start : start + 4])
        for tally in (edges, row):
            tally.update(block.rows(0, min(4, (4, 7, 9)[(0, 4, 7).index(start)] - start)))
    rows, block = with_row(edges, row)
    assert rows == tuple(sorted({0, 1, 2, 7, 8, number}))
    assert block.prediction.ravel().tolist() == list(rows)


def test_a_cell_that_was_asked_for_is_traced():
    case = case_of(house_example(), cell=(2, 2))
    assert (case.at_cell(case.errors), case.at_cell(case.gradient)) == (1.0, 0.5)
    assert [equation.left for equation in equations(case, 2)] == ["E", Traced(Index("e", ("2", "2")))]


@pytest.mark.parametrize("cell", [(3, 1), (1, 3)])
def test_a_cell_outside_is_refused(cell):
    with pytest.raises(UsageError, match="2×2"):
        case_of(house_example(), cell=cell)


def test_missing_cells_are_marked_and_divided_by_the_cells_used():
    nan = math.nan
    pair = pair_of([[1, nan], [3, 4]], [[0, 1], [1, nan]], missing="skip-cell")
    case = case_of(pair)
    assert case.masked
    assert case.result.divisor == 2
    shown_cells = case.grid(case.errors).rows
    assert shown_cells[0][1] == "?"
    assert shown_cells[1][1] == "?"
    assert case.grid(case.block.target, given=True).rows[0][1] == Number(1.0, 6)
    with pytest.raises(UsageError, match="missing"):
        case_of(pair, cell=(1, 2))


def test_a_row_that_is_skipped_is_left_out_but_its_values_are_shown():
    pair = pair_of([[1, math.nan], [3, 4]], [[0, 1], [1, 2]], missing="skip-row")
    case = case_of(pair)
    assert case.grid(case.errors).rows[0] == ("?", "?")
    assert case.grid(case.block.prediction, given=True).rows[0] == (Number(1.0, 6), "?")
    assert verdict(case).holds


@pytest.mark.parametrize("values", [([[1e200]], [[0.0]]), ([[math.nan]], [[0.0]]), ([[math.inf]], [[0.0]])])
def test_numbers_that_are_not_finite_are_explained_without_a_check(values):
    case = case_of(pair_of(*values, missing="propagate"))
    lesson = explain(case)
    assert len(lesson.steps) == 10
    assert not any(isinstance(part, Verdict) for part in lesson.steps[7].parts)


@pytest.mark.parametrize(("rate", "grows"), [(0.1, False), (3.9, False), (4.1, True), (-0.1, True)])
def test_a_step_that_is_too_long_is_said_to_be(rate, grows):
    case = case_of(house_example(), learning_rate=rate)
    (step,) = explain(case, sections=frozenset({7})).steps
    last = step.parts[-1].parts[0]
    assert isinstance(last, Words)
    assert last.text.startswith("The loss has grown") == grows


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (2, 3), (7, 7), (5, 3)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_rate_that_makes_the_loss_0_does(shape, weighted):
    """Rounding left 1e-33 of it, and the parabola showed it with 17 digits."""
    weights = np.ones(shape) if weighted else None
    case = case_of(random_pair(4, shape, weights=weights), learning_rate=math.prod(shape) / 2)
    assert case.after.mse == 0.0
    (drawn,) = [part for part in explain(case).steps[6].parts if isinstance(part, Parabola)]
    assert drawn.after == 0.0
    assert drawn.legend[1].parts[1:] == drawn.legend[2].parts[1:]


@pytest.mark.parametrize(("rate", "said"), [(0.1, "idea"), (1.9, "idea"), (2.0, "too_far"), (7.0, "too_far")])
def test_a_step_that_ends_no_lower_is_not_said_to_go_down(rate, said):
    parts = explain(case_of(pair_of([[1.0, 2.0]], [[2.0, 2.0]]), learning_rate=rate)).steps[6].parts
    shown = "".join("".join(p.text for p in part.parts if isinstance(p, Words)) for part in sentences(parts))
    assert ("goes down along the tangent" in shown) == (said == "idea")
    assert ("ends no lower" in shown) == (said == "too_far")


def test_where_the_loss_is_0_no_rate_is_told_to_make_it_0():
    parts = explain(case_of(pair_of([[1.0, 2.0]], [[1.0, 2.0]]))).steps[6].parts
    assert not any("would be 0" in p.text for part in sentences(parts) for p in part.parts if isinstance(p, Words))


def sentences(parts):
    return [part for part in parts if isinstance(part, Paragraph)]


def test_a_right_prediction_is_told_to_stay():
    case = case_of(pair_of([[1.0, 2.0]], [[1.0, 3.0]]))
    (step,) = explain(case, sections=frozenset({7})).steps
    (points,) = [part for part in step.parts if isinstance(part, Points)]
    texts = [
        "".join(p.text if isinstance(p, Words) else flat(p, Ink()).plain for p in s.parts) for s in points.sentences
    ]
    assert texts == [
        "column 1, row 1: the prediction 1 is right and the gradient is 0: leave it.",
        "column 2, row 1: the prediction 2 is 1 too low, the gradient -1 negative: raise it.",
    ]


def test_negative_numbers_stand_in_parentheses_inside_formulas():
    case = case_of(pair_of([[3.0]], [[-4.0]]))
    square = equations(case, 3)[1]
    assert [flat(right, Ink()).plain for right in square.rights] == ["(a₁₁ − y₁₁)²", "(3 − (-4))²", "7²", "49"]


def test_the_file_and_the_example_are_explained_alike(tmp_path):
    for name, rows in (("p", "300000,3\n500000,4\n"), ("t", "350000,4\n450000,3\n")):
        (tmp_path / f"{name}.csv").write_text("price,bedrooms\n" + rows)
    pair = open_pair(str(tmp_path / "p.csv"), str(tmp_path / "t.csv"), InputOptions())
    assert explain(case_of(pair)) == explain(case_of(house_example()))


def test_sections_can_be_chosen():
    lesson = explain(case_of(house_example()), sections=frozenset({3, 5}))
    assert [step.number for step in lesson.steps] == [3, 5]


def fields(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def test_no_text_is_missing_in_a_language():
    english = TEXTS["en"]
    for texts in TEXTS.values():
        assert list(texts) == list(english)
        assert all(text.strip() for text in texts.values())
        for key, text in texts.items():
            assert sorted(set(fields(text))) == sorted(set(fields(english[key]))), key


def test_chinese_sentences_are_chinese():
    for key, text in TEXTS["zh"].items():
        if text != TEXTS["en"][key]:
            assert any("\u4e00" <= c <= "\u9fff" or c in "、：（；，" for c in text), key
    same = {key for key, text in TEXTS["zh"].items() if text == TEXTS["en"][key]}
    assert same == {"conventions.half_per_sample.users"}


def test_every_text_is_used(tmp_path):
    generator = np.random.default_rng(0)
    big = generator.normal(size=(20, 9))
    nan = math.nan
    house, right = house_example(), pair_of([[1.0]], [[1.0]])
    (tmp_path / "keyed.csv").write_text("id,y\na,1\nb,2\n")
    cases = [
        case_of(open_pair(*[str(tmp_path / "keyed.csv")] * 2, InputOptions(key="id"))),
        case_of(house),
        case_of(house, cell=(2, 2), learning_rate=9.0, files=("-", "y")),
        case_of(pair_of([[1e-200]], [[2e-200]])),
        case_of(pair_of(big, big + 1, weights=np.ones((20, 9))), learning_rate=900.0, files=("t",)),
        case_of(pair_of([[1, nan]], [[3, 4]], missing="skip-cell")),
        case_of(right, files=()),
        case_of(pair_of(big, big + 1)),
        case_of(pair_of([[1e200]], [[0.0]])),
        case_of(integers([[2**60 + 1]], [[2**60]])),
        case_of(pair_of([[1.0], [2.0]], [[2.0], [4.0]])),
        case_of(pair_of([[1.0, 2.0]], [[2.0, 4.0]])),
    ]
    used = set()

    class Recording(dict):
        def __getitem__(self, key):
            used.add(key)
            return super().__getitem__(key)

    recording = Recording(TEXTS["en"])
    from mse_cli.explanation.sections import SECTIONS, data, opening

    for case in cases:
        opening(recording)
        data(case, recording)
        setup(case, recording)
        for section in SECTIONS:
            section(case, recording)
    assert set(TEXTS["en"]) - used == {"title", "fail"}


def test_columns_shown_always_hold_the_traced_one():
    for count in range(1, 12):
        for traced in range(count):
            columns = shown(count, 5, traced)
            assert traced in columns
            assert len(columns) == min(count, 5)
            assert list(columns) == sorted(set(columns))


def test_paragraphs_hold_words_and_formulas_only():
    for step in explain(case_of(house_example())).steps:
        for part in step.parts:
            if isinstance(part, Paragraph):
                assert not any("{" in piece.text for piece in part.parts if isinstance(piece, Words))


@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (1, 4)])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_row_or_column_has_no_empty_step(shape, weighted):
    weights = np.arange(1.0, 1 + shape[0]).reshape(-1, 1) if weighted else None
    case = case_of(random_pair(7, shape, weights=weights))
    for equation in equations(case, 4):
        sides = list(map(repr, (equation.left, *equation.rights)))
        assert len(set(sides)) == len(sides)
        ones = [grid for right in equation.rights for grid in grids(right) if grid.rows == ((Number(1),),)]
        assert ones == []
    assert last_number(equations(case, 4)[-1]) == case.result.sse


@pytest.mark.parametrize("digits", [4, 9])
def test_digits_hold_for_all_numbers(digits):
    screen = Screen(None)
    lesson = explain(case_of(random_pair(3, (20, 3)), digits=digits), sections=frozenset(range(1, 10)))
    numbers = re.findall(r"[0-9][0-9.]*", "".join(render_lesson(lesson, screen)))
    significant = [len(number.strip(".").replace(".", "").strip("0")) for number in numbers]
    assert max(significant) == digits


def test_digits_that_only_show_rounding_are_left_out():
    case = case_of(pair_of([[300000.1, 0.3]], [[229354.69, 0.1]]))
    assert flat(equations(case, 2)[1].rights[-1], Ink()).plain == "70645.41"
    exact = [flat(equation.rights[-1], Ink()).plain for equation in (*equations(case, 4), *equations(case, 5))]
    assert repr(case.result.sse) in exact
    assert repr(case.result.mse) in exact


def programs(case, language="en"):
    (step,) = explain(case, language=language, sections=frozenset({10})).steps
    return [part for part in step.parts if isinstance(part, Code)]


@pytest.mark.parametrize("language", list(TEXTS))
@pytest.mark.parametrize("shape", [(2, 2), (1, 1), (40, 12)])
def test_the_program_runs_and_prints_what_is_shown(capsys, language, shape):
    definition, run = programs(case_of(random_pair(8, shape)), language)
    exec(definition.source + "\n" + run.source, {})
    assert capsys.readouterr().out == run.output + "\n"


def test_the_program_prints_the_house_numbers_and_has_no_run_with_weights():
    assert programs(case_of(house_example()))[1].output == "1250000000.5\n[[-25000.0, -0.5], [25000.0, 0.5]]"
    assert len(programs(case_of(pair_of([[1, 2]], [[3, 5]], weights=[[1, 2]])))) == 1


@pytest.mark.parametrize("values", [[[-0.0, 2.0]], [[-0.0, 2.5]], np.random.default_rng(0).normal(size=(30, 12)) * 1e4])
def test_a_program_prints_what_is_shown_to_the_last_digit(capsys, values):
    definition, run = programs(case_of(pair_of(values, np.zeros_like(values)), cell=(1, 1)))
    exec(definition.source + "\n" + run.source, {})
    assert capsys.readouterr().out == run.output + "\n"


@pytest.mark.parametrize("language", list(TEXTS))
def test_integers_that_float64_rounds_are_not_given_to_a_program(language):
    lesson = explain(case_of(integers([[2**60 + 1, 5]], [[2**60, 6]])), language=language)
    assert not lesson.setup
    assert not any(step.program for step in lesson.steps)
    assert len([part for part in lesson.steps[9].parts if isinstance(part, Code)]) == 1
    assert sentence_of(TEXTS[language]["code.integers"]) in lesson.steps[9].parts
    exact = explain(case_of(integers([[2**52, 5]], [[2**52 - 1, 6]])))
    assert exact.setup
    assert exact.steps[5].program


def sentence_of(text):
    return Paragraph((Words(text),))


def test_programs_that_have_a_part_alone_say_so():
    lesson = explain(case_of(random_pair(0, (30, 12))))
    said = f"# {TEXTS['en']['code.shown']}\n"
    assert said in lesson.setup
    assert [step.number for step in lesson.steps if step.program.startswith(said)] == [4, 5, 6, 7, 8]
    assert said not in str(explain(case_of(random_pair(0, (3, 2)))))


def test_squares_beyond_float64_are_said_to_be():
    for values, kind in (([[1e200]], "infinite"), ([[1e-200]], "vanishing"), ([[3.0]], None), ([[0.0]], None)):
        parts = explain(case_of(pair_of(values, [[0.0]]))).steps[2].parts
        for name in ("infinite", "vanishing"):
            assert (sentence_of(TEXTS["en"][f"se.{name}"]) in parts) == (name == kind)


@pytest.mark.parametrize("language", list(TEXTS))
@pytest.mark.parametrize(("shape", "said"), [((3, 1), "column"), ((1, 3), "row"), ((1, 1), None), ((2, 2), "both")])
def test_there_is_no_first_without_a_then(language, shape, said):
    parts = explain(case_of(random_pair(0, shape)), language=language).steps[3].parts
    there = {key for key in ("column", "row", "down", "across") if sentence_of(TEXTS[language][f"sse.{key}"]) in parts}
    assert there == ({"down", "across"} if said == "both" else {said} - {None})


# What the text that is taught from says, each with words of the lesson that say it.
CONTENT = {
    "what it is for": ("In regression a model predicts numbers", "回归问题"),
    "A is judged against Y": ("how far the predictions A", "预测值 A 与真实值 Y 相差多少"),
    "N and C": (
        "N = 2 (samples: the batch size) and C = 2 (outputs)",
        "N = 2（样本数，即批量大小），C = 2（输出",
    ),
    "SE": ("SE = E ⊙ E", "SE = E ⊙ E"),
    "ι": ("ι_N is a column of N ones, ι_C one of C ones", "ι_N、ι_C 分别是 N 维、C 维全 1 列向量"),
    "SSE": ("SSE = ι_Nᵀ · SE · ι_C = Σᵢ Σⱼ seᵢⱼ", "SSE = ι_Nᵀ · SE · ι_C = Σᵢ Σⱼ seᵢⱼ"),
    "the double sum": ("Σᵢ Σⱼ (aᵢⱼ − yᵢⱼ)²", "Σᵢ Σⱼ (aᵢⱼ − yᵢⱼ)²"),
    "the mean": ("not by N alone", "而不是只除以 N"),
    "the derivation": ("by the chain rule the slope is a product of three", "导数是三个因子之积"),
    "the meaning": ("where the loss grows fastest, so go the other way", "损失增大最快的方向，因此应沿其反方向"),
    "the sign rule": ("the gradient -25000 negative: raise it", "梯度 -25000 为负：应增大"),
    "the class": ("class MSELoss:", "class MSELoss:"),
    "the run": ("[[-25000.0, -0.5], [25000.0, 0.5]]", "[[-25000.0, -0.5], [25000.0, 0.5]]"),
    "what comes next": ("the first link of backpropagation", "反向传播的第一环"),
    "parameters, not predictions": ("not the predictions", "被更新的是参数，而不是预测值"),
}


@pytest.mark.parametrize(("language", "place"), [("en", 0), ("zh", 1)])
def test_all_that_is_taught_is_said(language, place):
    lesson = explain(case_of(house_example(language)), language=language)
    text = "".join("".join(render_lesson(lesson, Screen(None))).split())
    assert [name for name, words in CONTENT.items() if "".join(words[place].split()) not in text] == []


def shown_in(case, number):
    """A section as text, without its line ends."""
    lesson = explain(case, language="en", sections=frozenset([number]))
    return " ".join("".join(render_lesson(lesson, Screen(None))).split())


def test_the_columns_sums_add_up_to_sse_as_they_are_shown():
    text = shown_in(case_of(pair_of([[300000.1, 3]], [[229354.69, -4]])), 4)
    assert "= 4990773954.068096 + 49 = 4990774003.068096" in text


def test_all_of_sse_is_said_of_all_alone():
    assert "99.99 % of SSE" in shown_in(case_of(pair_of([[300000.1, 3]], [[229354.69, -4]])), 4)
    assert "100 % of SSE" in shown_in(case_of(pair_of([[2.0, 3.0]], [[1.0, 3.0]])), 4)


@pytest.mark.parametrize(("error", "power"), [(1e-5, "(1e-5)²"), (-1e-5, "(-1e-5)²"), (2e20, "(2e20)²"), (2.0, " 2²")])
def test_a_power_of_a_power_stands_in_parentheses(error, power):
    assert f"= {power.strip()} =" in shown_in(case_of(pair_of([[error], [0.0]], [[0.0], [0.0]])), 3)


def test_what_only_shows_the_rounding_of_float64_is_not_added_up():
    case = case_of(pair_of([[1.0, 2.0, 3.0]], [[1.1, -2.0, 3.3]]), cell=(1, 3))
    assert "= 0.01 + 16 + 0.09 = 16.1" in shown_in(case, 4)
    assert "(-0.3)² = 0.09 " in shown_in(case, 3)


def test_the_losses_of_a_check_differ_by_what_they_say():
    case = case_of(pair_of([[1e6, 1e-3]], [[0.0, 0.0]]), cell=(1, 2))
    text = shown_in(case, 8)
    assert "505000000100 − 504999999900" in text
    assert "2·100000" in text
    assert " = 0.001 " in text


def test_a_loss_too_small_for_float64_is_not_checked():
    text = shown_in(case_of(pair_of([[1e-200, 1e-201]], [[2e-200, 3e-201]])), 8)
    assert "smaller here than float64 can show" in text
    assert "-0" not in text


def test_no_root_of_infinity():
    assert "RMSE = √MSE = 2e200" in shown_in(case_of(pair_of([[1e200]], [[-1e200]])), 5)
