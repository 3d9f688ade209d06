"""The Dask backend, on clusters inside this process: the same bits, the same errors, in order."""

import itertools
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pyarrow
import pytest
from distributed import KilledWorker
from distributed.comm.core import CommClosedError
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from mse_cli import __version__
from mse_cli.errors import InputError, MseError, ParseError
from mse_cli.readers.opening import InputOptions, open_pair
from mse_cli.readers.text.dialect import Dialect
from mse_cli.running import cluster
from mse_cli.running import partitions as planning
from mse_cli.running.backend import backend_for, here
from mse_cli.running.cluster import _words, backend_on, connected, map_on_dask, run_on_dask
from mse_cli.running.evaluation import evaluate_pair
from mse_cli.running.partitions import with_counted_rows


def in_threads_of_dask(folder, n_workers):
    """A cluster whose workers are threads here."""
    import dask
    from distributed import LocalCluster

    common = {"processes": False, "protocol": "tcp://", "dashboard_address": "127.0.0.1:0", "memory_limit": 0}
    with dask.config.set({"temporary-directory": str(folder)}):
        return LocalCluster(n_workers=n_workers, threads_per_worker=1, **common)


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    """Connections to clusters of 1, 2 and 4 workers, which are threads here."""
    folder = tmp_path_factory.mktemp("dask")
    clusters = [in_threads_of_dask(folder, n) for n in (1, 2, 4)]
    connections = [connected(cluster.scheduler_address) for cluster in clusters]
    yield [connection.__enter__() for connection in connections]
    for connection in reversed(connections):
        connection.__exit__(None, None, None)
    for one in clusters:
        one.close()


def on(client, pair, **options):
    """An evaluation on a cluster."""
    return evaluate_pair(backend_on(pair, client), **options)


def opened(a, y, missing="fail"):
    return open_pair(str(a), str(y), InputOptions(dialect=Dialect(missing=missing)))


def write_shards(folder, array, cuts, suffix):
    """The rows of an array as files, cut there."""
    folder.mkdir()
    bounds = sorted({0, len(array), *(cut for cut in cuts if cut < len(array))})
    for k, (start, stop) in enumerate(itertools.pairwise(bounds)):
        if suffix == "npy":
            np.save(folder / f"part-{k}.npy", array[start:stop])
        elif suffix == "parquet":
            names = [f"c{j}" for j in range(array.shape[1])]
            columns = dict(zip(names, array[start:stop].T, strict=True))
            parquet.write_table(pyarrow.table(columns), folder / f"part-{k}", row_group_size=7)
        else:
            lines = (",".join(map(repr, row)) for row in array[start:stop].tolist())
            (folder / f"part-{k}.csv").write_text("\n".join(lines) + "\n")
    return f"{folder}/"


def nameless(result):
    """A result as text, without the names of its columns, which Parquet alone has."""
    columns = tuple(column._replace(name=None) for column in result.columns)
    return repr(replace(result, columns=columns, worst=tuple(cell._replace(name=None) for cell in result.worst)))


NUMBERS = st.one_of(
    st.floats(-1e3, 1e3), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([1e16, 1.0, 1e-200, -1e200])
)
CUTS = st.lists(st.integers(1, 60), max_size=4)


@settings(max_examples=20, deadline=None)
@given(data=st.data(), a_cuts=CUTS, y_cuts=CUTS, suffixes=st.tuples(*[st.sampled_from(["npy", "csv", "parquet"])] * 2))
def test_any_sharding_and_any_number_of_workers_gives_the_same_bits(
    tmp_path_factory, clients, data, a_cuts, y_cuts, suffixes
):
    folder = tmp_path_factory.mktemp("bits")
    shape = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 3))
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    pool = np.array(data.draw(st.lists(NUMBERS, min_size=1, max_size=9)))
    a, y = (random.choice(pool, shape) for _ in "ay")
    np.save(folder / "a.npy", a)
    np.save(folder / "y.npy", y)
    specs = write_shards(folder / "a", a, a_cuts, suffixes[0]), write_shards(folder / "y", y, y_cuts, suffixes[1])
    options = {"worst": 3, "kept": (5, None)}
    one = evaluate_pair(here(opened(folder / "a.npy", folder / "y.npy")), **options)
    with backend_for(opened(*specs), jobs=2, tell=print) as there:
        others = [evaluate_pair(there, **options)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "PARTITION_CELLS", 7)
        patch.setattr(cluster, "FEW", data.draw(st.sampled_from([1, cluster.FEW])))
        others += [on(client, opened(*specs), **options) for client in clients]
    for other in others:
        assert nameless(other.result) == nameless(one.result)  # bit for bit, NaN and the sign of 0 too
        assert repr(other.excerpt()) == repr(one.excerpt())


def test_of_several_errors_that_of_the_first_row_is_raised(tmp_path, clients, monkeypatch):
    monkeypatch.setattr(planning, "PARTITION_CELLS", 3)
    a = np.zeros((300, 1))
    a[[150, 151, 299]] = np.nan
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "y.npy", np.zeros((300, 1)))
    for client in clients:
        with pytest.raises(ParseError, match=r"a\.npy, row 151, column 1: the cell is missing") as caught:
            on(client, opened(tmp_path / "a.npy", tmp_path / "y.npy"))
        assert "--missing" in caught.value.hint


def test_a_shard_that_goes_between_plan_and_run_is_named(tmp_path, clients):
    specs = [write_shards(tmp_path / side, np.zeros((30, 2)), [10, 20], "npy") for side in "ay"]
    pair = with_counted_rows(opened(*specs), map)
    (tmp_path / "y" / "part-1.npy").unlink()
    with pytest.raises(InputError, match=r"y/part-1\.npy: no such file"):
        on(clients[1], pair)


