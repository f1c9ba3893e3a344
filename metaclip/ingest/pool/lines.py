"""Read the lines of a text file, without a bound on their number and with one on their size."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import IO, BinaryIO

from metaclip.ingest.pool.opening import DAMAGE, decompressed

MAX_LINE = 1 << 26
"""Characters of a line; a longer one has no end that a pool's file would have."""
_MARKS = (
    # UTF-32 first: its mark begins with the one of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_BLOCK = 1 << 16


def encoding_of(file: IO[bytes], given: str | None) -> str:
    """Return the encoding of a file: the one of its byte order mark, else `given`, else UTF-8."""
    head = _first(file)
    return next((name for mark, name in _MARKS if head.startswith(mark)), given or "utf-8")


def read_lines(file: IO[bytes], encoding: str) -> Iterator[str]:
    """Yield the lines of a file with their ends; bytes out of the encoding as surrogates.

    Lines end in a line feed, with or without a carriage return before it. A carriage return
    alone ends a line only in a file whose first line ends in one, for it may be in a text.
    """
    head = _first(file).decode(encoding, "replace")
    newline = "\r" if "\r" in head and "\n" not in head else "\n"
    text = io.TextIOWrapper(
        io.BufferedReader(_Kept(decompressed(file)), _BLOCK),
        encoding,
        errors="surrogateescape",
        newline=newline,
    )
    while line := text.readline(MAX_LINE):
        yield line


class ReadableLines:
    """The lines of a file up to its damage, if it has any."""

    def __init__(self, file: IO[bytes], encoding: str) -> None:
        self._lines = read_lines(file, encoding)
        self.damaged = False

    def __iter__(self) -> ReadableLines:
        return self

    def __next__(self) -> str:
        try:
            return next(self._lines)
        except DAMAGE:
            self.damaged = True
            raise StopIteration from None


def read_byte_lines(file: IO[bytes], encoding: str) -> Iterator[bytes]:
    """Yield the lines of a file, each ended by a line feed, in UTF-8 without a mark."""
    if encoding == "utf-8":
        stream = io.BufferedReader(_Kept(decompressed(file)), _BLOCK)
        while line := stream.readline(MAX_LINE):
            yield line
        return
    for text in read_lines(file, encoding):
        yield text.encode("utf-8", "surrogateescape")


def _first(file: IO[bytes]) -> bytes:
    return io.BufferedReader(_Kept(decompressed(file)), _BLOCK).read1(_BLOCK)


class _Kept(io.RawIOBase):
    """A stream that stays open when its reader is dropped, and gives what it has at once.

    A read that waits for more bytes would lose those before the damage in a file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._read = getattr(stream, "read1", stream.read)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with the next bytes; return their number."""
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
