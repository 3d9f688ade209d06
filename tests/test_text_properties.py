"""Any matrix in any dialect that the contract allows reads back to the same bits; any single corruption is an error."""

import bz2
import contextlib
import gzip
import io
import lzma
import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mse_cli.errors import MseError, ParseError
from mse_cli.readers.matrix import Selection, matrix_of
from mse_cli.readers.sources.files import FileSource
from mse_cli.readers.text import parsing, text_file
from mse_cli.readers.text.dialect import Dialect
from mse_cli.readers.text.layout import Layout
from mse_cli.readers.text.parsing import joined, parse_piece
from mse_cli.readers.text.parsing.strict import parse_strictly
from mse_cli.readers.text.pieces import Piece, cut_pieces
from mse_cli.readers.text.text_file import open_file

PACKERS = {"": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
MATRICES = st.integers(1, 4).flatmap(
    lambda columns: st.lists(st.lists(NUMBERS, min_size=columns, max_size=columns), min_size=1, max_size=6)
)
FEW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@st.composite
def dialects(draw):
    """How a text is written; the reader must find all of it out but a decimal comma."""
    delimiter = draw(st.sampled_from([",", ";", "\t", "|", " "]))
    return {
        "delimiter": delimiter,
        "decimal": draw(st.sampled_from(".,")) if delimiter != "," else ".",
        "quotes": draw(st.booleans()),
        "pad": draw(st.sampled_from(["", " ", "  "])),
        "header": draw(st.booleans()),
        "bom": draw(st.booleans()),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "last_end": draw(st.sampled_from([0, 1, 1, 3])),
        "trailing": delimiter != " " and draw(st.booleans()),
        "comments": draw(st.sets(st.integers(0, 6), max_size=3)),
        "packer": draw(st.sampled_from(sorted(PACKERS))),
    }


def lines_of(matrix, dialect):
    """The lines of a text: the header if there is one, then the rows; comments not yet among them."""
    delimiter, pad = dialect["delimiter"], dialect["pad"]
    rows = [[repr(value).replace(".", dialect["decimal"]) for value in row] for row in matrix]
    if dialect["header"]:
        rows.insert(0, [f"column{i}" for i in range(len(matrix[0]))])
    if dialect["quotes"]:
        rows = [[f'"{cell}"' for cell in row] for row in rows]
    end = delimiter if dialect["trailing"] else ""
    return [pad + f"{pad}{delimiter}{pad}".join(row) + pad + end for row in rows]


def packed(lines, dialect):
    lines = list(lines)
    for i in sorted(dialect["comments"], reverse=True):
        lines.insert(min(i, len(lines)), f'# comment {i}, "with, 1;2 quotes')
    ends = dialect["end"] * dialect["last_end"]
    text = dialect["end"].join(lines) + ends
    return PACKERS[dialect["packer"]]((b"\xef\xbb\xbf" if dialect["bom"] else b"") + text.encode())


def read(path, dialect, missing="fail"):
    options = Dialect(decimal=dialect["decimal"], missing=missing)
    return np.concatenate(list(opened(path, options).chunks()))


def opened(path, options, label="file"):
    return matrix_of(label, (open_file(FileSource(path, label), dialect=options),), options.missing)


@FEW
@given(MATRICES, dialects(), st.sampled_from([4 << 20, 1, 7, 40]))
def test_any_matrix_in_any_dialect_reads_back_to_the_same_bits(tmp_path_factory, matrix, dialect, piece_bytes):
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(packed(lines_of(matrix, dialect), dialect))
    with in_pieces(piece_bytes):
        assert read(path, dialect).tobytes() == np.array(matrix).tobytes()


@contextlib.contextmanager
def in_pieces(size):
    """Read as if pieces and steps had so many bytes."""
    with (
        mock.patch.object(parsing, "STEP_BYTES", min(size, parsing.STEP_BYTES)),
        mock.patch.multiple(text_file, PIECE_BYTES=min(size, text_file.PIECE_BYTES)),
    ):
        yield


@FEW
@given(MATRICES, dialects(), st.data())
def test_a_letter_in_a_cell_is_an_error_at_its_place(tmp_path_factory, matrix, dialect, data):
    row = data.draw(st.integers(0, len(matrix) - 1))
    column = data.draw(st.integers(0, len(matrix[0]) - 1))
    dialect |= {"comments": set(), "header": True}
    lines = lines_of(matrix, dialect)
    cell = repr(matrix[row][column]).replace(".", dialect["decimal"])
    cells = lines[row + 1].split(dialect["delimiter"])
    at = [i for i, text in enumerate(cells) if text.strip()][column]
    cells[at] = cells[at].replace(cell, data.draw(st.sampled_from([cell + "x", "x" + cell, f"{cell[:1]}l{cell[1:]}"])))
    lines[row + 1] = dialect["delimiter"].join(cells)
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(packed(lines, dialect))
    with pytest.raises(ParseError) as caught:
        read(path, dialect)
    assert (caught.value.place.line, caught.value.place.column) == (row + 2, column + 1)


@FEW
@given(MATRICES, dialects(), st.data())
def test_a_dropped_cell_is_an_error_where_another_row_tells_the_width(tmp_path_factory, matrix, dialect, data):
    assume(len(matrix[0]) > 1 and (dialect["header"] or len(matrix) > 1))
    assume(dialect["delimiter"] != " " or len(matrix) > 1)  # a space in the header alone may be one of a name
    lines = lines_of(matrix, dialect)
    line = data.draw(st.integers(0, len(lines) - 1))
    cells = lines[line].strip(" ").split(dialect["delimiter"])
    cells.pop(data.draw(st.sampled_from([i for i, cell in enumerate(cells) if cell.strip()])))
    lines[line] = dialect["delimiter"].join(cells)
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(packed(lines, dialect))
    with pytest.raises(MseError):
        read(path, dialect)


@FEW
@given(MATRICES, dialects(), st.data())
def test_a_dropped_row_leaves_a_row_fewer(tmp_path_factory, matrix, dialect, data):
    """Which is an error beside the other file: shapes are never broadcast."""
    assume(len(matrix) > 1)
    lines = lines_of(matrix, dialect)
    lines.pop(data.draw(st.integers(int(dialect["header"]), len(lines) - 1)))
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(packed(lines, dialect))
    assert len(read(path, dialect)) == len(matrix) - 1


@FEW
@given(MATRICES, dialects(), st.data())
def test_an_archive_cut_short_is_an_error(tmp_path_factory, matrix, dialect, data):
    dialect["packer"] = data.draw(st.sampled_from(["gz", "bz2", "xz"]))
    stored = packed(lines_of(matrix, dialect), dialect)
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(stored[: data.draw(st.integers(max(6, len(stored) - 40), len(stored) - 1))])
    with pytest.raises(ParseError):
        read(path, dialect)


@FEW
@given(MATRICES, dialects(), st.data())
def test_a_changed_byte_of_an_archive_is_an_error_or_changes_nothing(tmp_path_factory, matrix, dialect, data):
    dialect["packer"] = data.draw(st.sampled_from(["gz", "bz2", "xz"]))
    stored = bytearray(packed(lines_of(matrix, dialect), dialect))
    at = data.draw(st.integers(10, len(stored) - 1))
    stored[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(stored)
    with contextlib.suppress(ParseError):
        assert read(path, dialect).tobytes() == np.array(matrix).tobytes()


@FEW
@given(MATRICES, dialects(), st.data(), st.sampled_from(["fail", "skip-cell", "propagate"]))
def test_a_blank_line_between_rows_of_one_cell_is_an_error_wherever_pieces_are_cut(
    tmp_path_factory, matrix, dialect, data, missing
):
    matrix = [row[:1] for row in matrix]
    dialect |= {"trailing": False}
    lines = lines_of(matrix + matrix, dialect)
    line = data.draw(st.integers(int(dialect["header"]) + 1, len(lines) - 1))
    dialect |= {"comments": set()}
    lines.insert(line, data.draw(st.sampled_from(["", " "])))
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(packed(lines, dialect))
    with in_pieces(data.draw(st.integers(1, 60))), pytest.raises(ParseError, match="blank line") as caught:
        read(path, dialect, missing)
    assert caught.value.place.line == line + 1


@FEW
@given(MATRICES, dialects(), st.data())
def test_a_quote_inserted_is_an_error(tmp_path_factory, matrix, dialect, data):
    dialect |= {"comments": set(), "header": True}
    lines = lines_of(matrix, dialect)
    line = data.draw(st.integers(1, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[line])))
    lines[line] = lines[line][:at] + '"' + lines[line][at:]
    path = tmp_path_factory.mktemp("text") / "file"
    path.write_bytes(packed(lines, dialect))
    with pytest.raises(ParseError):
        read(path, dialect)


PLAIN_CELLS = ["1", "-2.5", "1e5", ".5", " 7 ", '"3"', '" 4 "', '"7"\t', "\t8", "0", "-0", "12"]
ODD_CELLS = [
    "",
    "NA",
    "nan",
    "null",
    '"NA"',
    '""',
    '"#N/A"',
    "-nan",
    "inf",
    "1e400",
    "x",
    "1_0",
    "0x1",
    "1 2",
    "1,5",
    "+",
    "e",
    "٣",
]
ROW_CELLS = ["#N/A", "#c", '#"', '"1,2"', '"\n', "\r", '"5', '6"']
CELLS = st.sampled_from(PLAIN_CELLS * 4 + ODD_CELLS + ROW_CELLS)


@settings(max_examples=600, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=6),
    delimiter=st.sampled_from([",", ";", "\t", "|", " ", "^", "]", "\\"]),
    missing=st.sampled_from(["fail", "skip-cell", "propagate"]),
    trailing=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 20),
    data=st.data(),
)
def test_every_parser_and_every_cut_say_the_same(rows, delimiter, missing, trailing, end, size, data):
    width = len(rows[0])
    use = tuple(data.draw(st.permutations(range(width)))[: data.draw(st.integers(1, width))])
    key = data.draw(st.sampled_from([None, width - 1]))
    layout = Layout(delimiter, ".", width, trailing and delimiter != " ", None, use, 0, 1)
    wanted = Selection(use, missing, key)
    text = end.join(delimiter.join(row) + (delimiter if layout.trailing else "") for row in rows) + end
    piece = Piece(5, text.encode())
    strict = outcome(lambda: parse_strictly(piece.data, 5, layout, wanted))
    quick = outcome(lambda: parsing._parse_quickly(piece, layout, wanted))
    assert quick in (None, strict)
    parts = cut_pieces(io.BytesIO(piece.data), 5, size)
    cut = outcome(lambda: joined(parse_piece(part, layout, wanted) for part in parts))
    assert cut == strict or (isinstance(cut, str) and isinstance(strict, str))


