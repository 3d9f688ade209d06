"""Time ``mse`` beside the tools that one would use instead, and beside the limits of the machine.

    python tests/benchmarks/run.py [--quick] [--rows N] [--scales 1 4 16] [--runs K] [--works npy parquet csv small]

Prints Markdown tables. Each number is the median of runs taken in turn (A B C A B C …), whole processes, with the
files in the page cache. Peak memory is the resident set of a command and all its children together, from a run of
its own that is not timed. Tools that are not installed are left out, and said so.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

COLUMNS = 4
NPY_ROWS = 8  # NPY files have so many times the rows of the CSV files, to be of a like size
CHUNK_ROWS = 50_000  # generated once, and repeated to the size that is wanted
SECONDS_BETWEEN_SAMPLES = 0.005

MSE = [str(Path(sys.executable).with_name("mse"))]
# The default install, also where the extra "fast" is installed: an import of Polars fails.
PLAIN_MSE = [sys.executable, "-c", "import sys; sys.modules['polars'] = None; from mse_cli.cli import main; main()"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

# A small process that starts the command and says its exit status and peak memory: what Linux calls the peak of a
# process is at least that of the process that started it, and ours has NumPy and the data in it.
LAUNCHER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = status
print(status, usage.ru_maxrss)
"""


@dataclass(frozen=True)
class Tool:
    """A command, what it needs to be installed, and a file that it writes, which is removed before each run."""

    name: str
    command: list[str]
    needs: str | None = None
    writes: Path | None = None

    def missing(self) -> bool:
        if self.needs is None:
            return False
        return importlib.util.find_spec(self.needs) is None and shutil.which(self.needs) is None


@dataclass(frozen=True)
class Timing:
    """What was measured of a tool."""

    name: str
    seconds: float
    peak: int


def python(name: str, code: str, needs: str | None = None) -> Tool:
    return Tool(name, [sys.executable, "-c", code], needs)


def npy_tools(a: Path, y: Path, gradient: Path) -> list[Tool]:
    load = f"A, Y = np.load({str(a)!r}), np.load({str(y)!r})"
    read = f"b = bytearray(1 << 20)\nfor f in {(str(a), str(y))}:\n s = open(f, 'rb', 0)\n while s.readinto(b): pass"
    return [
        Tool("**mse --only mse**", [*MSE, "compute", str(a), str(y), "--only", "mse"]),
        Tool(
            "**mse --save-gradient**",
            [*MSE, "compute", str(a), str(y), "--only", "mse", "--save-gradient", str(gradient)],
            writes=gradient,
        ),
        python("limit: `import numpy, typer`, read both files", f"import numpy, typer\n{read}"),
        Tool("limit: `cp` of one file", ["cp", str(a), str(gradient)], writes=gradient),
        python("NumPy `((A-Y)**2).mean()`", f"import numpy as np; {load}; print(((A-Y)**2).mean())"),
        python(
            "scikit-learn",
            f"import numpy as np; from sklearn.metrics import mean_squared_error as m; {load}; print(m(Y, A))",
            "sklearn",
        ),
        python(
            "PyTorch",
            f"import numpy as np, torch; {load}; "
            "print(torch.nn.functional.mse_loss(torch.from_numpy(A), torch.from_numpy(Y)).item())",
            "torch",
        ),
    ]


def csv_tools(a: Path, y: Path) -> list[Tool]:
    pair = [str(a), str(y)]
    compute = ["compute", *pair, "--only", "mse"]
    sql = f"select avg(({'+'.join(f'(a.column{j}-y.column{j})**2' for j in range(COLUMNS))})/{COLUMNS})"
    tables = f"read_csv('{a}', header=false) a positional join read_csv('{y}', header=false) y"
    awk = "+".join(f"(${j}-${j + COLUMNS})^2" for j in range(1, COLUMNS + 1))
    return [
        Tool("**mse** (default)", [*PLAIN_MSE, *compute]),
        Tool("**mse** `-j 1`", [*PLAIN_MSE, *compute, "-j", "1"]),
        Tool("**mse** with the extra `fast`", [*MSE, *compute], "polars"),
        Tool("limit: `cat` both files", ["cat", *pair]),
        python(
            "NumPy `loadtxt`",
            f"import numpy as np; A, Y = (np.loadtxt(f, delimiter=',') for f in {pair}); print(((A-Y)**2).mean())",
        ),
        python(
            "pandas",
            f"import pandas as pd; A, Y = (pd.read_csv(f, header=None) for f in {pair}); "
            "print(((A-Y)**2).to_numpy().mean())",
            "pandas",
        ),
        python(
            "Polars",
            f"import polars as pl; A, Y = (pl.read_csv(f, has_header=False).to_numpy() for f in {pair}); "
            "print(((A-Y)**2).mean())",
            "polars",
        ),
        python(
            "DuckDB",
            f'import duckdb; print(duckdb.sql("""{sql} from {tables}""").fetchall())',
            "duckdb",
        ),
        Tool(
            "`paste` and `awk`",
            ["sh", "-c", f"paste -d, {a} {y} | awk -F, '{{s+={awk}}} END{{printf \"%.17g\\n\", s/(NR*{COLUMNS})}}'"],
            "awk",
        ),
    ]


