"""Real clusters of processes, killed in the middle, and a real object store: what ``.ci/run`` runs with -m cluster."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

import numpy as np
import pytest
from conftest import Run, but_for_parts, check_refused

pytestmark = pytest.mark.cluster

SLOW_ROW = ' "1",2\n'  # a quote after white space is for the strict parser, which takes its time
SLOW_ROWS = 1_500_000
ANSWER = "0\n"
WAITING = "note: the Dask scheduler has no workers yet: waiting for some\n"


def wait_for(condition, seconds=30.0):
    """What a condition gives as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def readers_of(path: Path, *, but: int) -> list[int]:
    """The processes other than one that have a file open: workers at their work."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int(folder.name) != but and str(path) in map(os.readlink, (folder / "fd").iterdir()):
                found.append(int(folder.name))
    return found


def group_of(process: int) -> list[int]:
    """The processes of a process group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == process and fields[0] != "Z":
                found.append(int(folder.name))
    return found


@pytest.fixture
def slow(tmp_path):
    """A file that takes some seconds to read."""
    (tmp_path / "slow.csv").write_text(SLOW_ROW * SLOW_ROWS)
    (tmp_path / "tmp").mkdir()
    return tmp_path


def with_path(folder: Path | None) -> dict[str, str]:
    """The environment in which Python looks for modules in a folder first."""
    here = os.environ.get("PYTHONPATH", str(Path(__file__).parents[1]))
    return os.environ | {"PYTHONPATH": os.pathsep.join([*([str(folder)] if folder else []), here])}


def start(folder: Path, *arguments: str, path: Path | None = None, file: str = "slow.csv") -> subprocess.Popen[str]:
    """``mse compute`` on the slow file, in a process group and with temporary files of its own."""
    command = [sys.executable, "-m", "mse_cli", "compute", file, file, "--missing", "skip-cell"]
    return subprocess.Popen(
        [*command, "--only", "mse", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=with_path(path) | {"TMPDIR": str(folder / "tmp")},
    )


def test_interrupted_it_ends_at_once_and_leaves_nothing(slow):
    process = start(slow, "--dask", "local", "-j", "2")
    wait_for(lambda: readers_of(slow / "slow.csv", but=process.pid))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal's Ctrl-C does
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (130, "", "")
    wait_for(lambda: not group_of(process.pid), 10)
    assert list((slow / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    ("sent", "code", "seconds"),
    [(signal.SIGINT, 130, 0), (signal.SIGTERM, 143, 0.1), (signal.SIGHUP, 129, 0.4), (signal.SIGINT, 130, 0.8)],
)
def test_a_signal_while_a_local_cluster_starts_leaves_nothing(slow, sent, code, seconds):
    process = start(slow, "--dask", "local", "-j", "2")
    wait_for(lambda: list((slow / "tmp").iterdir()))
    time.sleep(seconds)
    process.send_signal(sent)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (code, "", "")
    wait_for(lambda: not group_of(process.pid), 10)
    assert list((slow / "tmp").iterdir()) == []


def test_a_local_cluster_that_cannot_start_is_an_error_in_time(slow):
    program = 'import os, sys\nif "--multiprocessing-fork" in sys.orig_argv: os._exit(1)\n'
    (slow / "sitecustomize.py").write_text(program)
    began = time.monotonic()
    process = start(slow, "--dask", "local", path=slow)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert (process.returncode, out) == (2, "")
    assert err.startswith("error: no Dask worker has been at work for 20 s\nhint: they cannot start")
    assert list((slow / "tmp").iterdir()) == []


def test_a_killed_worker_costs_only_its_tasks(slow):
    process = start(slow, "--dask", "local", "-j", "2")
    worker = wait_for(lambda: readers_of(slow / "slow.csv", but=process.pid))[0]
    os.kill(worker, signal.SIGKILL)
    assert process.poll() is None
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out, err) == (0, ANSWER, "")
    wait_for(lambda: not group_of(process.pid), 10)
    assert list((slow / "tmp").iterdir()) == []


@pytest.fixture
def cluster(tmp_path):
    """Starts a scheduler and workers: the scheduler's process and its address, the workers' process."""
    file = tmp_path / "scheduler.json"
    with contextlib.ExitStack() as stack:

        def run(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
            environment = environment | {"DASK_TEMPORARY_DIRECTORY": str(tmp_path)}
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
            stack.callback(process.wait)
            stack.callback(process.terminate)
            return process

        def started(*options: str, path: Path | None = None, before: str = "") -> tuple[subprocess.Popen[bytes], str]:
            common = f"--scheduler-file {file} --no-dashboard"
            python = f"exec {sys.executable} -P -m distributed.cli.dask"
            command = f"{python}_scheduler --host 127.0.0.1 --port 0 {common}"
            scheduler = run(["sh", "-c", command], with_path(None))
            wait_for(lambda: file.exists() and file.stat().st_size)
            command = f"{before} {python}_worker --nworkers 2 --nthreads 1 {common} {' '.join(options)}"
            run(["sh", "-c", command], with_path(path))
            return scheduler, json.loads(file.read_text())["address"]

        yield started


@pytest.fixture
def scheduler(cluster):
    """A scheduler with two workers: its process and its address."""
    return cluster()


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("raise ModuleNotFoundError('mse_cli')", "there is no mse-cli at tcp://"),
        ("__version__ = '0.0.9'", "mse-cli is 0.0.9 at tcp://"),
    ],
)
def test_a_worker_without_mse_cli_or_of_another_version_is_an_error_in_time(slow, cluster, module, words):
    (slow / "other" / "mse_cli").mkdir(parents=True)
    (slow / "other" / "mse_cli" / "__init__.py").write_text(module)
    _, address = cluster(path=slow / "other")
    began = time.monotonic()
    process = start(slow, "--dask", address)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 30
    assert (process.returncode, out) == (2, "")
    assert err.removeprefix(WAITING).startswith(f"error: {words}")
    assert "hint: mse-cli must be installed, in the same version" in err


