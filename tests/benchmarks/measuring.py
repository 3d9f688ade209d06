"""Runs commands in turn, as whole processes, and says what each took, what it used and whether its number is right."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

ULPS = 4  # of the exact result: so near must ``mse`` be
SLOW = 3  # times as slow as the fastest peer: run once, not in every round

# Some processors make NumPy's BLAS choose an older kernel by these, and all peers slower. Modules are compiled once.
LEFT_OUT = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}

# A small process that starts the command: what Linux calls a process's peak is at least that of the one that started
# it, and ours has more in it. The peak is that of the largest process among the command and those it waited for.
LAUNCHER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
output = process.stdout.read()
_, status, usage = os.wait4(process.pid, 0)
status = process.returncode = os.waitstatus_to_exitcode(status)
seconds = time.perf_counter() - start
print(json.dumps([seconds, usage.ru_maxrss, status, output.decode()]))
"""


@dataclass
class Measured:
    """What was seen of one command."""

    name: str
    seconds: list[float] = field(default_factory=list)
    peak_mib: float = 0.0
    fault: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measure(
    commands: dict[str, list[str]], rounds: int, *, always: set[str], exact: float, tolerance: float
) -> dict[str, Measured]:
    """One round for the page cache, then rounds in turn; what is slow takes part in the first one alone.

    Args:
        commands: What to run, by its name.
        rounds: How often.
        always: What takes part however slow.
        exact: The number that all print.
        tolerance: How far from it a peer may be, as a fraction of it.
    """
    found = {name: Measured(name) for name in commands}
    first = {name: run(found[name], command, exact, tolerance) for name, command in commands.items()}
    fastest = min(seconds for name, seconds in first.items() if name != "mse" and not is_limit(name))
    for name in first.keys() - always:
        if first[name] > SLOW * fastest:
            found[name].seconds.append(first[name])
    for order in orders([name for name in commands if not found[name].seconds], rounds):
        for name in order:
            found[name].seconds.append(run(found[name], commands[name], exact, tolerance))
    return found


def orders(names: list[str], rounds: int) -> Iterator[list[str]]:
    """Each round begins with the next command, so that none always follows the same one."""
    for turn in range(rounds):
        at = turn % len(names)
        yield names[at:] + names[:at]


def run(measured: Measured, command: list[str], exact: float, tolerance: float) -> float:
    """Seconds of one run; its peak and what is wrong with it are noted."""
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    answer = subprocess.run(launcher, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    seconds, peak, status, output = json.loads(answer.stdout)
    mib = peak / (2**20 if sys.platform == "darwin" else 2**10)
    measured.peak_mib = max(measured.peak_mib, mib)
    fault = fault_of(measured.name, status, output, exact, tolerance)
    if fault and not measured.fault:
        measured.fault = fault
        print(f"!!! {measured.name}: {fault}\n{answer.stderr[-2000:]}", file=sys.stderr, flush=True)
    return float(seconds)


def is_limit(name: str) -> bool:
    """Whether this is no peer, but what nothing that is made of Python and NumPy gets below; it prints no number."""
    return name.startswith("bare ")


def fault_of(name: str, status: int, output: str, exact: float, tolerance: float) -> str:
    """What is wrong with a run, if anything: how it ended, or the number that it printed."""
    if status:
        return f"FAILED with status {status}"
    if is_limit(name):
        return ""
    try:
        number = float(output)
    except ValueError:
        return f"WRONG: printed {output[-200:]!r}"
    allowed = ULPS * math.ulp(exact) if name == "mse" else tolerance * exact
    return "" if abs(number - exact) <= allowed else f"WRONG: {number!r} where {exact!r} is exact"