def parquet_tools(a: Path, y: Path) -> list[Tool]:
    pair = [str(a), str(y)]
    squares = "+".join(f"(a.column_{j}-y.column_{j})**2" for j in range(COLUMNS))
    sql = f"select avg(({squares})/{COLUMNS}) from '{a}' a positional join '{y}' y"
    return [
        Tool("**mse --only mse**", [*MSE, "compute", *pair, "--only", "mse"]),
        python(
            "Polars",
            f"import polars as pl; A, Y = (pl.read_parquet(f).to_numpy() for f in {pair}); print(((A-Y)**2).mean())",
        ),
        python(
            "pandas",
            f"import pandas as pd; A, Y = (pd.read_parquet(f) for f in {pair}); print(((A-Y)**2).to_numpy().mean())",
            "pandas",
        ),
        python("DuckDB", f'import duckdb; print(duckdb.sql("""{sql}""").fetchall())', "duckdb"),
    ]


def small_tools(a: Path, y: Path) -> list[Tool]:
    compute = ["compute", str(a), str(y)]
    metric = "from sklearn.metrics import mean_squared_error as m"
    return [
        Tool("**mse --version**", [*MSE, "--version"]),
        Tool("**mse --only mse**", [*MSE, *compute, "--only", "mse"]),
        Tool("**mse**, tables", [*MSE, *compute]),
        python("limit: `import typer`", "import typer"),
        python("limit: `import numpy, typer`", "import numpy, typer"),
        python(
            "limit: `import numpy, typer, rich.table, rich.console`", "import numpy, typer, rich.table, rich.console"
        ),
        python(
            "pandas and scikit-learn",
            f"import pandas as pd; {metric}; print(m(pd.read_csv({str(y)!r}), pd.read_csv({str(a)!r})))",
            "sklearn",
        ),
        python("Polars", f"import polars as pl; pl.read_csv({str(a)!r}); pl.read_csv({str(y)!r})", "polars"),
    ]


@contextmanager
def npy_files(folder: Path, rows: int, dtype: str) -> Iterator[tuple[Path, Path]]:
    """A target and a prediction near it, removed at the end."""
    paths = folder / f"a-{dtype}.npy", folder / f"y-{dtype}.npy"
    for path, chunk in zip(paths, chunks(), strict=True):
        data = chunk.astype(dtype)
        with path.open("wb") as file:
            fields = {"descr": data.dtype.str, "fortran_order": False, "shape": (rows, COLUMNS)}
            np.lib.format.write_array_header_1_0(file, fields)
            repeat(data.tobytes(), data[0].nbytes, rows, file.write)
    yield paths
    for path in paths:
        path.unlink()


@contextmanager
def csv_files(folder: Path, rows: int) -> Iterator[tuple[Path, Path]]:
    """The same as text with 17 digits."""
    paths = folder / "a.csv", folder / "y.csv"
    for path, chunk in zip(paths, chunks(), strict=True):
        lines = [(",".join(map(repr, row)) + "\n").encode() for row in chunk.tolist()]
        with path.open("wb") as file:
            for start in range(0, rows, CHUNK_ROWS):
                file.write(b"".join(lines[: rows - start]))
    yield paths
    for path in paths:
        path.unlink()


