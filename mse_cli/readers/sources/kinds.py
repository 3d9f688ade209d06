"""What a file is by its first bytes: what is read, how it is packed; and of files given by mistake what they are."""

from __future__ import annotations

import re
from typing import Literal

from mse_cli.errors import ParseError, Place

# Of Parquet with the first byte of what must follow: a header cell of a text may be PAR1.
PARQUET_MAGIC, ARROW_MAGIC, STREAM_MAGIC = b"PAR1\x15", b"ARROW1\0", b"\xff\xff\xff\xff"
Kind = Literal["NPY", "NPZ", "Parquet", "Arrow", "text"]
KINDS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x93NUMPY", "NPY"),
    (b"PK\x03\x04", "NPZ"),
    (PARQUET_MAGIC, "Parquet"),
    (ARROW_MAGIC, "Arrow"),
    (STREAM_MAGIC, "Arrow"),
)
Packing = Literal["gzip", "bzip2", "xz"]
BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")  # the word BZh alone may begin a header
HEAD_BYTES = 10  # that tell both
SAVE_AS_CSV = "save it as CSV or NPY first"
DECOMPRESS = "decompress it first: gunzip, bunzip2 or unxz"
MAGIC = (
    (b"\x93NUMPY", "a compressed NPY file", DECOMPRESS),
    ((b"PK\x03\x04", b"PK\x05\x06"), "a compressed ZIP or NPZ file", DECOMPRESS),
    ((b"\x1f\x8b", b"\xfd7zXZ\x00"), "compressed twice", "decompress it once"),
    ((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"), "UTF-16 or UTF-32 text", "save it as UTF-8"),
    (
        (PARQUET_MAGIC, ARROW_MAGIC),
        "a compressed Parquet or Arrow file",
        DECOMPRESS,
    ),
    (b"FEA1\0", "a file of Feather's first version", "save it as Feather 2, which is Arrow, or as CSV"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (also MATLAB 7.3, Keras)", SAVE_AS_CSV),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file", SAVE_AS_CSV),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or other Office file", "save the sheet as CSV"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"%PDF-", "a PDF document", None),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "decompress it first: unzstd"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "decompress it first: unlz4"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "extract it first"),
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF89a"), "an image", None),
    ((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), "a Python pickle, which is never loaded", SAVE_AS_CSV),
)
# Not every < or [: market data has headers such as <DATE>,<CLOSE>, and units stand in brackets.
MARKUP = re.compile(
    rb"(?i)(?:\xef\xbb\xbf)?\s*(?:(<(?:[!?]|(?:html|head|body|table|div|svg)\b))|[\[{]\s*(?:[\[{\"]|-?[0-9.e+-]+\s*,))"
)
ENCRYPTED_PARQUET = re.compile(rb"(?s)PARE..?.?\0")  # the length of a part that is encrypted: no text
INSIDE_ZIP = (
    ("xl/workbook.xml", "an Excel workbook", "save the sheet as CSV"),
    ("content.xml", "an OpenDocument file", "save the sheet as CSV"),
    (".pkl", "a PyTorch or other pickle archive, which is never loaded", SAVE_AS_CSV),
    (".csv", "a ZIP archive of CSV files", "unzip it first"),
)


def kind_of(head: bytes) -> Kind:
    r"""What a file is by its first bytes; text is whatever is nothing else.

    >>> kind_of(b"PK\x03\x04"), kind_of(b"price,rooms")
    ('NPZ', 'text')
    """
    return next((kind for magic, kind in KINDS if head.startswith(magic)), "text")


def packing_of(head: bytes) -> Packing | None:
    """How a text is compressed, by its first bytes; ``None`` if it is not."""
    if BZIP2.match(head):
        return "bzip2"
    return "gzip" if head.startswith(b"\x1f\x8b") else "xz" if head.startswith(b"\xfd7zXZ\x00") else None


def refuse_other_formats(head: bytes) -> None:
    """Say what a file is that is neither text nor NPY.

    Raises:
        ParseError: if its beginning tells.
    """
    for magic, what, hint in MAGIC:
        if head.startswith(magic):
            raise ParseError(f"the file is {what}", hint=hint)
    if ENCRYPTED_PARQUET.match(head):
        raise ParseError("the file is an encrypted Parquet file", hint="save it without encryption first")
    found = MARKUP.match(head)
    if found:
        what = "HTML or XML" if found[1] else "JSON"
        raise ParseError(f"the file looks like {what}, not like a table of numbers", hint=SAVE_AS_CSV)
    if b"\0" in head[:4] and head[:4].strip(b"\0"):
        raise ParseError("the text looks like UTF-16 without a BOM", Place(line=1), hint="save it as UTF-8")


def refuse_zip(members: list[str], label: str) -> None:
    """Say what a ZIP archive is that holds no ``.npy`` file.

    Raises:
        ParseError: always.
    """
    for ending, what, hint in INSIDE_ZIP:
        if any(name.endswith(ending) for name in members):
            raise ParseError(f"the file is {what}", Place(label), hint=hint)
    raise ParseError("the archive holds no .npy array", Place(label))
