"""What is guessed about text files: header, names, decimal sign, delimiter, comments, line ends, words for missing."""

import math

import numpy as np
import pytest

from mse_cli.errors import MseError, ParseError
from mse_cli.readers.matrix import Selection
from mse_cli.readers.sources.files import FileSource
from mse_cli.readers.text.dialect import Dialect
from mse_cli.readers.text.text_file import TextFile, open_file

NAN = math.nan


@pytest.fixture
def opened(tmp_path):
    """A text as an open file."""

    def open_text(text: str | bytes, **dialect: object) -> TextFile:
        path = tmp_path / "f.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return open_file(FileSource(path, "f.csv"), dialect=Dialect(**dialect))

    return open_text


def rows_of(file: TextFile, use: tuple[int, ...] | None = None, missing: str = "fail") -> list[list[float]]:
    wanted = Selection(file.use if use is None else use, missing)
    return [row for rows in file.read(wanted) for row in rows.numbers.tolist()]


def note_of(file: TextFile) -> str:
    return "; ".join(note.removeprefix("f.csv: ") for note in file.notes)


# Header


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b\n1,2\n", ("a", "b")),
        ("1,2\n3,4\n", None),
        ("价格,b\n1,2\n", ("价格", "b")),
        ("price ($),growth%\n1,2\n", ("price ($)", "growth%")),
        ("fp[1],2m_wind\n1,2\n", ("fp[1]", "2m_wind")),
        ("2020-01,2020-02\n1,2\n", ("2020-01", "2020-02")),
        ("a,,b\n1,2,3\n4,5,6\n", ("a", "", "b")),
        ("city,price\nx,1\ny,2\n", ("city", "price")),
        ("unknown,price\n1,2\n3,4\n", ("unknown", "price")),
        ("NA,2\n3,4\n", None),
        ("0,1\n1,0\n", None),
        ("0\n1.5\n", None),
        ("-nan,1\n2,2\n", None),
        ("a b\nx 1 2\ny 3 4\n", ("", "a", "b")),
        ('"a","b"\n"17",1,2\n', ("", "a", "b")),
        ("# made by model 7, run 3\n1,2\n", None),
        ("# price,rooms\n1,2\n", ("price", "rooms")),
        ("#id,y\na,1\nb,2\n", ("id", "y")),
        ("# a,b\n\n1,2\n", None),
        ("# c,d\na,b\n1,2\n", ("a", "b")),
    ],
)
def test_a_header_is_found_where_it_is_plain(opened, text, names):
    assert opened(text).names == names


@pytest.mark.parametrize(
    "text",
    [
        "s1\t0.5\ns2\t0.7\n",
        "city,2020\nx,1.5\ny,2.5\n",
        "150,4,setosa,versicolor\n5.1,3.5,1.4,0.2\n",
        "O.b,1\n2,2\n",
        "0.5 1.0 ex1\n0.7 0.7 ex2\n",
        "a,NA\n1,2\n",
        "0,1\n1.5,2.5\n",
        ",0\n0,1.5\n1,2.5\n",
        "missing\n1.5\n2.5\n",
    ],
)
def test_a_first_row_that_may_be_either_is_an_error_that_offers_both(opened, text):
    with pytest.raises(ParseError) as caught:
        opened(text)
    assert caught.value.place.line == 1
    assert "--header yes" in caught.value.hint
    assert "--header no" in caught.value.hint or "--na" in caught.value.hint
    assert opened(text, header="yes").names is not None
    assert opened(text, header="no").layout.first_line == 1


def test_a_name_that_an_option_uses_decides_and_a_number_of_a_column_does_not(opened):
    assert opened("city,2020\nx,1\n", asked_names=frozenset({"city"})).names == ("city", "2020")
    assert opened("city,2020\nx,1\n", asked_names=frozenset({"2020"})).names == ("city", "2020")
    assert opened("1,2\n3,4\n", asked_names=frozenset({"1", "2", "1-2"})).names is None


