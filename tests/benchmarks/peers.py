"""The programs that are measured: ``mse``, and what one would write instead with each of its peers.

Each peer is the fastest short program that was found for the job. It takes both files as arguments and prints the MSE.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from shapes import Shape

Programs = dict[str, str]

PACKAGES = ("numpy", "pandas", "polars", "duckdb", "pyarrow", "scikit-learn")

# The default install, also where the extras are there: their import fails.
WITHOUT_EXTRAS = """
import sys
sys.modules.update(dict.fromkeys(["simdjson", "isal", "pyarrow", "polars"]))
from mse_cli.__main__ import main
main()
"""
READ_BARE = """
import sys, numpy, typer
buffer = bytearray(1 << 20)
for path in sys.argv[1:]:
    with open(path, "rb", 0) as file:
        while file.readinto(buffer):
            pass
"""
ARRAY_MEAN = "print(((A - Y) ** 2).mean())"
METRIC = "print(sklearn.metrics.mean_squared_error(Y, A))"
POLARS_MEAN = """
both = pl.concat([A, Y.select(pl.all().name.suffix("y"))], how="horizontal")
squares = [(pl.col(name) - pl.col(name + "y")) ** 2 for name in A.collect_schema()]
mse = pl.sum_horizontal(s.sum() for s in squares) / pl.sum_horizontal(s.count() for s in squares)
print(both.select(mse).collect(engine="streaming").item())
"""
PYARROW_MEAN = """
D = [pc.subtract(a, y) for a, y in zip(A.columns, Y.columns)]
print(sum(pc.sum(pc.multiply(d, d)).as_py() for d in D) / sum(len(d) - d.null_count for d in D))
"""


def commands(shape: Shape, files: tuple[Path, Path], python: Path) -> dict[str, list[str]]:
    """``mse`` first, then limits and peers, by their names."""
    pair = [*map(str, shape.models(files[0])), str(files[1])]
    start = ["-c", WITHOUT_EXTRAS] if shape.kind == "core" else ["-m", "mse_cli"]
    found = {"mse": [sys.executable, *start, "compute", *pair, *shape.options, "--only", "mse"]}
    if shape.kind == "compare":  # MSE stands in the best model's row
        print_mse = f'"{sys.executable}" -m mse_cli compare "$@" -f csv | sed -n 2p | cut -d, -f4'
        found = {"mse": ["bash", "-c", print_mse, "bash", *pair]}
    if shape.kind == "npy":
        found["bare reading"] = [sys.executable, "-c", READ_BARE, *pair]
    if shape.kind == "start":
        found["bare start"] = [sys.executable, "-c", "import numpy, typer"]
    for name, code in PROGRAMS[shape.kind](shape).items():
        found[name] = [str(python), "-c", code, *pair]
    if shape.kind in ("text", "core"):
        found["paste + awk"] = ["bash", "-c", awk(shape), "bash", *pair]
    return found


def program(modules: str, read: str, result: str) -> str:
    """Read both files alike, as A and Y, and print the result."""
    return f"import sys, {modules}\nA, Y = ({read} for f in sys.argv[1:])\n{result}"


def text(shape: Shape) -> Programs:
    """CSV files, their rows paired by position."""
    names, header = shape.names, shape.header
    scan = f"pl.scan_csv(f).select({names})" if header else "pl.scan_csv(f, has_header=False)"
    table = "read_csv('{}', header=true)" if header else f"read_csv('{{}}', header=false, names={names})"
    options = f"csv.ConvertOptions(include_columns={names})" if header else ""
    arrow = f"csv.read_csv(f, csv.ReadOptions(autogenerate_column_names={not header}), None, {options or None})"
    found = {
        "Polars": program("polars as pl", scan, POLARS_MEAN),
        "DuckDB": duckdb(names, table),
        "pyarrow": program("pyarrow.csv as csv, pyarrow.compute as pc", arrow, PYARROW_MEAN),
    }
    frame = f"pd.read_csv(f, usecols={names})" if header else "pd.read_csv(f, header=None)"
    if shape.missing:  # NumPy and scikit-learn refuse them
        mean = "print(np.nanmean((A - Y) ** 2))"
        return {"pandas": program("numpy as np, pandas as pd", f"{frame}.to_numpy()", mean), **found}
    used = f", skiprows=1, usecols=range(1, {shape.columns + 1})" if header else ""
    return {
        "pandas": program("pandas as pd", f"{frame}.to_numpy()", ARRAY_MEAN),
        **found,
        "scikit-learn": program("pandas as pd, sklearn.metrics", frame, METRIC),
        "NumPy loadtxt": loadtxt(used),
    }


def core(shape: Shape) -> Programs:
    """CSV files, with NumPy alone."""
    return {"NumPy loadtxt": loadtxt()}


def loadtxt(options: str = "", before: str = "") -> str:
    """NumPy's reader of text."""
    return program("numpy as np", f"np.loadtxt(f, delimiter=','{options})", before + ARRAY_MEAN)


