"""A soak: the command with every kind of output, and at a random moment a random signal to a random process of it.

Half of them draw their progress on a terminal, a thousand times a second, while workers are forked beside that thread.
Nothing may hang, be half, be left or be a traceback. ``python tests/soak.py SECONDS [SEED]`` prints what it counted.
"""

import contextlib
import os
import pty
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL]
OUTPUTS = [
    ["-o", "out.csv", "--only", "se"],
    ["-o", "out.npy", "--only", "gradient"],
    ["-o", "out.json"],
    ["-o", "out.txt"],
    ["--save-se", "se-{}/", "--save-gradient", "g.csv.gz"],
    ["--save-gradient", "g-{}/", "-o", "out.md"],
    ["--only", "gradient", "-f", "csv"],
]
INPUTS = [["a.csv", "y.csv", "-j", "2"], ["a/", "y/"], ["a.npy", "y.npy", "-j", "2"]]
COMMANDS = [
    [*files, *(option.format(k) for option in options)] for k, files in enumerate(INPUTS) for options in OUTPUTS
]
DRAWING = (
    "from mse_cli.render.screens import progress; progress.SECONDS_BEFORE_IT_SHOWS = 0; "
    "progress.SECONDS_BETWEEN = 0.001; from mse_cli.cli import main; main()"
)
WIPED = b"\r\x1b[2K"
LONGEST = 5.0  # seconds from a signal to the end


def prepare(folder: Path) -> None:
    """The same numbers as text, as an array and in shards."""
    for name in "ay":
        rows = np.random.default_rng(ord(name)).integers(0, 100, size=(150_000, 4)).astype(float)
        np.save(folder / f"{name}.npy", rows)
        np.savetxt(folder / f"{name}.csv", rows, delimiter=",", fmt="%g")
        (folder / name).mkdir()
        for k, part in enumerate(np.array_split(rows, 5)):
            np.save(folder / name / f"part-{k}.npy", part)


def outputs(folder: Path) -> dict[str, bytes]:
    """All files that are no inputs, hidden ones too."""
    inputs = {"a", "y", "a.csv", "y.csv", "a.npy", "y.npy"}
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {
        name: path.read_bytes() for path in paths if (name := str(path.relative_to(folder))).split("/")[0] not in inputs
    }


def family(group: int) -> list[int]:
    """The processes of a group."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, IndexError):
            fields = entry.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry.parent.name))
    return found


def started(
    folder: Path, arguments: list[str], *, watched: bool
) -> tuple[subprocess.Popen[bytes], Callable[[], bytes]]:
    """A run, and what waits for all that it says on standard error: into a pipe, or to a terminal that is watched."""
    reader, writer = pty.openpty() if watched else os.pipe()
    command = ["-c", DRAWING, "compute", *arguments] if watched else ["-m", "mse_cli", "compute", *arguments, "-q"]
    environment = os.environ | {"TERM": "xterm"}
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=writer, start_new_session=True,
    )  # fmt: skip
    os.close(writer)
    said = bytearray()
    thread = threading.Thread(target=drain, args=(reader, said))
    thread.start()

    def all_said() -> bytes:
        thread.join()
        return bytes(said)

    return process, all_said


def drain(reader: int, said: bytearray) -> None:
    """Take in what comes until the other end is closed: of a terminal that is an error."""
    with contextlib.suppress(OSError):
        while data := os.read(reader, 65536):
            said += data
    os.close(reader)


def is_starting(err: bytes) -> bool:
    """Whether Python itself was, when it was interrupted."""
    return any(word in err for word in (b"runpy", b"init_import_site", b"<frozen")) or (
        b"<string>" in err and b"in main" not in err
    )


def faults_of(code: int, sent: signal.Signals, err: bytes) -> Iterator[str]:
    """What a run must not end with, or say."""
    if b"Traceback" in err or b"Exception" in err:
        yield f"a traceback: {err!r}"
    if code != -signal.SIGKILL and b" rows/s" in err.rpartition(WIPED)[2]:
        yield f"its progress is left: {err[-200:]!r}"
    if code not in {0, 2, 130, 143, 129, -sent}:
        yield f"exit code {code}"


def once(
    folder: Path, chance: random.Random, longest: float, whole: dict[str, dict[str, bytes]]
) -> tuple[str, list[str]]:
    """One run and one signal: what was done, and what was wrong."""
    arguments = chance.choice(COMMANDS)
    before = outputs(folder)
    process, all_said = started(folder, arguments, watched=chance.random() < 0.5)
    time.sleep(chance.uniform(0, longest))
    sent = chance.choice(SIGNALS)
    victims = family(process.pid) or [process.pid]
    victim = chance.choice(victims)
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, sent)
    began, wrong = time.monotonic(), []
    try:
        process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        wrong.append("it hung")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    ended = time.monotonic()
    err = all_said()
    if process.returncode != 0 and ended - began > LONGEST * max(1, os.getloadavg()[0] / (os.cpu_count() or 1)):
        wrong.append(f"it took {ended - began:.1f} s to end")
    if sent == signal.SIGINT and is_starting(err):
        return "before it began", []
    wrong += faults_of(process.returncode, sent, err)
    time.sleep(0.05)
    if family(process.pid):
        wrong.append("processes are left")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    after = {name: data for name, data in outputs(folder).items() if not name.startswith(".") and "/." not in name}
    new = whole[" ".join(arguments)]
    for name, data in after.items():
        if data not in (before.get(name), new.get(name)):
            wrong.append(f"{name} is half")
    if process.returncode != -signal.SIGKILL and outputs(folder).keys() - after.keys() - before.keys():
        wrong.append("hidden files are left")
    return f"{'main' if victim == process.pid else 'worker'} {sent.name}", [
        f"{arguments}, {sent.name}: {w}" for w in wrong
    ]


def soak(seconds: float, seed: int) -> tuple[Counter[str], list[str]]:
    """Runs for so many seconds: how many there were of each kind, and all that was wrong."""
    chance, counts, wrong = random.Random(seed), Counter(), []
    with tempfile.TemporaryDirectory() as name:
        folder, whole = Path(name), {}
        prepare(folder)
        began = time.monotonic()
        for arguments in COMMANDS:
            command = [sys.executable, "-m", "mse_cli", "compute", *arguments, "-q"]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
            whole[" ".join(arguments)] = outputs(folder)
        longest = 1.5 * (time.monotonic() - began) / len(COMMANDS)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            kind, found = once(folder, chance, longest, whole)
            counts[kind] += 1
            wrong += found
    return counts, wrong


if __name__ == "__main__":
    counted, faults = soak(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6))
    print(dict(counted), sum(counted.values()), "runs", len(faults), "faults", *faults, sep="\n")
    sys.exit(bool(faults))