@pytest.mark.parametrize(
    ("text", "use"),
    [
        (",y\n0,1\n", (1,)),
        ("Unnamed: 0,y\n0,1\n", (1,)),
        (",Unnamed: 0,y\n0,0,1\n", (2,)),
        ("y,Unnamed: 1\n1,2\n", (0, 1)),
    ],
)
def test_an_index_is_dropped_with_a_note(opened, text, use):
    file = opened(text)
    assert file.use == use
    assert ("row names" in note_of(file)) == (use[0] > 0)


@pytest.mark.parametrize("text", ["a,b\n1,1,2\n", "a b\n4 1 2\n7 3 4\n", "a,b\n1,2\n3,4,5\n", 'a,b\n"1","2","3"\n'])
def test_any_other_header_of_another_width_is_an_error(opened, text):
    with pytest.raises(ParseError, match="the row has 3 cells, more than 2"):
        rows_of(opened(text))


# Comments


def test_comments_and_blank_lines_are_counted(opened):
    file = opened("# a comment\na,b\n\n1,2\n# another\n\n3,4\n\n\n")
    assert rows_of(file) == [[1, 2], [3, 4]]
    assert note_of(file) == "2 lines that begin with # are left out as comments; 2 blank lines are left out"
    long = opened("# one\na,b\n" + "1,2\n" * 100_000)
    assert note_of(long) == "at least 1 line that begins with # is left out as a comment"


@pytest.mark.parametrize("rows", [3, 200_000])
def test_a_row_that_begins_with_a_hash_is_an_error_wherever_it_stands(opened, rows):
    file = opened("id,y\n" + "a,1\n" * rows + "#b,2\nc,3\n")
    with pytest.raises(ParseError, match=f"line {rows + 2}, column 1: '#b,2' is a comment, or a row"):
        rows_of(file, (1,))


@pytest.mark.parametrize("text", ["id,y\n#1,x\na,2\n", "id,y\n#only a comment\na,2\n", "id,y\n#1,2,3\na,2\n"])
def test_a_comment_that_cannot_be_a_row_is_one(opened, text):
    assert rows_of(opened(text), (1,)) == [[2]]


@pytest.mark.parametrize("text", ["1 # a\n2 # b\n", "x\n1\n2 # b\n", "a,b\n1,2 # c\n", "1,x\n2,#y\n"])
def test_text_behind_a_hash_in_a_row_is_an_error(opened, text):
    with pytest.raises(ParseError, match="text after a #"):
        rows_of(opened(text, header="yes" if text[0] in "xa" else "no"), (0,))


def test_colours_and_addresses_are_cells(opened):
    assert rows_of(opened("x,colour,street\n1,#ff0000,Apt #5\n"), (0,)) == [[1]]
    assert rows_of(opened('x,y\n1,"2 # b"\n'), (0,)) == [[1]]


# Numbers


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a;b\n0,5;1\n", [[0.5, 1]]),
        ("a|b\n1,25|1,234\n", [[1.25, 1.234]]),
        ("1,5 2,5\n3 4\n", [[1.5, 2.5], [3, 4]]),
        ("a,b\n1,5\n2,05\n", [[1, 5], [2, 5]]),
        ("1,5\n2,50\n", [[1, 5], [2, 50]]),
    ],
)
def test_the_decimal_sign_of_each_file_is_found(opened, text, rows):
    file = opened(text)
    assert rows_of(file) == rows
    assert ("the comma is taken for the decimal sign" in note_of(file)) == (file.layout.decimal == ",")


@pytest.mark.parametrize(
    "text", ["y;z\n1,234;1\n2,500;2\n", "y;z\n1.234;1,5\n", 'y\n"1,234"\n', "y\n1,234\n2,500\n", "y;z\n1 234;1\n"]
)
def test_thousands_separators_are_named_and_no_decimal_sign_is_offered(opened, text):
    with pytest.raises(ParseError) as caught:
        rows_of(opened(text))
    assert "thousand" in f"{caught.value} {caught.value.hint}"
    assert "--decimal" not in (caught.value.hint or "")