def keyed(shape: Shape) -> Programs:
    """CSV files, their rows matched by ``id``."""
    by_id = "A, Y = (x[x[:, 0].argsort(), 1] for x in (A, Y))\n"
    return {
        "pandas": program(
            "pandas as pd", "pd.read_csv(f)", "J = A.merge(Y, on='id')\nprint(((J.x1_x - J.x1_y) ** 2).mean())"
        ),
        "Polars": program(
            "polars as pl",
            "pl.scan_csv(f)",
            "square = (pl.col('x1') - pl.col('x1_right')) ** 2\n"
            "print(A.join(Y, on='id').select(square.mean()).collect(engine='streaming').item())",
        ),
        "DuckDB": query("select avg((a.x1-y.x1)*(a.x1-y.x1)) from read_csv('{}') a join read_csv('{}') y using (id)"),
        "pyarrow": program(
            "pyarrow.csv as csv, pyarrow.compute as pc",
            "csv.read_csv(f)",
            "J = A.join(Y, 'id', join_type='inner', right_suffix='_y')\n"
            "d = pc.subtract(J['x1'], J['x1_y'])\nprint(pc.mean(pc.multiply(d, d)))",
        ),
        "NumPy loadtxt": loadtxt(", skiprows=1", by_id),
    }


def grouped(shape: Shape) -> Programs:
    """CSV files, the second with a text column: rows, SSE and MSE of each group, the largest SSE first."""
    squares = "+".join(f"(a.{name}-y.{name})*(a.{name}-y.{name})" for name in shape.names)
    groups = (
        f"select city, count(*) n, sum({squares}) s, s/n from read_csv('{{}}') a positional join read_csv('{{}}') y "
        "group by city order by s desc"
    )
    result = f"""
both = pl.concat([A, Y.rename({{n: n + "y" for n in {shape.names}}})], how="horizontal")
sse = sum((pl.col(n) - pl.col(n + "y")) ** 2 for n in {shape.names}).sum().alias("sse")
groups = both.group_by("city").agg(pl.len(), sse).with_columns(mse=pl.col("sse") / pl.col("len"))
found = groups.sort("sse", descending=True).collect(engine="streaming")
print(found["sse"].sum() / found["len"].sum() / {shape.columns})
"""
    return {
        "Polars": program("polars as pl", "pl.scan_csv(f)", result),
        "DuckDB": query(f"select sum(s)/sum(n)/{shape.columns} from ({groups})"),
    }


def compared(shape: Shape) -> Programs:
    """CSV files of three models and the truth: MSE, in all and by column, paired differences."""
    cells = {(m, n): f"({m}.{n}-y.{n})*({m}.{n}-y.{n})" for m in "abc" for n in shape.names}
    losses = {m: "+".join(cells[m, n] for n in shape.names) for m in "abc"}
    columns = [f"{cell} {m}_{n}" for (m, n), cell in cells.items()] + [f"{loss} {m}" for m, loss in losses.items()]
    wanted = [f"avg({m}_{n})" for m, n in cells] + [f"avg({m})" for m in "bc"]
    wanted += [f"stddev_samp({m}-{k}), count(*) filter ({m}<{k})" for m, k in ("ab", "ac", "bc")]
    sides = " positional join ".join(f"read_csv('{{}}') {side}" for side in "abcy")
    rows = f"select {', '.join(columns)} from {sides}"
    result = f"""
A, B, C, Y = (pl.scan_csv(f) for f in sys.argv[1:])
names = {shape.names}
models = [M.rename({{n: n + m for n in names}}) for m, M in zip("abc", (A, B, C))]
both = pl.concat([*models, Y], how="horizontal")
cells = {{m: [(pl.col(n + m) - pl.col(n)) ** 2 for n in names] for m in "abc"}}
losses = {{m: sum(of) for m, of in cells.items()}}
wanted = {{m: loss.mean() / len(names) for m, loss in losses.items()}}
wanted |= {{m + n: cell.mean() for m, of in cells.items() for n, cell in zip(names, of)}}
for m, k in ("ab", "ac", "bc"):
    wanted |= {{m + k: (losses[m] - losses[k]).std(), m + k + "n": (losses[m] < losses[k]).sum()}}
print(both.select(**wanted).collect(engine="streaming")["a"].item())
"""
    return {
        "Polars": f"import sys, polars as pl{result}",
        "DuckDB": query(f"select avg(a)/{shape.columns}, {', '.join(wanted)} from ({rows})"),
    }


