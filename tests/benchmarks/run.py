"""Time ``mse`` beside the programs that one would write instead.

    python tests/benchmarks/run.py [--only NAME,…] [--rounds N] [--scale F] [--markdown]

Whole processes in turn (A B C, B C A, …), files in the page cache: medians, and the peak memory of the largest process.
``mse`` runs in the environment of this Python, its peers in one of their own. That and the files are made once, in a
folder among the temporary ones, where they stay: some 5 GB. Each number printed is compared with the exact one.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import peers
from measuring import Measured, is_limit, measure
from shapes import HOUSES_MSE, SHAPES, Bound, Shape

COLUMNS = ("mse, s", "best peer", "its s", "ratio", "bound", "peak MiB", "all: s (peak MiB)")
START_ROUNDS = 5  # times as many of what takes a tenth of a second
TABLES = {"Text": ("text", "core", "key", "by", "compare"), "Arrays, Parquet, start-up": ("npy", "parquet", "start")}

Found = dict[str, Measured]


def main() -> None:
    """Print the tables; end with 1 where a number was wrong."""
    chosen = options()
    python = peers.environment(chosen.cache)
    print(f"{machine()}\n{peers.versions(chosen.cache)}. Medians of {chosen.rounds} rounds.", flush=True)
    faults = []
    for title, kinds in TABLES.items():
        rows = []
        for shape in (s for s in SHAPES if s.kind in kinds and s.name in chosen.only):
            found = measured(shape, chosen, python)
            rows.append(row(shape, found, chosen.scale))
            print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
            faults += [f"{shape.name}, {each.name}: {each.fault}" for each in found.values() if each.fault]
        if rows:
            print(f"\n{table([(title, *COLUMNS), *rows], markdown=chosen.markdown)}", flush=True)
    if faults:
        sys.exit("\n".join(["", "!!! WRONG OR FAILED:", *faults]))


def options() -> argparse.Namespace:
    """What the command line asks for."""
    names = [shape.name for shape in SHAPES]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0], epilog=f"Shapes: {', '.join(names)}.")
    parser.add_argument("--only", default=",".join(names), metavar="NAME,…", help="these shapes")
    parser.add_argument("--rounds", type=int, default=7, help="timed runs of each program (%(default)s)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the rows (%(default)s)")
    parser.add_argument("--markdown", action="store_true", help="tables in Markdown")
    default = Path(tempfile.gettempdir()) / "mse-benchmarks"
    parser.add_argument("--cache", type=Path, default=default, help="where files and environment stay (%(default)s)")
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",")
    if unknown := set(chosen.only) - set(names):
        parser.error(f"no such shape: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    if chosen.rounds < 1 or chosen.scale <= 0:
        parser.error("--rounds and --scale are positive")
    return chosen


def measured(shape: Shape, chosen: argparse.Namespace, python: Path) -> Found:
    """All programs on a shape, whose files are made if they are not there."""
    files = shape.files(chosen.cache, chosen.scale)
    exact = HOUSES_MSE if shape.kind == "start" else exact_of(shape, chosen, python)
    rounds = chosen.rounds * (START_ROUNDS if shape.kind == "start" else 1)
    print(f"{shape.name} …", file=sys.stderr, flush=True)
    always = {"mse"}.union(*(bound.peers for bound in shape.bounds))
    commands = peers.commands(shape, files, python)
    return measure(commands, rounds, always=always, exact=exact, tolerance=shape.tolerance)


def exact_of(shape: Shape, chosen: argparse.Namespace, python: Path) -> float:
    """The exact result, which lies beside the files as soon as they are whole."""
    exact = shape.files(chosen.cache, chosen.scale)[0].with_name("exact.txt")
    if not exact.exists():
        print(f"making the files of {exact.parent.name}", file=sys.stderr, flush=True)
        script = Path(__file__).with_name("data.py")
        subprocess.run([python, script, chosen.cache, exact.parent.name, str(chosen.scale)], check=True)
    return float(exact.read_text())


def row(shape: Shape, found: Found, scale: float) -> tuple[str, ...]:
    """The cells of a shape's row."""
    mse = found["mse"]
    right = [each for name, each in found.items() if name != "mse" and not is_limit(name) and not each.fault]
    best = min(right, key=lambda each: each.median)
    return (
        shape.title if shape.kind == "start" else f"{shape.title}, {shape.scaled(scale):,} × {shape.columns}",
        f"{mse.median:.2f}{marked(mse)}",
        best.name,
        f"{best.median:.2f}",
        f"{mse.median / best.median:.2f}",
        ", ".join(held(bound, found) for bound in shape.bounds),
        f"{mse.peak_mib:.0f}, {verdict(mse.peak_mib, shape.peak_mib)}",
        " · ".join(f"{each.name} {each.median:.2f} ({each.peak_mib:.0f}){marked(each)}" for each in others(found)),
    )


def others(found: Found) -> list[Measured]:
    """All but ``mse``, the fastest first."""
    return sorted((each for name, each in found.items() if name != "mse"), key=lambda each: each.median)


def held(bound: Bound, found: Found) -> str:
    """How many times the seconds of the fastest of a bound's peers, and whether it is kept."""
    best = min((found[name] for name in bound.peers), key=lambda each: each.median)
    times = found["mse"].median / best.median
    return f"{best.name}: {times:.2f}, {verdict(times, bound.times)}"


def verdict(value: float, bound: float) -> str:
    """The bound, and whether it is kept."""
    return f"{'kept' if value <= bound else 'MISSED'} {bound:g}"


def marked(each: Measured) -> str:
    """A wrong number stands out."""
    return " !!! WRONG" if each.fault else ""


def table(rows: list[tuple[str, ...]], *, markdown: bool) -> str:
    """Aligned, or in Markdown with numbers to the right."""
    if markdown:
        lines = [f"| {' | '.join(cells)} |" for cells in rows]
        return "\n".join([lines[0], "| --- | ---: | --- | ---: | ---: | --- | ---: | --- |", *lines[1:]])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, cells, widths)).rstrip() for cells in rows)


def machine() -> str:
    """What this runs on, and how busy it is: a loaded machine says little."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    load = f"load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "load unknown"
    return f"{os.cpu_count()} × {model}, {platform.system()}, Python {platform.python_version()}, {load}"


if __name__ == "__main__":
    main()