@pytest.mark.parametrize("missing", ["fail", "skip-cell", "propagate"])
@pytest.mark.parametrize(
    "word", ["NAN", "nAn", "-nan", "+NaN", "Na", "n/A", "#n/a", "NULL", "none", "<na>", "?", "-9", ""]
)
def test_words_for_missing_in_any_case(opened, word, missing):
    file = opened(f"x,y\n1,2\n3,{word}\n" + "5,6\n" * 3, missing=missing, na=("?", "-9.0"))
    if missing == "fail":
        with pytest.raises(ParseError, match=r"line 3, column 2 \(y\): the cell is missing"):
            rows_of(file)
    else:
        np.testing.assert_array_equal(rows_of(file, missing=missing), [[1, 2], [3, NAN], [5, 6], [5, 6], [5, 6]])


@pytest.mark.parametrize("integer", ["9007199254740993", "-9007199254740993", "+18446744073709551615"])
def test_integers_that_float64_does_not_hold_are_errors_where_they_are_used(opened, integer):
    for rows in (2, 100_000):
        file = opened("x,y\n" + "1,2\n" * rows + f"{integer},3\n")
        with pytest.raises(ParseError, match=f"line {rows + 2}.*float64 cannot hold the integer"):
            rows_of(file)
        assert rows_of(file, (1,))[-1] == [3]


@pytest.mark.parametrize(
    "cell", ["9007199254740992", "18446744073709551617", "9007199254740993.0", "0.9007199254740993", "1e300"]
)
def test_other_long_numbers_are_rounded(opened, cell):
    assert rows_of(opened(f"1\n{cell}\n")) == [[1], [float(cell)]]


# Lines


@pytest.mark.parametrize("end", [b"\r", b"\r\r\n", b"\r\n", b"\n"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends(opened, end, last):
    lines = [b"a,b", *([b"1.5,2"] * 40_000), b"3,4"]
    file = opened(end.join(lines) + (end if last else b""))
    assert rows_of(file) == [[1.5, 2]] * 40_000 + [[3, 4]]
    broken = opened(end.join([*lines, b"x,5"]))
    with pytest.raises(ParseError, match=r"line 40003, column 1 \(a\): 'x'"):
        rows_of(broken)


@pytest.mark.parametrize("text", [b"1\r2\n3\n", b"1\r\r\n2\n", b"1,2\r" * 9000 + b"3,4\n", b"1\r\r\n" * 9000 + b"2\n"])
def test_mixed_line_ends_are_errors(opened, text):
    with pytest.raises(ParseError, match=r"carriage return|line ends in"):
        rows_of(opened(text))


@pytest.mark.parametrize("text", ["1\n\n2\n", "a\n\n1\n", "\n1\n", "1\n" * 200_000 + "\n2\n"])
def test_a_blank_line_in_one_column_is_an_error(opened, text):
    with pytest.raises(ParseError, match="a blank line"):
        rows_of(opened(text))


def test_lines_of_tabs_are_missing_cells_and_no_blank_lines(opened):
    file = opened("a\tb\n\t\n1\t2\n")
    assert note_of(file) == ""
    with pytest.raises(ParseError, match="line 2, column 1"):
        rows_of(file)


# Delimiters


@pytest.mark.parametrize(
    ("text", "use", "rows"),
    [
        ("name,date,price\na,Jan 1 2000,5\nb,Feb 2 2001,6\n", (2,), [[5], [6]]),
        ("1 2\t3\n4 5\t6\n", (0, 1, 2), [[1, 2, 3], [4, 5, 6]]),
        ("1 \t2\n3\t 4\n", (0, 1), [[1, 2], [3, 4]]),
        ('disk,y\n5" disk,1\n6" disk,2\n', (1,), [[1], [2]]),
        ('a,y\nthe "best" one,1\n', (1,), [[1]]),
    ],
)
def test_the_delimiter_is_that_of_the_rows(opened, text, use, rows):
    assert rows_of(opened(text), use) == rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.0  2.0\n3.0\t4.0\n", "tabs and spaces"),
        ("a,Jan 1 2000,5\nb,Feb 2 2001,6\n", "could be separated"),
        ("date,price\nJan 1,5\nFeb 2,6\nMar 3,7,8\n", "the row has 3 cells"),
        (" 1 2 3\n 4\n 5 6 7\n 8\n", "goes on in the next line"),
        ("speed,mass\nm/s,kg\n1,2\n3,4\n", "units"),
        ("k,a,b\n,x,y\n1,2,3\n2,3,4\n", "second line of names"),
    ],
)
def test_rows_that_can_be_read_in_two_ways_are_errors(opened, text, words):
    with pytest.raises(ParseError, match=words):
        rows_of(opened(text), (1,))


