"""The shapes that are measured: what lies in each pair of files, and what each may cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Kind = Literal["text", "core", "key", "parquet", "npy", "start"]
Numbers = Literal["17 digits", "4 decimals", "integers", "float32"]

CITIES = ("Ulaanbaatar", "Lima", "Reykjavik", "Dar es Salaam", "Oslo", "Kuala Lumpur")
HOUSES = Path(__file__).parents[2] / "sample_data"
HOUSES_MSE = 1250000000.5
FRAMES = ("pandas", "Polars", "DuckDB")


@dataclass(frozen=True)
class Bound:
    """At most so many times the seconds of the fastest of these peers."""

    times: float
    peers: tuple[str, ...] = FRAMES


@dataclass(frozen=True)
class Shape:
    """A pair of files, the options with which ``mse`` reads it, and its bounds."""

    name: str
    title: str
    kind: Kind
    rows: int
    columns: int
    bounds: tuple[Bound, ...]
    peak_mib: int
    options: tuple[str, ...] = ()
    numbers: Numbers = "17 digits"
    suffix: str = ".csv"
    missing: float = 0.0
    text_column: bool = False
    row_groups: int = 1
    data: str = ""

    @property
    def names(self) -> list[str]:
        """The columns that are compared."""
        return [f"x{j}" for j in range(1, self.columns + 1)]

    @property
    def header(self) -> bool:
        """Whether a text file's first row names its columns."""
        return self.kind == "key" or self.text_column

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

    def scaled(self, scale: float) -> int:
        """Rows at a scale."""
        return max(100, round(self.rows * scale))


def _text(name: str, title: str, rows: int, columns: int, ratio: float, peak_mib: int = 100, **more: object) -> Shape:
    return Shape(name, title, "text", rows, columns, (Bound(ratio),), peak_mib, **more)  # type: ignore[arg-type]


SHAPES = (
    _text("text-17", "17 digits", 2_000_000, 4, 0.8),
    _text("text-4", "4 decimals", 2_000_000, 4, 0.8, numbers="4 decimals"),
    _text("text-int", "integers", 2_000_000, 4, 0.75, numbers="integers"),
    _text("one-column", "one column", 8_000_000, 1, 0.75),
    _text("columns-100", "100 columns", 80_000, 100, 0.8),
    _text(
        "missing",
        "1 % missing, `--missing skip-cell`",
        2_000_000,
        4,
        0.95,
        200,
        missing=0.01,
        options=("--missing", "skip-cell"),
    ),
    _text(
        "text-column",
        "a text column that is not used",
        2_000_000,
        4,
        1.0,
        200,
        text_column=True,
        options=("--pred", "x1,x2,x3,x4", "--true", "x1,x2,x3,x4"),
    ),
    Shape(
        "key",
        "`--key`, rows in another order",
        "key",
        2_000_000,
        1,
        (Bound(1.2),),
        550,
        options=("--key", "id"),
    ),
    _text("gz", "`.csv.gz`", 2_000_000, 4, 0.85, suffix=".csv.gz"),
    Shape(
        "core",
        "17 digits, without extras",
        "core",
        2_000_000,
        4,
        (Bound(0.6, ("NumPy loadtxt",)),),
        150,
        data="text-17",
    ),
    Shape(
        "parquet-16",
        "Parquet, 16 row groups",
        "parquet",
        16_000_000,
        4,
        (Bound(0.7),),
        200,
        suffix=".parquet",
        row_groups=16,
    ),
    Shape(
        "parquet-1",
        "Parquet, one row group",
        "parquet",
        8_000_000,
        4,
        (Bound(0.85),),
        200,
        suffix=".parquet",
    ),
    Shape(
        "npy-64",
        "NPY float64",
        "npy",
        16_000_000,
        4,
        (Bound(1.5, ("bare reading",)), Bound(0.65, ("NumPy",))),
        80,
        suffix=".npy",
    ),
    Shape(
        "npy-32",
        "NPY float32",
        "npy",
        16_000_000,
        4,
        (Bound(1.15, ("NumPy",)),),
        80,
        suffix=".npy",
        numbers="float32",
    ),
    Shape("start", "start-up, `--only mse` of two houses", "start", 2, 2, (Bound(1.2, ("bare start",)),), 40),
)