def test_workers_out_of_memory_are_an_error(slow, cluster):
    _, address = cluster("--memory-limit", "60MiB")  # less than it takes to start
    process = start(slow, "--dask", address)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, out) == (2, "")
    assert err.removeprefix(WAITING).startswith("error: ")
    assert "memory" in err
    assert "Traceback" not in err


def test_workers_that_cannot_write_their_own_files_are_an_error(slow, cluster):
    _, address = cluster(before="ulimit -f 0;")
    process = start(slow, "--dask", address)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert err.removeprefix(WAITING).startswith(
        "error: no Dask worker has been at work for 20 s\nhint: they cannot start"
    )


def test_a_running_cluster_is_used_and_a_lost_scheduler_is_an_error_within_seconds(slow, scheduler):
    process, address = scheduler
    done = start(slow, "--dask", address)
    out, err = done.communicate(timeout=100)
    assert (done.returncode, out, err.removeprefix(WAITING)) == (0, ANSWER, "")
    lost = start(slow, "--dask", address)
    wait_for(lambda: readers_of(slow / "slow.csv", but=lost.pid))
    process.kill()
    killed = time.monotonic()
    out, err = lost.communicate(timeout=60)
    assert time.monotonic() - killed < 15
    assert (lost.returncode, out) == (2, "")
    assert err.removeprefix(WAITING) == "error: the connection to the Dask scheduler is lost\n"


def test_no_scheduler_is_an_error_within_seconds(slow):
    began = time.monotonic()
    process = start(slow, "--dask", "127.0.0.1:1")
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < 20
    assert (process.returncode, out) == (2, "")
    assert err.startswith("error: 127.0.0.1:1: no Dask scheduler answers")
    assert "Traceback" not in err


def shards(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Prediction and target as NPY and CSV shards, cut differently on the two sides."""
    a, y = np.random.default_rng(0).normal(size=(2, 1000, 3))
    for side, array, cuts in (("a", a, [0, 100, 600, 1000]), ("y", y, [0, 500, 1000])):
        (folder / side).mkdir()
        (folder / f"{side}-csv").mkdir()
        for k, start_row in enumerate(cuts[:-1]):
            rows = array[start_row : cuts[k + 1]]
            np.save(folder / side / f"part-{k}.npy", rows)
            lines = [",".join(map(repr, row)) + "\n" for row in rows.tolist()]
            (folder / f"{side}-csv" / f"part-{k}.csv").write_text("".join(lines))
    return a, y


@pytest.mark.parametrize("workers", ["1", "2", "4"])
def test_local_clusters_print_what_one_process_prints(mse: Run, tmp_path, workers):
    shards(tmp_path)
    options = ("--worst", "3", "--format", "json")
    for pair in (("a/", "y/"), ("a-csv/", "y/"), ("a/", "y-csv/part-*.csv")):
        here = mse("compute", *pair, *options)
        there = mse("compute", *pair, *options, "--dask", "local", "-j", workers)
        assert here.returncode == 0
        assert (there.returncode, there.stdout, there.stderr) == (0, here.stdout, "")


def test_gradient_shards_from_a_cluster(mse: Run, tmp_path):
    a, y = shards(tmp_path)
    done = mse("compute", "a-csv/", "y/", "--summary", "--save-gradient", "gradient/", "--dask", "local", "-j", "2")
    assert done.returncode == 0
    parts = [np.load(tmp_path / "gradient" / f"part-{k}.npy") for k in range(3)]
    assert [len(part) for part in parts] == [100, 500, 400]
    np.testing.assert_array_equal(np.concatenate(parts), (a - y) / 1500)


@pytest.fixture(scope="module")
def store():
    """An object store on loopback with one bucket, and the environment that leads there."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "AKIDNOBODY",
        "AWS_SECRET_ACCESS_KEY": "s3cr3t-value",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    yield environment
    server.stop()


@pytest.fixture
def bucket(store, tmp_path):
    """The shards in a bucket."""
    import boto3

    shards(tmp_path)
    client = boto3.client(
        "s3",
        endpoint_url=store["AWS_ENDPOINT_URL"],
        aws_access_key_id=store["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=store["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="shards")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), "shards", path.relative_to(tmp_path).as_posix())
    yield store
    client.close()