def outcome(parse):
    try:
        found = parse()
    except ParseError as error:
        return str(error)
    return found and (found[0].numbers.shape, found[0].numbers.tobytes(), list(found[0].keys or []), found[1])


def test_a_blank_line_at_the_end_of_a_piece_is_not_forgotten(tmp_path):
    """NumPy's parser drops it: every later row of a one-column file would stand one row too high."""
    path = tmp_path / "file.csv"
    path.write_bytes(b"1\n2\n\n3\n4\n")
    with in_pieces(5), pytest.raises(ParseError, match="line 3: a blank line between rows"):
        read(path, {"decimal": "."})


@pytest.mark.parametrize("end", ["\r", "\r\r\n"])
def test_a_stray_carriage_return_at_the_very_end_of_a_long_file_is_an_error(tmp_path, end):
    path = tmp_path / "file.csv"
    path.write_bytes(b"1,2\n" * 300_000 + b"3,4" + end.encode())
    with pytest.raises(ParseError, match="line 300001: a carriage return"):
        read(path, {"decimal": "."})


def test_a_row_that_lost_the_delimiter_all_others_end_with_is_an_error(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b"1,2,\n" * 150 + b"1,2")
    with pytest.raises(ParseError, match="line 151, column 2: the delimiter at the end of the row is missing"):
        read(path, {"decimal": "."})