@contextmanager
def parquet_files(folder: Path, rows: int) -> Iterator[tuple[Path, Path]]:
    """The same as Parquet, as Polars writes it."""
    import polars

    paths = folder / "a.parquet", folder / "y.parquet"
    for path, chunk in zip(paths, chunks(), strict=True):
        data = np.tile(chunk, (-(-rows // CHUNK_ROWS), 1))[:rows]
        names = [f"column_{j}" for j in range(COLUMNS)]
        polars.DataFrame(data, schema=names).write_parquet(path)
    yield paths
    for path in paths:
        path.unlink()


def chunks() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(11785)
    target = random.standard_normal((CHUNK_ROWS, COLUMNS))
    return target + 0.1 * random.standard_normal(target.shape), target


def repeat(data: bytes, row_bytes: int, rows: int, write) -> None:  # type: ignore[no-untyped-def]
    for start in range(0, rows, CHUNK_ROWS):
        write(data[: (rows - start) * row_bytes])


def measure(tools: list[Tool], runs: int) -> list[Timing]:
    """The tools in turn, as often as asked for, after one run each for memory (and the page cache)."""
    installed = [tool for tool in tools if not tool.missing()]
    peaks = {tool.name: peak_of(tool) for tool in installed}
    seconds: dict[str, list[float]] = {tool.name: [] for tool in installed}
    for _ in range(runs):
        for tool in installed:
            seconds[tool.name].append(seconds_of(tool))
    return [Timing(name, statistics.median(times), peaks[name]) for name, times in seconds.items()]


def seconds_of(tool: Tool) -> float:
    prepare(tool)
    start = time.perf_counter()
    subprocess.run(tool.command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.perf_counter() - start


def prepare(tool: Tool) -> None:
    """Remove what the tool wrote before, and have the disk take what is still to be written of it."""
    if tool.writes is not None and tool.writes.exists():
        tool.writes.unlink()
        os.sync()


def peak_of(tool: Tool) -> int:
    """Peak resident bytes: of the whole family where /proc shows it, else of its largest process."""
    prepare(tool)
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, *tool.command]
    launcher = subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT)
    family = 0
    while launcher.poll() is None:
        family = max(family, sum(map(resident, family_of(launcher.pid))))
        time.sleep(SECONDS_BETWEEN_SAMPLES)
    status, largest = map(int, launcher.communicate()[0].split())
    if status:
        raise subprocess.CalledProcessError(status, tool.command)
    return max(family, largest * (1 if sys.platform == "darwin" else 1024))


def family_of(pid: int) -> list[int]:
    """All descendants of a process; none where there is no /proc, or it has just ended."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return children + [descendant for child in children for descendant in family_of(child)]


def resident(pid: int) -> int:
    """Resident bytes of a process; 0 if it has just ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def report(title: str, tools: list[Tool], runs: int) -> None:
    """A table: seconds, how many times that of the first row, and memory."""
    timings = measure(tools, runs)
    print(f"\n### {title}\n\n| | seconds | ÷ first row | peak MiB |\n| --- | ---: | ---: | ---: |")
    for timing in timings:
        ratio = timing.seconds / timings[0].seconds
        print(f"| {timing.name} | {timing.seconds:.3f} | {ratio:.2f} | {timing.peak / 2**20:.0f} |", flush=True)
    absent = [tool.name for tool in tools if tool.missing()]
    if absent:
        print(f"\nNot installed, left out: {', '.join(absent)}.")


def machine() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return (
        f"{os.cpu_count()} × {model}, {platform.system()}, Python {platform.python_version()}, NumPy {np.__version__}"
    )


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one small size, one run each: well under a minute")
    parser.add_argument("--rows", type=int, default=500_000, help="rows of the CSV files at 1× (%(default)s)")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 4, 16], help="sizes, as multiples of --rows")
    parser.add_argument("--runs", type=int, default=5, help="timed runs of each tool (%(default)s)")
    works = ["npy", "parquet", "csv", "small"]
    parser.add_argument("--works", nargs="+", choices=works, default=works)
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rows, chosen.scales, chosen.runs = 50_000, [1], 1
    return chosen


def main() -> None:
    chosen = options()
    print(f"Machine: {machine()}. Medians of {chosen.runs} runs.")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mse-benchmark-")))
        for scale in chosen.scales:
            rows = chosen.rows * scale
            if "npy" in chosen.works:
                for dtype in ("float64", "float32"):
                    with npy_files(folder, rows * NPY_ROWS, dtype) as (a, y):
                        title = f"NPY {dtype}, {rows * NPY_ROWS:,} × {COLUMNS}, {a.stat().st_size / 1e6:.0f} MB a file"
                        report(title, npy_tools(a, y, folder / "g.npy"), chosen.runs)
            if "parquet" in chosen.works and importlib.util.find_spec("polars") is not None:
                with parquet_files(folder, rows * NPY_ROWS) as (a, y):
                    title = f"Parquet, {rows * NPY_ROWS:,} × {COLUMNS}, {a.stat().st_size / 1e6:.0f} MB a file"
                    report(title, parquet_tools(a, y), chosen.runs)
            if "csv" in chosen.works:
                with csv_files(folder, rows) as (a, y):
                    title = f"CSV, {rows:,} × {COLUMNS}, {a.stat().st_size / 1e6:.0f} MB a file"
                    report(title, csv_tools(a, y), chosen.runs)
        if "small" in chosen.works:
            with csv_files(folder, 2) as (a, y):
                report("Small files, 2 × 4", small_tools(a, y), chosen.runs)


if __name__ == "__main__":
    main()
