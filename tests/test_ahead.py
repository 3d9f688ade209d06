"""Texts that are parsed ahead in threads: when they are, and that nothing else changes."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mse_cli.errors import MseError, ParseError
from mse_cli.readers.keys import Joined
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.sources.ahead import not_ahead, ordered
from mse_cli.readers.text import parsing, text_file
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running import backend
from mse_cli.running.backend import backend_for, matrices_of
from mse_cli.running.evaluation import evaluate_pair


def test_results_come_in_order_a_few_ahead_of_their_use():
    taken = []
    with ThreadPoolExecutor(2) as pool:
        results = ordered(lambda n: n * n, (taken.append(n) or n for n in range(9)), pool=pool, ahead=3)
        assert next(results) == 0
        assert taken == [0, 1, 2]
        assert list(results) == [1, 4, 9, 16, 25, 36, 49, 64]


def test_an_error_is_raised_where_its_item_stands():
    with ThreadPoolExecutor(2) as pool:
        results = ordered(lambda n: 6 // n, [3, 2, 0, 1], pool=pool, ahead=3)
        assert [next(results), next(results)] == [2, 3]
        with pytest.raises(ZeroDivisionError):
            next(results)


@pytest.fixture
def small(monkeypatch):
    """Small files are large, and have many pieces."""
    monkeypatch.setattr(backend, "LARGE_TEXT", 1)
    monkeypatch.setattr(backend, "cores", lambda: 2)
    monkeypatch.setattr(parsing, "FEWEST_FAST_BYTES", 0)
    monkeypatch.setattr(text_file, "PIECE_BYTES", 100)


def write(folder, name, rows, header="n,a,b\n"):
    path = folder / name
    path.write_text(header + "".join(f"{row}\n" for row in rows))
    return str(path)


def files_of(there):
    return [file for matrix in matrices_of(there.pair) for file in matrix.files]


def cells(n):
    return [f"{i},{'' if i % 11 == 0 else i / 7},{i}" for i in range(n)]


def outcome(pair, jobs):
    """The result, or the error in words."""
    try:
        with backend_for(pair, jobs=jobs) as there:
            return evaluate_pair(there, worst=3, kept=(2, None)).result
    except MseError as error:
        return type(error), str(error), error.hint


KINDS = {
    "missing cells": InputOptions(pred="a,b", true="a,b", dialect=Dialect(missing="skip-cell")),
    "rows left out": InputOptions(pred="b,a", true="a,b", dialect=Dialect(missing="skip-row")),
    "an unused column": InputOptions(pred="b", true="n"),
    "keys": InputOptions(key="n", pred="b", true="b"),
    "keys and weights": InputOptions(
        key="n", pred="a", true="a", weight_column="b", dialect=Dialect(missing="skip-cell")
    ),
}
LATER = {
    "as it is": lambda rows: rows,
    "a word": lambda rows: [*rows[:250], "250,x,x", *rows[251:]],
    "a row fewer": lambda rows: rows[:-1],
    "a blank line": lambda rows: [*rows[:90], "", *rows[90:]],
    "a comment": lambda rows: [*rows[:90], "# comment", *rows[90:]],
    "a quote": lambda rows: [*rows[:90], '"90","4","1"', *rows[91:]],
    "a row too long": lambda rows: [*rows[:200], "1,2,3,4", *rows[200:]],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", LATER)
def test_ahead_or_not_is_the_same_to_the_bit_and_to_the_word(tmp_path, small, kind, change):
    first = write(tmp_path, "p.csv", cells(300))
    second = write(tmp_path, "t.csv", LATER[change](cells(300)))
    pair = open_pair(first, second, KINDS[kind])
    with backend_for(pair, jobs=2) as there:
        assert all(file.ahead is not not_ahead for file in files_of(there))
        assert all(stream.ahead is not not_ahead for stream in there.pair.streams if isinstance(stream, Joined))
    assert outcome(pair, jobs=2) == outcome(pair, jobs=1)


def test_pieces_are_parsed_in_other_threads(tmp_path, small, monkeypatch):
    path = write(tmp_path, "p.csv", cells(300))
    seen = set()
    parse = text_file.parse_piece
    monkeypatch.setattr(text_file, "parse_piece", lambda *a, **k: (seen.add(threading.get_ident()), parse(*a, **k))[1])
    outcome(open_pair(path, path, KINDS["missing cells"]), jobs=2)
    assert seen
    assert threading.get_ident() not in seen


@pytest.mark.parametrize(
    ("installed", "options", "text", "ahead"),
    [
        ({"pyarrow", "simdjson"}, KINDS["missing cells"], "n,a,b\n", True),
        ({"pyarrow", "simdjson"}, KINDS["an unused column"], "n,a,b\n", True),
        ({"pyarrow", "simdjson"}, KINDS["keys"], "n,a,b\n", True),
        ({"pyarrow", "simdjson"}, InputOptions(), "n,a,b\n", False),
        ({"pyarrow"}, InputOptions(), "n,a,b\n", True),
        ({"simdjson"}, KINDS["missing cells"], "n,a,b\n", False),
        (set(), KINDS["keys"], "n,a,b\n", False),
        ({"pyarrow", "simdjson"}, KINDS["missing cells"], "n a b\n", False),
    ],
)
def test_pyarrow_parses_ahead(tmp_path, small, monkeypatch, installed, options, text, ahead):
    monkeypatch.setattr(parsing, "is_installed", installed.__contains__)
    rows = [row.replace(",", text[1]) for row in ("1,2,3", "4,5,6")]
    path = write(tmp_path, "p.csv", rows, header=text)
    pair = open_pair(path, path, options)
    with backend_for(pair) as there:
        assert [file.ahead is not not_ahead for file in files_of(there)] == [ahead, ahead]
    with backend_for(pair, jobs=1) as there:
        assert [file.ahead for file in files_of(there)] == [not_ahead, not_ahead]


def test_small_texts_are_parsed_as_they_are_read(tmp_path):
    path = write(tmp_path, "p.csv", cells(5))
    with backend_for(open_pair(path, path, KINDS["missing cells"])) as there:
        assert [file.ahead for file in files_of(there)] == [not_ahead, not_ahead]


def test_a_standard_input_is_parsed_ahead_too(tmp_path, mse):
    rows = "".join(f"{row}\n" for row in cells(400_000))
    (tmp_path / "t.csv").write_text(rows)
    options = ["--pred", "2,3", "--true", "2,3", "--missing", "skip-cell", "--header", "no", "--only", "mse"]
    assert mse("compute", "-", "t.csv", *options, input=rows).stdout == "0\n"


def test_nothing_is_left_running_after_an_error(tmp_path, small):
    path = write(tmp_path, "p.csv", [*cells(300), "x,x,x"])
    before = threading.active_count()
    with (
        pytest.raises(ParseError, match="line 302, column 2"),
        backend_for(open_pair(path, path, KINDS["missing cells"]), jobs=2) as there,
    ):
        evaluate_pair(there)
    end = time.monotonic() + 10  # they are not waited for
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.01)
    assert threading.active_count() == before
    assert "pyarrow" in sys.modules
    assert np.geterr()["over"] == "warn"