@pytest.mark.parametrize("packer", ["bz2", "xz", "gz"])
def test_several_archives_one_after_the_other_are_read_to_the_last_byte(tmp_path, packer):
    path, pack = tmp_path / "file", PACKERS[packer]
    path.write_bytes(pack(b"1\n2\n") + pack(b"3\n") + pack(b""))
    assert read(path, {"decimal": "."}).ravel().tolist() == [1, 2, 3]
    second = bytearray(pack(b"3\n"))
    second[0] ^= 1  # the standard library's bz2 and lzma files would end here in silence
    path.write_bytes(pack(b"1\n2\n") + bytes(second))
    with pytest.raises(ParseError, match="truncated or corrupt"):
        read(path, {"decimal": "."})


def test_xz_padding_between_streams_is_allowed(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(lzma.compress(b"1\n") + b"\0" * 8 + lzma.compress(b"2\n") + b"\0" * 4)
    assert read(path, {"decimal": "."}).ravel().tolist() == [1, 2]


def test_rows_behind_more_than_a_mebibyte_of_comments_are_found(tmp_path):
    path = tmp_path / "file.csv"
    path.write_bytes(b"# long\n" * 200_000 + b"a,b\n1,2\n")
    assert read(path, {"decimal": "."}).tolist() == [[1, 2]]


def test_a_header_wider_than_a_mebibyte_is_read(tmp_path):
    path = tmp_path / "file.csv"
    names = [f"column_with_a_long_name_{i}" for i in range(60_000)]
    path.write_text(",".join(names) + "\n" + ",".join(["1.5"] * 60_000) + "\n")
    assert read(path, {"decimal": "."}).shape == (1, 60_000)


def test_a_missing_cell_reads_the_same_beside_a_million_others(tmp_path):
    path = tmp_path / "file.csv"
    rows = [[float(i), i / 7] for i in range(60_000)]
    rows[41_234][1] = math.nan
    path.write_text("\n".join(f"{a!r}, {'NA' if math.isnan(b) else repr(b)}" for a, b in rows))
    assert read(path, {"decimal": "."}, "skip-cell").tobytes() == np.array(rows).tobytes()
    with pytest.raises(ParseError, match="line 41235, column 2: the cell is missing"):
        read(path, {"decimal": "."})


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_delimiter_in_the_header_alone_is_one(tmp_path, sign):
    path = tmp_path / "cut.csv"
    path.write_text(f"price{sign}rooms\n300000\n500000\n")
    matrix = opened(path, Dialect(), "cut.csv")
    with pytest.raises(MseError, match=r"cut\.csv, line 2, column 2 \(rooms\): the row has 1 cell, fewer than 2"):
        list(matrix.rows())
