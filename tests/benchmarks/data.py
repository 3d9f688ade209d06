"""Makes the files of a shape, in the peers' environment: ``python data.py CACHE SHAPE SCALE``.

The same seed gives the same files. The exact result lies beside them, and is written last: where it is, all is.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from shapes import CITIES, GROUPS, SHAPES, Shape

SEED = 11785
BLOCK = 1 << 20


def make(shape: Shape, cache: Path, scale: float) -> None:
    """Both files and the exact result."""
    files = shape.files(cache, scale)
    files[0].parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    a, y = pair(shape, shape.scaled(scale), random)
    for k, path in enumerate(shape.models(files[0])[1:], 1):  # each a little worse
        write(shape, y + (0.1 + 0.002 * k) * random.standard_normal(y.shape), path, random)
    for matrix, path in zip((a, y), files, strict=True):
        write(shape, matrix, path, random)
    if shape.suffix.endswith(".gz"):
        with ProcessPoolExecutor() as pool:
            list(pool.map(pack, files))
    files[0].with_name("exact.txt").write_text(repr(exact_mse(a, y)))


def pair(shape: Shape, rows: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A prediction near a target."""
    size = rows, shape.columns
    if shape.numbers == "integers":
        y = random.integers(-999_999, 1_000_000, size)
        return y + random.integers(-99_999, 100_000, size), y
    y = random.standard_normal(size)
    a = y + 0.1 * random.standard_normal(size)
    if shape.numbers == "4 decimals":
        a, y = (np.rint(x * 1e4) / 1e4 + 0.0 for x in (a, y))  # + 0.0: no -0.0
    if shape.numbers == "float32":
        a, y = a.astype(np.float32), y.astype(np.float32)
    for x in (a, y):
        if shape.missing:
            x[random.random(size) < shape.missing] = np.nan
    return a, y


def exact_mse(a: np.ndarray, y: np.ndarray) -> float:
    """In long double and pairwise, over the cells that both have."""
    total, cells = np.longdouble(0), 0
    for start in range(0, len(a), BLOCK):
        block = slice(start, start + BLOCK)
        difference = a[block].astype(np.longdouble) - y[block]
        difference = difference[~np.isnan(difference)]
        total += np.square(difference).sum()
        cells += difference.size
    return float(total / cells)


def write(shape: Shape, matrix: np.ndarray, path: Path, random: np.random.Generator) -> None:
    """In the format that the suffix names."""
    if shape.kind == "npy":
        np.save(path, matrix)
    elif shape.kind == "parquet":
        write_parquet(shape, matrix, path)
    else:
        write_text(shape, matrix, path.with_suffix("") if path.suffix == ".gz" else path, random)


def write_text(shape: Shape, matrix: np.ndarray, path: Path, random: np.random.Generator) -> None:
    """The fewest digits that give the same number; a missing cell is empty."""
    import polars

    table = polars.DataFrame(matrix, schema=shape.names)
    if shape.missing:
        table = table.fill_nan(None)
    if shape.kind == "key":
        table = table.insert_column(0, polars.Series("id", np.arange(len(matrix))))[random.permutation(len(matrix))]
    if shape.kind == "by" and path.stem == "y":
        places = np.array([f"place {k}" for k in range(GROUPS)])
        table = table.insert_column(0, polars.Series("city", places[random.integers(0, GROUPS, len(matrix))]))
    if shape.text_column:
        cities = np.array(CITIES)[random.integers(0, len(CITIES), len(matrix))]
        table = table.insert_column(0, polars.Series("city", cities))
    table.write_csv(path, include_header=shape.header)


def write_parquet(shape: Shape, matrix: np.ndarray, path: Path) -> None:
    """As pandas would, but for the number of row groups."""
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.table({name: matrix[:, j] for j, name in enumerate(shape.names)})
    pyarrow.parquet.write_table(table, path, row_group_size=-(-len(matrix) // shape.row_groups))


def pack(path: Path) -> None:
    """Into a .gz of gzip's usual level, in the place of the file itself."""
    plain = path.with_suffix("")
    with plain.open("rb") as source, gzip.open(path, "wb", 6) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    plain.unlink()


if __name__ == "__main__":
    cache, name, scale = sys.argv[1:]
    make(next(shape for shape in SHAPES if shape.name == name), Path(cache), float(scale))
