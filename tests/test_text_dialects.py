"""A table in any two dialects: the loss is the right one, or there is an error; without any ambiguity there is none."""

import math
import re
from dataclasses import dataclass
from itertools import chain

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from mse_cli import evaluate
from mse_cli.errors import MseError

NAMES = ["price", "rooms", "área", "2m_wind", "fp[1]", "t (s)", "Growth %", "x_1"]
WORDS = ["north", "New York", "Apt #5", "Jan 1 2000", "a;b", "x,y", "é", "12b", '5" disk', "#7"]
MISSING = ["", "NA", "nan", "-NaN", "null", "<na>", "?", "-999"]
NA = ("?", "-999")
THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2},[0-9]{3}")
FEW = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Written:
    """How one side is written."""

    header: bool
    delimiter: str
    decimal: str
    end: str
    missing: str
    quoted: bool
    trailing: bool
    bom: bool
    comments: tuple[int, ...]
    blanks: tuple[int, ...]
    columns: tuple[int, ...]  # in which order
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """A table of numbers for each side, with what stands beside them."""

    numbers: tuple[list[list[int | None]], list[list[int | None]]]  # in hundredths
    names: list[str]
    ids: list[str] | None
    words: list[str] | None
    explicit: bool
    sides: tuple[Written, Written]


@st.composite
def cases(draw) -> Case:
    n_rows, n_columns = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    number = st.none() | st.sampled_from([0, 100, 200, 1234, 500, -75]) | st.integers(-(10**6), 10**6)
    table = st.lists(st.lists(number, min_size=n_columns, max_size=n_columns), min_size=n_rows, max_size=n_rows)
    ids = [f"k{i}" for i in range(n_rows)] if draw(st.booleans()) else None
    words = draw(st.lists(st.sampled_from(WORDS), min_size=n_rows, max_size=n_rows)) if draw(st.booleans()) else None
    headers = draw(st.booleans()), draw(st.booleans())
    explicit = words is not None or draw(st.booleans())
    width = n_columns + (ids is not None) + (words is not None)
    sides = tuple(
        draw(written(header, width, n_rows, reorder=header and (explicit or all(headers)), shuffle=ids is not None))
        for header in headers
    )
    names = draw(st.permutations(NAMES))[:n_columns]
    return Case((draw(table), draw(table)), names, ids, words, explicit, sides)


