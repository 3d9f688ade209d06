"""Thrift's compact protocol, as far as the footer and the page heads of a Parquet file are written in it.

Polars reads them itself, but trusts the sizes in them: a flipped bit can make it ask for more memory than there is,
which ends the process. So they are read here first, with every size held against the bytes that are there.

Format: Apache Thrift, ``doc/specs/thrift-compact-protocol.md``.
"""

from __future__ import annotations

from typing import Any

from mse_cli.errors import ParseError

DEEPEST = 32  # Parquet's own structures nest 8 deep
TRUE, FALSE, BYTE, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 7, 8, 9, 10, 12
INTEGERS = (4, 5, 6)  # of 16, 32 and 64 bits, all written in the same way

CORRUPT = "the Parquet file is truncated or corrupt"

Struct = dict[int, Any]


def parse_struct(data: bytes) -> tuple[Struct, int]:
    r"""The fields of a structure by their numbers (lists and structures inside as Python's), and how long it is.

    Raises:
        ParseError: for what is cut off or no structure.

    >>> parse_struct(b"\x15\x04\x18\x02ab\x00")
    ({1: 2, 2: b'ab'}, 7)
    """
    reader = _Reader(data)
    try:
        return reader.struct(0), reader.position
    except IndexError:  # beyond the last byte
        raise ParseError(CORRUPT) from None


class _Reader:
    def __init__(self, data: bytes):
        self._data = data
        self.position = 0

    def struct(self, depth: int) -> Struct:
        fields: Struct = {}
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._integer()
            fields[number] = kind == TRUE if kind in {TRUE, FALSE} else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in INTEGERS:
            return self._integer()
        if kind == BINARY:
            return self._bytes(self._natural())
        if kind in {TRUE, FALSE, BYTE}:
            return self._byte()
        if kind == DOUBLE:
            return self._bytes(8)
        if depth > DEEPEST:
            raise ParseError(CORRUPT)
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in {LIST, SET}:
            return self._list(depth + 1)
        raise ParseError(CORRUPT)

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._natural()
        # However large the count is said to be: an item takes a byte at least, and soon there are no more.
        return [self._value(head & 15, depth) for _ in range(count)]

    def _byte(self) -> int:
        byte = self._data[self.position]
        self.position += 1
        return byte

    def _bytes(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self._data):
            raise IndexError
        found = self._data[self.position : end]
        self.position = end
        return found

    def _natural(self) -> int:
        value = shift = 0
        while (byte := self._byte()) >= 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ParseError(CORRUPT)
        return value | byte << shift

    def _integer(self) -> int:
        value = self._natural()
        return value >> 1 ^ -(value & 1)  # zigzag: 0, -1, 1, -2, …
