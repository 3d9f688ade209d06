"""Rows counted and cut: any run of rows of any files is what the whole holds there."""

import bz2
import gzip
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mse_cli.errors import MseError, ParseError, ShapeError, UsageError
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.text import counting, text_file
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running import partitions as planning
from mse_cli.running.partitions import (
    files_with_rows,
    is_counted,
    partition,
    partitions_of,
    paths_read,
    with_counted_rows,
)

CELLS = st.sampled_from(["1.5", "-2", "NA", '"3"', '" 4"', "1e300"])
LINES = st.lists(st.one_of(st.tuples(CELLS, CELLS).map(",".join), st.just("# a comment")), min_size=1, max_size=40)


def rows_of(pair) -> np.ndarray:
    """Prediction and target of all blocks side by side."""
    return np.vstack([np.hstack([block.prediction, block.target]) for block in pair.blocks()])


def opened(a, y, missing="fail", **options):
    return open_pair(str(a), str(y), InputOptions(dialect=Dialect(missing=missing), **options))


@pytest.fixture
def tiny(monkeypatch):
    """Pieces of a few bytes, so that small files are cut."""
    small_pieces(monkeypatch)


def small_pieces(patch) -> None:
    patch.setattr(counting, "PIECE_BYTES", 16)
    patch.setattr(text_file, "PIECE_BYTES", 16)
    patch.setattr(counting, "RANGE_BYTES", 50)
    patch.setattr(planning, "PARTITION_CELLS", 8)


@settings(max_examples=60, deadline=None)
@given(lines=LINES, end=st.sampled_from(["", "\n", "\r\n", "\n\n", "\n \n"]), windows=st.booleans(), data=st.data())
def test_any_rows_of_a_counted_text_are_those_of_the_whole(tmp_path_factory, lines, end, windows, data):
    lines = ["1,2", *lines]
    path = tmp_path_factory.mktemp("text") / "a.csv"
    path.write_bytes((("\r\n" if windows else "\n").join(lines) + end).encode())
    pair = opened(path, path, missing="skip-cell")
    whole = rows_of(pair)
    with pytest.MonkeyPatch.context() as patch:
        small_pieces(patch)
        counted = with_counted_rows(pair, map)
        assert counted.n_rows == len(whole)
        start = data.draw(st.integers(0, len(whole) - 1))
        stop = data.draw(st.integers(start + 1, len(whole)))
        np.testing.assert_array_equal(rows_of(partition(counted, range(start, stop))), whole[start:stop])
        np.testing.assert_array_equal(np.vstack([rows_of(part) for part in partitions_of(counted)]), whole)


def test_a_part_of_a_text_holds_the_pieces_of_its_rows_alone(tmp_path, tiny):
    path = tmp_path / "a.csv"
    path.write_text("1,2\n" * 12)  # 4 rows a piece
    text = with_counted_rows(opened(path, path), map).streams[0].files[0]
    held = {rows: len(text.part(range(*rows)).counted.pieces) for rows in [(0, 4), (4, 8), (3, 5), (0, 12)]}
    assert held == {(0, 4): 1, (4, 8): 1, (3, 5): 2, (0, 12): 3}


def test_a_large_text_is_counted_in_ranges_and_one_with_quotes_from_its_start(tmp_path, tiny):
    plain, quoted = tmp_path / "plain.csv", tmp_path / "quoted.csv"
    plain.write_text("1,2\n" * 100)
    quoted.write_text("name,x\n" + '"a\n""b",1\n' * 50)
    pair = opened(plain, plain)
    asked = []

    def noting(function, items):
        asked.append(len(items))
        return map(function, items)

    counted = with_counted_rows(pair, noting)
    assert counted.n_rows == 100
    assert asked == [8, 0]  # 2 · 8 ranges, two at a time
    asked.clear()
    pair = opened(quoted, quoted, pred="x", true="x")
    counted = with_counted_rows(pair, noting)
    assert counted.n_rows == 50
    assert asked[1] == 2
    assert len(partitions_of(counted)) > 10


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_compressed_texts_are_parts_of_their_own(tmp_path, tiny, pack):
    for k in range(3):
        (tmp_path / f"a{k}.csv.gz").write_bytes(pack(f"{k},1\n".encode() * 20))
    np.save(tmp_path / "y.npy", np.zeros((60, 2)))
    pair = with_counted_rows(opened(tmp_path / "y.npy", tmp_path / "a?.csv.gz"), map)
    assert [part.n_rows for part in partitions_of(pair)] == [20, 20, 20]
    np.testing.assert_array_equal(rows_of(partition(pair, range(15, 45)))[:, 2], [0] * 5 + [1] * 20 + [2] * 5)


def test_errors_keep_their_line(tmp_path, tiny):
    path, good = tmp_path / "a.csv", tmp_path / "y.csv"
    path.write_text("p,q\n" + "1,2\n" * 70 + "1,x\n" + "1,2\n" * 29)
    good.write_text("p,q\n" + "1,2\n" * 100)
    pair = with_counted_rows(opened(path, good), map)
    for part in (pair, *[part for part in partitions_of(pair) if part.first_row <= 70 < part.first_row + part.n_rows]):
        with pytest.raises(ParseError, match=r"a\.csv, line 72, column 2 \(q\): 'x' is not a number"):
            rows_of(part)


