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
    (b"PK\x05\x06", "NPZ"),  # without members
    (PARQUET_MAGIC, "Parquet"),
    (ARROW_MAGIC, "Arrow"),
    (STREAM_MAGIC, "Arrow"),
)
Packing = Literal["gzip", "bzip2", "xz"]
BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")  # the word BZh alone may begin a header
HEAD_BYTES = 10  # that tell both
SAVE_AS_CSV = "save it as CSV or NPY first"
DECOMPRESS = "decompress it first: gunzip, bunzip2 or unxz"
EXTRACT = "extract it first"
PICKLE = "a Python pickle, which is never loaded"
SAVE_AS_PARQUET = "save it as Parquet or CSV first"
BEGINNINGS: tuple[tuple[bytes | tuple[bytes, ...], str, str | None], ...] = (
    (b"\x93NUMPY", "a compressed NPY file", DECOMPRESS),
    ((b"PK\x03\x04", b"PK\x05\x06"), "a compressed ZIP or NPZ file", DECOMPRESS),
    ((b"\x1f\x8b", b"\xfd7zXZ\x00"), "compressed twice", "decompress it once"),
    ((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff"), "UTF-16 or UTF-32 text", "save it as UTF-8"),
    ((PARQUET_MAGIC, ARROW_MAGIC), "a compressed Parquet or Arrow file", DECOMPRESS),
    (b"FEA1\0", "a file of Feather's first version", "save it as Feather 2, which is Arrow, or as CSV"),
    (b"Obj\x01", "an Avro file", SAVE_AS_PARQUET),
    ((b"CDF\x01", b"CDF\x02", b"CDF\x05"), "a NetCDF file", SAVE_AS_CSV),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (also NetCDF-4, MATLAB 7.3, Keras)", SAVE_AS_CSV),
    (b"MATLAB 7.3 MAT-file", "a MATLAB 7.3 MAT file, which is HDF5", SAVE_AS_CSV),
    (b"MATLAB 5.0 MAT-file", "a MATLAB MAT file", "numpy.save what scipy.io.loadmat reads"),
    (b"SIMPLE  =", "a FITS file", "numpy.save what astropy.io.fits reads"),
    (b"<stata_dta>", "a Stata file", SAVE_AS_CSV),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or other Office file", "save the sheet as CSV"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"$FL2@(#)", "an SPSS file", SAVE_AS_CSV),
    (b"HEADER RECORD*******", "a SAS transport file", SAVE_AS_CSV),
    (b"version https://git-lfs", "a pointer of Git LFS, not what it points to", "git lfs pull fetches it"),
    ((b"sep=", b"\xef\xbb\xbfsep=", b'"sep='), "a table below a line for Excel alone (sep=…)", "delete line 1"),
    (b"GGUF", "a GGUF model", None),
    (b"%PDF-", "a PDF document", None),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "decompress it first: unzstd"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "decompress it first: unlz4"),
    (b"\xff\x06\0\0sNaPpY", "compressed with snappy", "decompress it first"),
    (b"\x1f\x9d", "compressed with compress (.Z)", "decompress it first: uncompress"),
    ((b"\x78\x01", b"\x78\x9c", b"\x78\xda"), "compressed with zlib, perhaps by joblib", SAVE_AS_CSV),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", EXTRACT),
    (b"Rar!\x1a\x07", "a RAR archive", EXTRACT),
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF89a"), "an image", None),
    ((b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"), PICKLE, SAVE_AS_CSV),
    ((b"cnumpy", b"cpandas.", b"ccopy_reg\n", b"(lp0\n", b"(dp0\n"), PICKLE, SAVE_AS_CSV),
)
# Of bytes that are no text: what their beginning alone could also say in one.
BINARY: tuple[tuple[bytes, str, str | None], ...] = (
    (rb"PARE..?.?\0", "an encrypted Parquet file", "save it without encryption first"),  # and how long a part is
    (
        rb'.{4}\0{4}\s*\{\s*["}]',
        "a safetensors file, which holds tensors by name",
        "numpy.save one of them: safetensors.numpy.load_file(path)[name]",
    ),
    (rb"ORC", "an ORC file", SAVE_AS_PARQUET),
    (rb"[\x69-\x73][\x01\x02]\x01\0", "a Stata file", SAVE_AS_CSV),
    (rb".{4}\0{4}.{4}\n", "a TFRecord file", SAVE_AS_CSV),  # a length, its checksum, an Example
    (rb"[\0-\x34]\0{3}..\0\0..\0\0[\0\x01]\0{3}[\x02-\x40]\0{3}[A-Za-z]", "a MATLAB 4 MAT file", SAVE_AS_CSV),
    (rb"\0{12}\xc2\xea\x81\x60", "a SAS file", SAVE_AS_CSV),
    (rb"RD[AX][23]\n|[XB]\n\0\0\0[\x02\x03]", "a file of R's own (RData, RDS)", "write it as CSV or Parquet in R"),
    (rb".{257}ustar", "a tar archive", EXTRACT),
)
# Not every < or [: market data has headers such as <DATE>,<CLOSE>, and units stand in brackets.
MARKUP = re.compile(
    rb"(?i)(?:\xef\xbb\xbf)?\s*(?:(<(?:[!?]|(?:html|head|body|table|div|svg)\b))|[\[{]\s*(?:[\[{\"]|-?[0-9.e+-]+\s*,))"
)
CONTROL = bytes(sorted({*range(32), 127} - set(b"\x01\t\n\v\f\r\x1a\x1b")))  # what text does not hold; \x01 is Hive's
SAMPLE_BYTES = 4096  # that tell text from other bytes
MOST_CONTROL = 0.05  # of the bytes of a text; one stray NUL has a line, which is said
RAW = "raw numbers, as tofile writes them, have no shape: numpy.save writes NPY; others save as CSV, NPY or Parquet"
INSIDE_ZIP = (
    ("xl/workbook.xml", "an Excel workbook", "save the sheet as CSV"),
    ("content.xml", "an OpenDocument file", "save the sheet as CSV"),
    (".pkl", "a PyTorch or other pickle archive, which is never loaded", SAVE_AS_CSV),
    (".csv", "a ZIP archive of CSV files", "unzip it first"),
    (".parquet", "a ZIP archive of Parquet files", "unzip it first"),
    (".h5", "a Keras model", SAVE_AS_CSV),
    ("word/document.xml", "a Word document", SAVE_AS_CSV),
    ("xl/workbook.bin", "an Excel workbook", "save the sheet as CSV"),
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
    for beginning, what, hint in BEGINNINGS:
        if head.startswith(beginning):
            raise ParseError(f"the file is {what}", hint=hint)
    sample = head[:SAMPLE_BYTES]
    n_control = len(sample) - len(sample.translate(None, CONTROL))
    if n_control:
        for pattern, what, hint in BINARY:
            if re.match(pattern, head, re.DOTALL):
                raise ParseError(f"the file is {what}", hint=hint)
    found = MARKUP.match(head)
    if found:
        what = "HTML or XML" if found[1] else "JSON"
        raise ParseError(f"the file looks like {what}, not like a table of numbers", hint=SAVE_AS_CSV)
    if n_control and _is_wide(sample):
        raise ParseError("the text looks like UTF-16 without a BOM", Place(line=1), hint="save it as UTF-8")
    if n_control > MOST_CONTROL * len(sample):
        raise ParseError("the file is binary, of a kind that is not known", hint=RAW)


def _is_wide(sample: bytes) -> bool:
    r"""Whether bytes are text of two bytes a character: every second is 0, mostly, and the others are text.

    >>> _is_wide("1,2".encode("utf-16-le")), _is_wide("1,2".encode("utf-16-be")), _is_wide(b"1,2\0")
    (True, True, False)
    """
    for first in (0, 1):
        characters, zeros = sample[1 - first :: 2], sample[first::2]
        if zeros.count(0) * 2 > len(zeros) > 0 and len(characters.translate(None, CONTROL)) == len(characters) > 0:
            return True
    return False


def refuse_zip(members: list[str], label: str) -> None:
    """Say what a ZIP archive is that holds no ``.npy`` file.

    Raises:
        ParseError: always.
    """
    for ending, what, hint in INSIDE_ZIP:
        if any(name.endswith(ending) for name in members):
            raise ParseError(f"the file is {what}", Place(label), hint=hint)
    raise ParseError("the archive holds no .npy array", Place(label))
