"""The shapes that are measured: what lies in each pair of files, and what each may cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["text", "core", "key", "by", "compare", "parquet", "npy", "start"]
Numbers = Literal["17 digits", "4 decimals", "integers", "float32"]

CITIES = ("Ulaanbaatar", "Lima", "Reykjavik", "Dar es Salaam", "Oslo", "Kuala Lumpur")
HOUSES = Path(__file__).parents[2] / "sample_data"
HOUSES_MSE = 1250000000.5
FRAMES = ("pandas", "Polars", "DuckDB")
GROUPS = 1000


@dataclass(frozen=True)
class Bound:
    """At most so many times the seconds of the fastest of these peers."""

    times: float
    peers: tuple[str, ...] = FRAMES


def within(times: float, *peers: str) -> tuple[Bound, ...]:
    """One bound; without names, against the fastest of the three."""
    return (Bound(times, peers or FRAMES),)


@dataclass(frozen=True)
class Shape:
    """A pair of files, the options with which ``mse`` reads it, and its bounds."""

    name: str
    title: str
    bounds: tuple[Bound, ...]
    peak_mib: int = 100
    kind: Kind = "text"
    rows: int = 2_000_000
    columns: int = 4
    options: tuple[str, ...] = ()
    numbers: Numbers = "17 digits"
    suffix: str = ".csv"
    missing: float = 0.0
    text_column: bool = False
    row_groups: int = 1
    data: str = ""  # the shape whose files it reads, if not its own

    @property
    def names(self) -> list[str]:
        """The columns that are compared."""
        return [f"x{j}" for j in range(1, self.columns + 1)]

    @property
    def header(self) -> bool:
        """Whether a text file's first row names its columns."""
        return self.kind in ("key", "by", "compare") or self.text_column

    @property
    def tolerance(self) -> float:
        """How far from the exact result a peer may be, as a fraction of it: float32 adds up in float32."""
        return 1e-6 if self.numbers == "float32" else 1e-9

    def files(self, cache: Path, scale: float) -> tuple[Path, Path]:
        """Where the prediction and the target lie."""
        if self.kind == "start":
            return HOUSES / "houses_preds.csv", HOUSES / "houses_truth.csv"
        folder = cache / f"data-{scale:g}" / (self.data or self.name)
        return folder / f"a{self.suffix}", folder / f"y{self.suffix}"

    def models(self, prediction: Path) -> list[Path]:
        """The prediction, or those of several models, the best first."""
        more = ("2", "3") if self.kind == "compare" else ()
        return [prediction, *(prediction.with_stem(prediction.stem + k) for k in more)]

    def scaled(self, scale: float) -> int:
        """Rows at a scale."""
        return max(100, round(self.rows * scale))


USED = "x1,x2,x3,x4"
SKIP = ("--missing", "skip-cell")
CHOOSE = ("--pred", USED, "--true", USED)
PARQUET = ".parquet"
KEY = ("--key", "id")
START = within(1.2, "bare start")
QUERIES = within(1.0, "Polars", "DuckDB")
NPY_64 = within(1.5, "bare reading") + within(0.65, "NumPy")
NPY_32 = within(1.15, "NumPy")

SHAPES = (
    Shape("text-17", "17 digits", within(0.8)),
    Shape("text-4", "4 decimals", within(0.8), numbers="4 decimals"),
    Shape("text-int", "integers", within(0.75), numbers="integers"),
    Shape("one-column", "one column", within(0.75), rows=8_000_000, columns=1),
    Shape("columns-100", "100 columns", within(0.8), rows=80_000, columns=100),
    Shape("missing", "1 % missing, `--missing skip-cell`", within(0.95), 200, missing=0.01, options=SKIP),
    Shape("text-column", "a text column that is not used", within(1.0), 200, text_column=True, options=CHOOSE),
    Shape("gz", "`.csv.gz`", within(0.85), suffix=".csv.gz"),
    Shape("key", "`--key`, rows in another order", within(1.2), 550, "key", columns=1, options=KEY),
    Shape("by", f"`--by` a text column of {GROUPS} groups", QUERIES, 200, "by", options=("--by", "city")),
    Shape("compare", "`compare` of three models", QUERIES, 100, "compare"),
    Shape("core", "17 digits, without extras", within(0.6, "NumPy loadtxt"), 150, "core", data="text-17"),
    Shape(
        "parquet-16", "Parquet, 16 row groups", within(0.7), 200, "parquet", 16_000_000, row_groups=16, suffix=PARQUET
    ),
    Shape("parquet-1", "Parquet, one row group", within(0.85), 200, "parquet", 8_000_000, suffix=PARQUET),
    Shape("npy-64", "NPY float64", NPY_64, 80, "npy", 16_000_000, suffix=".npy"),
    Shape("npy-32", "NPY float32", NPY_32, 80, "npy", 16_000_000, suffix=".npy", numbers="float32"),
    Shape("start", "start-up, `--only mse` of two houses", START, 40, "start", 2, 2),
)
