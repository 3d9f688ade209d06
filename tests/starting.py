"""The command in a process of its own, without the work of importing, which most of a test's time would go to.

One process has imported what a command needs, and run nothing of it. It forks for each call, and the fork becomes
``python -m mse_cli``: with the call's folder, environment and pipes, streams made anew, and the interpreter's own end.
"""

import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

STARTED_WITH = os.environ | {"PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}  # a fork has one thread
COMMANDS = ("compute", "compare", "report", "explain", "check", "merge")
# Not typer.rich_utils, which reads the environment when it is imported, nor what comes with an extra.
IMPORTED = ("numpy", "rich.console", "rich.table", "typer", "mse_cli.cli", "mse_cli.render.formats.table")
IMPORTED += tuple(f"mse_cli.commands.{name}" for name in COMMANDS)
SIGNS = 16  # of a number on its way


def can_fork(environment: Mapping[str, str]) -> bool:
    """Whether what an interpreter reads when it starts is as it was when this one did."""
    read = [name for name in environment | STARTED_WITH if name.startswith(("PYTHON", "LC_", "LANG", "LD_"))]
    return all(environment.get(name) == STARTED_WITH.get(name) for name in read)


@contextmanager
def server() -> Iterator[socket.socket]:
    """A process that forks, as long as the context lasts."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, __file__, str(theirs.fileno())]
    with subprocess.Popen(command, pass_fds=[theirs.fileno()], env=STARTED_WITH):
        theirs.close()
        with ours:
            yield ours


def run(
    to: socket.socket, arguments: list[str], folder: str, environment: dict[str, str], text: str, timeout: float
) -> subprocess.CompletedProcess[str]:
    """What ``subprocess.run`` says of the command, with pipes for its streams."""
    (request, ask), (stdin, feed), (out, stdout), (err, stderr) = (os.pipe() for _ in range(4))
    socket.send_fds(to, [b"!"], [request, stdin, stdout, stderr])
    for descriptor in (request, stdin, stdout, stderr):
        os.close(descriptor)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(_write, feed, text)
        outputs = [pool.submit(_read, descriptor) for descriptor in (out, err)]
        _write(ask, json.dumps([arguments, folder, environment]))
        process = int(to.recv(SIGNS))
        in_time = bool(select.select([to], [], [], timeout)[0])
        if not in_time:
            os.kill(process, signal.SIGKILL)
        status = int(to.recv(SIGNS))
    if not in_time:
        raise subprocess.TimeoutExpired(arguments, timeout)
    return subprocess.CompletedProcess(arguments, os.waitstatus_to_exitcode(status), *(o.result() for o in outputs))


def _write(descriptor: int, text: str) -> None:
    with open(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)


def _read(descriptor: int) -> str:
    with open(descriptor, encoding="utf-8") as stream:
        return stream.read()


def _serve(calls: socket.socket) -> list[int]:
    """Fork for each call; in a fork, the call's descriptors."""
    while True:
        asked, descriptors, *_ = socket.recv_fds(calls, 1, 4)
        if not asked:
            os._exit(0)
        if (process := os.fork()) == 0:
            return descriptors
        for descriptor in descriptors:
            os.close(descriptor)
        calls.send(b"%-*d" % (SIGNS, process))
        calls.send(b"%-*d" % (SIGNS, os.waitpid(process, 0)[1]))


def _become(request: int, *streams: int) -> None:
    """Be a process that has just been started for this call."""
    sys.argv[1:], folder, environment = json.loads(_read(request))
    for number, (descriptor, name) in enumerate(zip(streams, ("stdin", "stdout", "stderr"), strict=True)):
        os.dup2(descriptor, number)
        errors = "backslashreplace" if name == "stderr" else "strict"
        stream = open(number, "w" if number else "r", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.stderr.reconfigure(line_buffering=True)
    os.closerange(3, max(streams) + 4)
    os.chdir(folder)
    sys.path[0] = folder
    os.environ.clear()
    os.environ.update(environment)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])
    for name in IMPORTED:
        import_module(name)
    listening = socket.socket(fileno=int(sys.argv[1]))
    _become(*_serve(listening))
    listening.detach()
    runpy.run_module("mse_cli", run_name="__main__", alter_sys=True)