@pytest.mark.parametrize("pair", [("a/", "y/"), ("a-csv/", "y-csv/"), ("a/part-*.npy", "y-csv/part-*.csv")])
def test_an_object_store_gives_the_same_bits(mse: Run, tmp_path, bucket, pair):
    options = ("--worst", "2", "--format", "json")
    here = mse("compute", *pair, *options)
    remote = [f"s3://shards/{name}" for name in pair]
    there = mse("compute", *remote, *options, env=bucket)
    assert (there.returncode, but_for_parts(there.stdout), there.stderr) == (0, but_for_parts(here.stdout), "")
    on_cluster = mse("compute", *remote, *options, "--dask", "local", "-j", "2", env=bucket)
    assert (on_cluster.returncode, on_cluster.stdout, on_cluster.stderr) == (0, there.stdout, "")


def test_a_small_object_is_one_request_for_any_number_of_passes(mse: Run, tmp_path, bucket, monkeypatch):
    import fsspec
    from werkzeug.serving import WSGIRequestHandler

    store = fsspec.filesystem("s3", endpoint_url=bucket["AWS_ENDPOINT_URL"], key="AKIDNOBODY", secret="s3cr3t-value")
    rows = {f"{side}-many/part-{k}.csv": f"{k}.5,1\n{len(side)},{k}\n" for side in ("a", "y") for k in range(40)}
    for name, text in rows.items():
        store.pipe(f"shards/{name}", text.encode())
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    requests = []
    monkeypatch.setattr(WSGIRequestHandler, "log_request", lambda self, *_: requests.append(self.requestline))
    for options in (("--only", "mse"), ("--format", "csv")):
        requests.clear()
        there = mse("compute", "s3://shards/a-many/", "s3://shards/y-many/", *options, env=bucket)
        assert len(rows) <= len(requests) <= len(rows) + 2  # listings
        assert (there.returncode, there.stderr) == (0, "")
        assert there.stdout == mse("compute", "a-many/", "y-many/", *options).stdout


def ask_for_credentials(store, *, after: int) -> None:
    """Let the store check who asks, after so many requests."""
    address = store["AWS_ENDPOINT_URL"] + "/moto-api/reset-auth"
    urlopen(Request(address, str(after).encode(), {"Content-Type": "text/plain"})).close()


def test_an_object_store_that_refuses(mse: Run, bucket):
    check_refused(mse("compute", "s3://nowhere/a.npy", "s3://shards/y/", env=bucket), "s3://nowhere/a.npy", "no such")
    check_refused(mse("compute", "s3://shards/a.npy", "s3://shards/y/", env=bucket), "shards/a.npy: no such file")
    check_refused(mse("compute", "s3://shards/b*", "s3://shards/y/", env=bucket), "no file matches")
    check_refused(mse("compute", "s3://nowhere/", "s3://shards/y/", env=bucket), "s3://nowhere/", "no such")
    ask_for_credentials(bucket, after=0)
    try:
        done = mse("compute", "s3://shards/a/part-0.npy", "s3://shards/y/", env=bucket)
    finally:
        ask_for_credentials(bucket, after=10**9)
    check_refused(done, "s3://shards/a/part-0.npy: permission denied")
    assert bucket["AWS_SECRET_ACCESS_KEY"] not in done.stderr
    assert bucket["AWS_ACCESS_KEY_ID"] not in done.stderr
