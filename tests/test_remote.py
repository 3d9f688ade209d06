"""Files through fsspec: the same bits as from the disk, ranges only, and errors without secrets."""

import asyncio
import itertools
import subprocess
import sys

import fsspec
import numpy as np
import pytest
from conftest import Run, check_refused
from fsspec.asyn import AsyncFileSystem

from mse_cli.errors import InputError, MseError, UsageError
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.sources.remote import address as remote
from mse_cli.readers.sources.remote import systems
from mse_cli.running.backend import here
from mse_cli.running.evaluation import evaluate, evaluate_pair
from mse_cli.running.partitions import partition, with_counted_rows

A, Y = np.random.default_rng(0).normal(size=(2, 300, 3))


@pytest.fixture
def store(tmp_path):
    """Shards in fsspec's memory, cut differently on the two sides, and the same rows on the disk."""
    memory = fsspec.filesystem("memory")
    for side, array, cuts in (("a", A, [0, 100, 250, 300]), ("y", Y, [0, 200, 300])):
        np.save(tmp_path / f"{side}.npy", array)
        for k, (start, stop) in enumerate(itertools.pairwise(cuts), 9):  # part-9 comes before part-10
            with memory.open(f"/{side}/part-{k}.npy", "wb") as stream:
                np.save(stream, array[start:stop])
            with memory.open(f"/{side}-csv/part-{k}.csv", "wb") as stream:
                np.savetxt(stream, array[start:stop], delimiter=",", fmt="%.17g")
    memory.pipe("/a/_SUCCESS", b"")
    yield tmp_path
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.mark.parametrize(
    "pair",
    [
        ("memory://a/", "memory://y/"),
        ("memory://a-csv/", "memory://y/part-*.npy"),
        ("memory://a/part-*.npy", "memory://y-csv/"),
    ],
)
def test_remote_shards_give_the_same_bits(store, pair):
    local = evaluate(str(store / "a.npy"), str(store / "y.npy"), worst=3)
    assert evaluate(*pair, worst=3) == local
    counted = with_counted_rows(open_pair(*pair, InputOptions()), map)
    assert evaluate_pair(here(counted), worst=3).result == local


def test_a_part_reads_its_range_alone(store, monkeypatch):
    memory = fsspec.filesystem("memory")
    with memory.open("/big.npy", "wb") as stream:
        np.save(stream, np.zeros((2_000_000, 4)))  # 64 MB
    pair = with_counted_rows(open_pair("memory://big.npy", "memory://big.npy", InputOptions()), map)
    read = []
    original = remote._Translated.readinto

    def counting(self, buffer):
        count = original(self, buffer)
        read.append(count)
        return count

    monkeypatch.setattr(remote._Translated, "readinto", counting)
    for block in partition(pair, range(1_000_000, 1_010_000)).blocks():
        assert not block.prediction.any()
    assert 2 * 320_000 <= sum(read) < 2 * 320_000 + 4 * remote.BUFFER_BYTES


def test_requests_are_made_together_and_end_with_the_first_that_fails():
    class Failing(AsyncFileSystem):
        async def _cat_file(self, path, **_):
            begun.append(path)
            await asyncio.sleep(0.001)
            if path in failing:
                raise PermissionError(path)
            return path.encode()

    asked = [(Failing(), str(k), {"start": 0, "end": 3}) for k in range(1000)]
    begun, failing = [], ()
    assert systems.get_each(asked) == [str(k).encode() for k in range(1000)]
    begun, failing = [], ("500", "503")
    found = systems.get_each(asked)
    assert found[:500] == [str(k).encode() for k in range(500)]
    assert str(found[500]) == "500"
    assert len(begun) <= 500 + systems.AT_ONCE
    assert systems.get_each([(fsspec.filesystem("memory"), "/x", {})]) == [None]


def test_errors_name_the_address(store):
    with pytest.raises(InputError, match=r"memory://a/part-3.npy: no such file"):
        evaluate("memory://a/part-3.npy", "memory://y/")
    with pytest.raises(InputError, match=r"memory://a/\*.csv: no file matches"):
        evaluate("memory://a/*.csv", "memory://y/")
    with pytest.raises(InputError, match="memory://none/: no such file"):
        evaluate("memory://none/", "memory://y/")
    with pytest.raises(InputError, match="nonsense://x: cannot be read: Protocol not known"):
        evaluate("nonsense://x", "memory://y/")
    with pytest.raises(MseError, match=r"shapes differ: memory://a/part-9.npy is 100×3, memory://y/ is 300×3"):
        evaluate("memory://a/part-9.npy", "memory://y/")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError("Forbidden"), "permission denied"),
        (FileNotFoundError("The specified bucket does not exist"), "no such bucket"),
        (
            OSError("Cannot reach https://me:s3cr3t@host/x?X-Sig=s3cr3t now"),
            "cannot be read: Cannot reach https://host/x",
        ),
        (ValueError("Cannot seek streaming HTTP file"), "cannot send a part"),
    ],
)
def test_reasons_are_told_without_secrets(store, monkeypatch, error, words):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("mse_cli.readers.sources.remote.systems.file_system", fail)
    with pytest.raises(InputError) as caught:
        evaluate("https://me:s3cr3t@host/x.npy?X-Signature=s3cr3t", "memory://y/")
    assert "https://host/x.npy?…" in str(caught.value)
    assert words in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_a_library_that_is_not_installed_is_named(store, monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(UsageError, match=r"gs://bucket/a.npy: needs a package") as caught:
        evaluate("gs://bucket/a.npy", "memory://y/")
    assert "gcsfs" in caught.value.hint


def test_without_fsspec_the_error_says_which_extra(tmp_path):
    program = "import sys; sys.modules['fsspec'] = None; from mse_cli.cli import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "compute", "s3://b/a.npy", "y.npy"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: s3://b/a.npy: needs fsspec, which is not installed\nhint: pip install 'mse-cli[remote]'\n"
    )


def test_a_server_that_is_not_there(mse: Run):
    check_refused(mse("compute", "http://127.0.0.1:9/a.npy", "y.npy"), "http://127.0.0.1:9/a.npy")


@pytest.mark.parametrize("option", ["-o", "--save-se", "--save-gradient"])
def test_an_address_is_no_output(mse: Run, tmp_path, option):
    np.save(tmp_path / "a.npy", A)
    done = mse("compute", "a.npy", "a.npy", option, "s3://bucket/gradient/")
    check_refused(done, "s3://bucket/gradient/: cannot be written: only inputs may be addresses")
    assert "hint: write it to a file or a folder of this machine" in done.stderr