@st.composite
def written(draw, header: bool, width: int, n_rows: int, *, reorder: bool, shuffle: bool) -> Written:
    delimiter = draw(st.sampled_from([",", ";", "\t", "|", " "]))
    # A column of decimal commas alone is two columns of integers.
    comma = delimiter != "," and width > 1 and draw(st.booleans())
    return Written(
        header=header,
        delimiter=delimiter,
        decimal="," if comma else ".",
        end=draw(st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"])),
        missing=draw(st.sampled_from(MISSING if width > 1 and delimiter != " " else MISSING[1:])),
        quoted=draw(st.booleans()),
        trailing=delimiter != " " and draw(st.integers(0, 4)) == 0,
        bom=draw(st.booleans()),
        comments=tuple(draw(st.lists(st.integers(0, 5), max_size=2))),
        blanks=tuple(draw(st.lists(st.integers(0, 5), max_size=2))) if width > 1 else (),
        columns=tuple(draw(st.permutations(range(width)))) if reorder else tuple(range(width)),
        rows=tuple(draw(st.permutations(range(n_rows)))) if shuffle else tuple(range(n_rows)),
    )


def number_text(hundredths: int | None, side: Written) -> str:
    if hundredths is None:
        return side.missing
    whole, rest = divmod(abs(hundredths), 100)
    decimals = f"{side.decimal}{rest:02d}".rstrip("0") if rest else ""
    return f"{'-' if hundredths < 0 else ''}{whole}{decimals}"


def cells_of(case: Case, numbers: list[list[int | None]], side: Written) -> list[list[str]]:
    """The rows as cells, a header first if there is one."""
    left = [column for column in (case.ids, case.words) if column is not None]
    titles = ["id"] * (case.ids is not None) + ["where"] * (case.words is not None) + case.names
    rows = [[*(column[i] for column in left), *(number_text(number, side) for number in numbers[i])] for i in side.rows]
    return [[row[i] for i in side.columns] for row in ([titles] if side.header else []) + rows]


def written_cell(cell: str, side: Written) -> str:
    special = any(sign in cell for sign in (side.delimiter, '"', "#")) or (side.delimiter == " " and not cell)
    if special or (side.quoted and not re.fullmatch(r"[-0-9.,]+", cell) and cell):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def text_of(rows: list[list[str]], side: Written) -> bytes:
    lines = [side.delimiter.join(written_cell(cell, side) for cell in row) for row in rows]
    lines = [line + side.delimiter * side.trailing for line in lines]
    for line in side.comments:
        lines.insert(min(line, len(lines)), "# a remark, with 1 number")
    for line in side.blanks:
        lines.insert(min(line, len(lines)), "")
    return (b"\xef\xbb\xbf" if side.bom else b"") + (side.end.join(lines) + side.end).encode()


def columns_of(case: Case, side: Written) -> str:
    """How an option names the columns of numbers."""
    if side.header:
        return ",".join(case.names)
    first = (case.ids is not None) + (case.words is not None)
    return ",".join(str(first + i + 1) for i in range(len(case.names)))


def wanted(case: Case) -> float | None:
    """The sum of squared errors, ``None`` if no cell is used."""
    pairs = zip(chain(*case.numbers[0]), chain(*case.numbers[1]), strict=True)
    errors = [a / 100 - y / 100 for a, y in pairs if a is not None and y is not None]
    return math.fsum(error * error for error in errors) if errors else None


def is_ambiguous(case: Case, numbers: list[list[int | None]], side: Written) -> bool:
    """Whether a side can be read in two ways, by what the contract says."""
    rows = cells_of(case, numbers, side)
    body = rows[int(side.header) :]
    columns = list(zip(*body, strict=True))
    numeric = [any(re.fullmatch(r"-?[0-9.,]+", cell) and cell != "-999" for cell in column) for column in columns]
    texts = case.ids is not None or case.words is not None
    ends_empty = not side.header and not any(columns[-1])  # a delimiter at the end of every row, or a column of gaps
    counts = [*map(str, range(len(rows[0])))]  # what pandas calls columns without names, perhaps behind its index
    as_pandas = [cell.strip() for cell in rows[0]] in (counts, ["", *counts[:-1]])
    decimal = [cell for row in numbers for cell in (number_text(number, side) for number in row) if "," in cell]
    return (
        (not side.header and (texts or as_pandas))
        or not any(numeric)
        or side.trailing
        or ends_empty
        or (case.words is not None and side.delimiter in " ,;|\t" and len(body) < 2)
        or bool(decimal and all(THOUSANDS.fullmatch(cell) for cell in decimal))
    )


def loss(case: Case, folder) -> float | None:
    paths = []
    for i, (numbers, side) in enumerate(zip(case.numbers, case.sides, strict=True)):
        paths.append(folder / f"{i}.csv")
        paths[-1].write_bytes(text_of(cells_of(case, numbers, side), side))
    options = {"missing": "skip-cell", "na": NA}
    if case.explicit:
        options |= {"pred_columns": columns_of(case, case.sides[0]), "true_columns": columns_of(case, case.sides[1])}
    if case.ids is not None:
        options["key"] = "id" if any(side.header for side in case.sides) else "1"
    try:
        return evaluate(*map(str, paths), **options).sse
    except MseError as error:
        return error


@FEW
@given(case=cases())
def test_the_loss_is_right_or_there_is_an_error(tmp_path_factory, case):
    found, right = loss(case, tmp_path_factory.mktemp("pair")), wanted(case)
    if isinstance(found, MseError):
        event("error")
        clear = not any(is_ambiguous(case, *both) for both in zip(case.numbers, case.sides, strict=True))
        keyed = case.ids is None or all(side.header for side in case.sides)
        assert not (clear and keyed and right is not None), found
    else:
        event("loss")
        assert right is not None
        assert math.isclose(found, right, rel_tol=1e-14, abs_tol=0.0)