@pytest.mark.parametrize("text", ["12\n" * 40 + "\n" + "12\n" * 40, "12\n" * 3 + "\n" * 40 + "12\n" * 40])
def test_a_blank_line_between_rows_is_still_an_error(tmp_path, tiny, text):
    path = tmp_path / "a.csv"
    path.write_text(text)
    line = text.split("\n").index("") + 1
    with pytest.raises(ParseError, match=rf"a\.csv, line {line}: a blank line between rows"):
        with_counted_rows(opened(path, path), map)


@pytest.fixture
def shards(tmp_path: Path):
    """Three files of 10 rows a side."""
    for side, k in itertools.product("ay", range(3)):
        (tmp_path / side).mkdir(exist_ok=True)
        np.save(tmp_path / side / f"part-{k}.npy", np.full((10, 2), k, dtype=float))
    return tmp_path


def test_shards_and_files(shards):
    pair = with_counted_rows(opened(f"{shards}/a/", f"{shards}/y/"), map)
    assert files_with_rows(pair) == [(f"{shards}/a/part-{k}.npy", range(10 * k, 10 * k + 10)) for k in range(3)]
    assert paths_read(pair) == [shards / side / f"part-{k}.npy" for side in "ay" for k in range(3)]
    assert with_counted_rows(pair, map) is pair
    assert is_counted(pair)


@pytest.mark.parametrize("suffix", ["npy", "csv"])
def test_a_side_that_is_too_short_names_the_file(shards, suffix):
    for side, k in itertools.product("ay", range(3)):
        path = shards / side / f"part-{k}.npy"
        if suffix == "csv":
            np.savetxt(path.with_suffix(".csv"), np.load(path), delimiter=",")
            path.unlink()
    short = shards / "y" / f"part-1.{suffix}"
    np.save(short, np.zeros((9, 2))) if suffix == "npy" else np.savetxt(short, np.zeros((9, 2)), delimiter=",")
    with pytest.raises(ShapeError, match=r"30×2, .* is 29×2") as caught:
        with_counted_rows(opened(f"{shards}/a/", f"{shards}/y/"), map)
    assert "y/part-1." in caught.value.hint
    assert "has 9 rows" in caught.value.hint
    short.unlink()
    with pytest.raises(ShapeError, match=r"30×2, .* is 20×2") as caught:
        with_counted_rows(opened(f"{shards}/a/", f"{shards}/y/"), map)
    assert caught.value.hint == f"{shards}/y/ has no part-1"


def test_bad_shards_are_named(shards):
    bad = shards / "a" / "part-1.npy"
    np.save(bad, np.zeros((10, 3)))
    with pytest.raises(MseError, match=r"part-1\.npy: has 3 columns"):
        opened(f"{shards}/a/", f"{shards}/y/")
    bad.write_bytes(bad.read_bytes()[:-1])
    with pytest.raises(MseError, match=r"part-1\.npy: the file is truncated"):
        opened(f"{shards}/a/", f"{shards}/y/")
    bad.unlink()
    bad.symlink_to("nowhere")
    with pytest.raises(MseError, match=r"part-1\.npy: no such file"):
        opened(f"{shards}/a/part-*.npy", f"{shards}/y/")


def test_hidden_files_are_no_shards_and_an_empty_folder_is_an_error(shards):
    for name in ("_SUCCESS", ".part-0.npy.crc"):
        (shards / "a" / name).touch()
    assert opened(f"{shards}/a/", f"{shards}/y/").n_rows == 30
    (shards / "empty").mkdir()
    with pytest.raises(MseError, match="empty/: holds no files"):
        opened(f"{shards}/empty/", f"{shards}/y/")


def test_rows_matched_by_a_key_are_one_part(tmp_path):
    a, y = tmp_path / "a.csv", tmp_path / "y.csv"
    a.write_text("id,x\na,1\nb,2\n")
    y.write_text("id,x\nb,2\na,5\n")
    pair = with_counted_rows(opened(a, y, key="id"), map)
    assert len(partitions_of(pair)) == 1


def test_standard_input_has_no_parts(tmp_path, monkeypatch):
    (tmp_path / "y.csv").write_text("1\n2\n")
    with (tmp_path / "y.csv").open("rb") as stream:
        monkeypatch.setattr("mse_cli.readers.sources.pipe._standard_input", lambda: stream)
        pair = opened("-", tmp_path / "y.csv", read_again=False)
        with pytest.raises(UsageError, match="standard input cannot be read in parts"):
            with_counted_rows(pair, map)


def test_parts_are_few_enough_for_a_scheduler(monkeypatch, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((1000, 1)))
    monkeypatch.setattr(planning, "PARTITION_CELLS", 1)
    monkeypatch.setattr(planning, "MOST_PARTITIONS", 10)
    pair = with_counted_rows(opened(tmp_path / "a.npy", tmp_path / "a.npy"), map)
    assert len(partitions_of(pair)) == 10