def parquet(shape: Shape) -> Programs:
    """Parquet files."""
    return {
        "pandas": program("pandas as pd", "pd.read_parquet(f).to_numpy()", ARRAY_MEAN),
        "Polars": program("polars as pl", "pl.scan_parquet(f)", POLARS_MEAN),
        "DuckDB": duckdb(shape.names, "'{}'"),
        "pyarrow": program("pyarrow.parquet as pq, pyarrow.compute as pc", "pq.read_table(f)", PYARROW_MEAN),
        "scikit-learn": program("pandas as pd, sklearn.metrics", "pd.read_parquet(f)", METRIC),
    }


def npy(shape: Shape) -> Programs:
    """NPY files. What adds up float32 in a row is up to 1e-4 wrong: NumPy's mean, in pairs, is not."""
    mapped, single = "np.load(f, mmap_mode='r')", shape.numbers == "float32"
    dot = "D = A - Y\nprint(np.vdot(D, D) / D.size)"
    metric = program("numpy as np, sklearn.metrics", f"np.load(f){'.astype(float)' if single else ''}", METRIC)
    return {
        "NumPy": program("numpy as np", "np.load(f)", ARRAY_MEAN),
        "NumPy mmap": program("numpy as np", mapped, ARRAY_MEAN if single else dot),
        "scikit-learn": metric,
    }


def small(shape: Shape) -> Programs:
    """Two houses, as CSV with a header."""
    return {
        "pandas": program("pandas as pd", "pd.read_csv(f).to_numpy()", ARRAY_MEAN),
        "Polars": program(
            "polars as pl", "pl.read_csv(f)", "D = A - Y\nprint((D * D).mean().mean_horizontal().item())"
        ),
        "scikit-learn": program("pandas as pd, sklearn.metrics", "pd.read_csv(f)", METRIC),
        "NumPy loadtxt": loadtxt(", skiprows=1"),
    }


def duckdb(names: list[str], table: str) -> str:
    """Rows of two tables paired by position."""
    differences = [f"(a.{name}-y.{name})" for name in names]
    total = "+".join(f"sum({d}*{d})" for d in differences)
    cells = "+".join(f"count({d})" for d in differences)
    return query(f"select ({total})/({cells}) from {table} a positional join {table} y")


def query(sql: str) -> str:
    """DuckDB's answer; ``{}`` stands for a file, in order."""
    settings = "duckdb.sql('set enable_progress_bar=false')"
    return f'import sys, duckdb\n{settings}\nprint(duckdb.sql("""{sql}""".format(*sys.argv[1:])).fetchall()[0][0])'


def awk(shape: Shape) -> str:
    """Both files side by side; a text column stands first in each."""
    width, first = shape.columns + shape.text_column, 1 + shape.text_column
    pairs = [(f"${j}", f"${j + width}") for j in range(first, width + 1)]
    present = [f'if({a}!=""&&{y}!="")' if shape.missing else "" for a, y in pairs]
    sums = "".join(f"{p}{{d={a}-{y};s+=d*d;n++}}" for p, (a, y) in zip(present, pairs, strict=True))
    files = '<(zcat "$1") <(zcat "$2")' if shape.suffix.endswith(".gz") else '"$1" "$2"'
    rows = "NR>1" if shape.header else ""
    return f"paste -d, {files} | LC_ALL=C awk -F, '{rows}{{{sums}}} END{{printf \"%.17g\\n\", s/n}}'"


PROGRAMS: dict[str, Callable[[Shape], Programs]] = {
    "text": text,
    "core": core,
    "key": keyed,
    "by": grouped,
    "compare": compared,
    "parquet": parquet,
    "npy": npy,
    "start": small,
}


def environment(cache: Path) -> Path:
    """The Python of the peers' own environment, which is made where there is none yet."""
    folder = cache / "peers"
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    done = folder / "versions.txt"
    if not done.exists():
        print(f"making the peers' environment, {folder}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        code = f"from importlib.metadata import version as v\nprint(', '.join(f'{{n}} {{v(n)}}' for n in {PACKAGES}))"
        done.write_text(subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True).stdout)
    return python


def versions(cache: Path) -> str:
    """What is installed there."""
    return (cache / "peers" / "versions.txt").read_text().strip()