def test_a_delimiter_at_the_end_of_every_row_is_dropped_and_of_some_is_not(opened):
    assert rows_of(opened("1,2,\n" * 1500)) == [[1, 2]] * 1500
    mostly = opened("1,2,\n" * 150 + "1,2,3\n", missing="skip-cell")
    assert rows_of(mostly, missing="skip-cell")[-1] == [1, 2, 3]
    with pytest.raises(ParseError, match="line 151, column 2: the delimiter at the end of the row is missing"):
        rows_of(opened("1,2,\n" * 150 + "1,2\n"))


# Several files, two files


def test_shards_may_be_empty(tmp_path, mse):
    for i, text in enumerate(["", "y\n1\n2\n", "y\n", "# nothing\n", "y\n3\n"]):
        (tmp_path / f"part-{i}.csv").write_text(text)
    (tmp_path / "t.csv").write_text("y\n1\n2\n5\n")
    for more in ((), ("-j", "2"), ("--missing", "skip-cell")):
        done = mse("compute", "part-*.csv", "t.csv", "--only", "sse", *more)
        assert (done.stdout, done.returncode) == ("4\n", 0), done.stderr
    (tmp_path / "part-2.csv").write_text("x\n")
    assert "part-2.csv: its header is not that of" in mse("compute", "part-*.csv", "t.csv").stderr
    assert "part-0.csv: the file holds no data" in mse("compute", "part-0.csv", "t.csv").stderr


def test_default_names_in_both_files_are_an_error_and_in_one_a_row(tmp_path, mse):
    (tmp_path / "p.csv").write_text("0\n1.5\n2.5\n")
    (tmp_path / "t.csv").write_text("1\n1.5\n2.5\n")
    assert mse("compute", "p.csv", "t.csv", "--only", "sse").stdout == "1\n"
    (tmp_path / "t.csv").write_text("0\n1.5\n3.5\n")
    done = mse("compute", "p.csv", "t.csv")
    assert done.returncode == 2
    assert "--header yes" in done.stderr
    for header, mean in (("yes", "0.5"), ("no", repr(1 / 3))):
        assert mse("compute", "p.csv", "t.csv", "--header", header, "--only", "mse").stdout == f"{mean}\n"


def test_each_file_has_its_own_dialect(tmp_path, mse):
    (tmp_path / "p.csv").write_text("id,y\na,0.5\nb,1.5\n")
    (tmp_path / "t.csv").write_bytes(b"id;y\r\r\nb;1,5\r\r\na;1,0\r\r\n")
    assert mse("compute", "p.csv", "t.csv", "--key", "id", "--only", "sse").stdout == "0.25\n"


def test_an_error_is_one_of_ours(opened):
    for text in ("", "\n\n", "#\n", "\t\n", '"', '"a', "a\n", "\x01", "\r", "\r\r", " ", ",", ",\n,\n", "#,\n1,2"):
        try:
            rows_of(opened(text))
        except MseError:
            continue
