"""Rows matched by keys: found by hashes and confirmed, or one by one, with the same result and the same words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mse_cli.errors import ParseError
from mse_cli.readers.key_search import key_index, packed_keys
from mse_cli.readers.key_search.key_index import IndexByHash, IndexByText, index_of
from mse_cli.readers.key_search.packed_keys import beside_each_other, pack
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.text import parsing, text_file
from mse_cli.running.evaluation import evaluate

KEY = st.text("ab0\0é北", max_size=4) | st.text("xy", min_size=7, max_size=18) | st.integers(0, 99).map(str)
KEYS = st.lists(KEY, max_size=20)


def spoil(patch, mix):
    """Give keys the same hash, with 0, or one of few, with another even number."""
    patch.setattr(packed_keys, "MIX", np.uint64(mix))
    patch.setattr(packed_keys, "_are_short", lambda data, starts: False)


@pytest.fixture(params=["hashes", "one hash for all", "few hashes"])
def hashing(request, monkeypatch):
    """Keys with good hashes, and with hashes that are of no use."""
    if request.param != "hashes":
        spoil(monkeypatch, 0 if request.param == "one hash for all" else 2**62)


def settings_of(examples):
    return settings(max_examples=examples, deadline=None)


@settings_of(300)
@given(keys=KEYS, others=KEYS)
def test_an_index_finds_each_key_where_it_stands(keys, others):
    held = list(dict.fromkeys(keys))
    index = index_of(pack(held))
    wanted = [*held[::-1], *others]
    assert index.find(wanted).tolist() == [held.index(key) if key in held else -1 for key in wanted]
    assert index.find(pack(wanted)).tolist() == index.find(wanted).tolist()


@settings_of(100)
@given(keys=KEYS, others=KEYS)
def test_keys_are_found_whatever_their_hashes_are(keys, others):
    with pytest.MonkeyPatch.context() as patch:
        spoil(patch, 2**62)
        held = list(dict.fromkeys(keys))
        wanted = [*held, *others]
        assert index_of(pack(held)).find(wanted).tolist() == [held.index(k) if k in held else -1 for k in wanted]


@settings_of(100)
@given(parts=st.lists(KEYS, max_size=4))
def test_packed_keys_are_the_keys(parts):
    keys = [key for part in parts for key in part]
    packed = beside_each_other([pack(part) for part in parts])
    assert list(packed) == keys == list(packed[:])
    assert [packed[i] for i in range(-len(keys), len(keys))] == keys * 2
    assert packed.hashes.tolist() == pack(keys).hashes.tolist()


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 70_000])
def test_many_keys_of_any_length_are_found(n):
    chance = np.random.default_rng(n)
    keys = [f"{i}" + "x" * (i % 12) if i % 7 else f"the key number {i}" for i in chance.permutation(n).tolist()]
    index = index_of(pack(keys))
    assert isinstance(index, IndexByHash)
    order = chance.permutation(n)
    assert index.find([keys[i] for i in order.tolist()]).tolist() == order.tolist()
    assert index.find(["", "no", "-1", "0" * 9]).tolist() == [-1] * 4


def test_keys_that_occur_again_are_told_each_time_they_do():
    index = index_of(pack(["a", "b", "a", "c", "b", "a"]))
    assert isinstance(index, IndexByText)
    assert index.repeated == ["a", "b", "a"]
    assert index.find(["a", "d"]).tolist() == [0, -1]


def test_hashes_that_are_alike_by_more_than_chance_are_not_searched(monkeypatch):
    monkeypatch.setattr(key_index, "MOST_ALIKE", 1)
    keys = [str(i) for i in range(500)]
    index = index_of(pack(keys))
    assert isinstance(index, IndexByText)
    assert index.find(keys).tolist() == list(range(500))


def test_two_hashes_that_begin_alike_are_two_keys():
    keys = pack([str(i) for i in range(200)])
    keys.hashes[:] = np.repeat(np.arange(100, dtype=np.uint64) << np.uint64(57), 2) + np.arange(200, dtype=np.uint64)
    index = index_of(keys)
    assert isinstance(index, IndexByHash)
    assert index._find(keys.hashes).tolist() == list(range(200))
    assert index._find(keys.hashes + np.uint64(200)).tolist() == [-1] * 200


def written(folder, name, rows):
    path = folder / name
    path.write_text("id,a,w\n" + "".join(f"{key},{number},1\n" for key, number in rows))
    return str(path)


ROWS = [(f"key-{i}", i) for i in range(300)]
SHUFFLED = [ROWS[i] for i in np.random.default_rng(5).permutation(300).tolist()]
WRONG = {
    "missing and extra": (
        [*SHUFFLED[:299], ("x", 1)],
        f"the two files do not hold the same keys: '{SHUFFLED[299][0]}' only in .*p.csv; 'x' only in .*t.csv",
    ),
    "one fewer": (SHUFFLED[1:], f"the same keys: '{SHUFFLED[0][0]}' only in .*p.csv$"),
    "repeated": ([*SHUFFLED, ("key-7", 0)], "t.csv: a key occurs more than once: 'key-7'"),
}


@pytest.fixture(params=[(), ("simdjson",), ("pyarrow",), ("simdjson", "pyarrow")])
def installed(request, monkeypatch):
    """With and without the extras."""
    monkeypatch.setattr(parsing, "FEWEST_FAST_BYTES", 0)
    monkeypatch.setattr(parsing, "is_installed", request.param.__contains__)


@pytest.mark.parametrize("size", [64, 1 << 20])
def test_the_rows_of_two_files_are_matched(tmp_path, monkeypatch, installed, hashing, size):
    monkeypatch.setattr(text_file, "PIECE_BYTES", size)
    first = written(tmp_path, "p.csv", [(key, number + 2) for key, number in ROWS])
    second = written(tmp_path, "t.csv", [(f" {key}\t" if number == 9 else key, number) for key, number in SHUFFLED])
    options = InputOptions(key="id", pred="a", true="a")
    pair = open_pair(first, second, options)
    rows = np.concatenate([block.prediction for block in pair.blocks()])
    assert rows.ravel().tolist() == [number + 2 for _, number in ROWS]  # in the order of the first
    assert all((block.prediction - block.target == 2).all() for block in pair.blocks())


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("size", [64, 1 << 20])
def test_keys_that_do_not_fit_are_told_in_the_same_words(tmp_path, monkeypatch, installed, hashing, kind, size):
    monkeypatch.setattr(text_file, "PIECE_BYTES", size)
    rows, words = WRONG[kind]
    paths = written(tmp_path, "p.csv", ROWS), written(tmp_path, "t.csv", rows)
    with pytest.raises(ParseError, match=words):
        evaluate(*paths, key="id", pred_columns="a", true_columns="a")
    if kind == "repeated":
        with pytest.raises(ParseError, match=words):
            evaluate(*paths[::-1], key="id", pred_columns="a", true_columns="a")


def test_a_hash_shared_by_keys_of_both_files_is_no_match(tmp_path, monkeypatch):
    spoil(monkeypatch, 0)
    paths = written(tmp_path, "p.csv", [("a", 1)]), written(tmp_path, "t.csv", [("a longer key", 1)])
    with pytest.raises(ParseError, match="no key is both in"):
        evaluate(*paths, key="id", pred_columns="a", true_columns="a")