def test_a_line_that_is_wrong_is_named_as_in_one_process(tmp_path, clients):
    (tmp_path / "a.csv").write_text("p,q\n" + "1,2\n" * 50 + "1,two\n")
    (tmp_path / "y.csv").write_text("p,q\n" + "1,2\n" * 51)
    with pytest.raises(MseError) as alone:
        evaluate_pair(here(opened(tmp_path / "a.csv", tmp_path / "y.csv")))
    with pytest.raises(MseError) as there:
        on(clients[1], opened(tmp_path / "a.csv", tmp_path / "y.csv"))
    assert type(there.value) is type(alone.value)
    assert (str(there.value), there.value.hint) == (str(alone.value), alone.value.hint)


def test_results_come_in_order_and_few_are_held(clients):
    assert list(map_on_dask(str, range(100), client=clients[2])) == [str(n) for n in range(100)]
    assert list(map_on_dask(str, [], client=clients[2])) == []


def test_workers_that_go_in_the_middle_cost_their_tasks_alone(tmp_path):
    with in_threads_of_dask(tmp_path, 4) as local, connected(local.scheduler_address) as client:
        found = map_on_dask(slowly, range(60), client=client)
        first = list(itertools.islice(found, 5))
        local.scale(1)
        assert first + list(found) == list(range(60))


def slowly(number):
    time.sleep(0.02)
    return number


def test_without_a_worker_left_it_does_not_wait_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS_WITHOUT_WORKERS", 1.0)
    with in_threads_of_dask(tmp_path, 1) as local:
        with connected(local.scheduler_address) as client:
            found = map_on_dask(slowly, range(600), client=client)
            next(found)
            local.scale(0)
            with pytest.raises(InputError, match="no Dask worker has been at work for 1 s") as caught:
                list(found)
        assert "memory" in caught.value.hint
        told = []
        with (
            pytest.raises(InputError, match="no Dask worker has been at work"),
            connected(local.scheduler_address, tell=told.append),
        ):
            raise AssertionError
        assert told == [["the Dask scheduler has no workers yet: waiting for some"]]


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({"tcp://w:1": __version__, "tcp://w:2": ModuleNotFoundError()}, "there is no mse-cli at tcp://w:2"),
        ({"tcp://w:1": "0.0.9"}, f"mse-cli is 0.0.9 at tcp://w:1 of the Dask cluster, {__version__} here"),
        ({"tcp://w:1": OSError("it is gone"), "the scheduler": "9"}, "mse-cli is 9 at the scheduler"),
    ],
)
def test_workers_without_mse_cli_or_of_another_version_are_not_sent_any_work(clients, monkeypatch, versions, words):
    client = clients[0]
    monkeypatch.setattr(client, "run", lambda *_, **__: versions)
    monkeypatch.setattr(client, "run_on_scheduler", lambda *_: versions.get("the scheduler", __version__))
    with pytest.raises(InputError, match=words) as caught:
        cluster._look_at_workers(client, None)
    assert "the same version" in caught.value.hint


def test_what_the_system_refuses_a_task_is_not_taken_for_a_lost_connection(clients):
    with pytest.raises(InputError, match="a Dask worker failed: no space left"):
        list(map_on_dask(fails, [1], client=clients[0]))


def fails(number):
    raise OSError(28, "No space left on device")


def test_progress_counts_the_rows(tmp_path, clients, monkeypatch):
    monkeypatch.setattr(planning, "PARTITION_CELLS", 2)
    for n_rows, wanted in ((80, [4] * 20), (800, [64] * 12 + [32])):  # few tasks one by one, many in groups
        np.save(tmp_path / "a.npy", np.zeros((n_rows, 1)))
        pair = with_counted_rows(opened(tmp_path / "a.npy", tmp_path / "a.npy"), map)
        seen = []
        run_on_dask(pair, client=clients[0], progress=seen.append)
        assert seen == wanted


@pytest.mark.parametrize(
    ("address", "words"),
    [("localhost", "missing port number"), ("nonsense://x:1", "unknown address scheme 'nonsense'")],
)
def test_an_address_that_is_none(address, words):
    with pytest.raises(InputError, match=words), connected(address):
        raise AssertionError


def test_without_dask_the_error_says_which_extra(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 1)))
    program = "import sys; sys.modules['distributed'] = None; from mse_cli.cli import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", program, "compute", "a.npy", "a.npy", "--dask", "local"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("error: --dask needs Dask, which is not installed\nhint: pip install 'mse-cli[dask]'\n")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CommClosedError("closed"), "the connection to the Dask scheduler is lost"),
        (KilledWorker("task", None, 3), "workers die"),
        (ModuleNotFoundError("No module named 'mse_cli'"), "cannot run the tasks: No module named 'mse_cli'"),
        (MemoryError(), "a Dask worker has not enough memory"),
        (OSError("Timed out trying to connect"), "the connection to the Dask scheduler is lost"),
        (RuntimeError("Error during deserialization\nof the task graph"), "cannot run the tasks: Error during des"),
        (ParseError("as it is"), "as it is"),
    ],
)
def test_what_a_cluster_raises_is_told_in_words(error, words):
    with pytest.raises(MseError, match=words), _words():
        raise error


def test_jobs_do_not_go_with_a_cluster_that_has_its_own_workers(mse, tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 1)))
    done = mse("compute", "a.npy", "a.npy", "--dask", "localhost:1", "-j", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: --jobs" in done.stderr
