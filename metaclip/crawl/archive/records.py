"""Split inflated bytes into WARC records: lenient about form, strict about lengths.

Crawls have bare-LF and lower-case headers, and faults. FastWARC refuses the first and ends
at the second without an error, so that records are split here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from metaclip.config.crawl import ExtractionLimits
from metaclip.crawl.archive.members import RECORD_LINE, Piece

_BLANK_LINE = re.compile(rb"\n\r*\n")
_LENGTH = re.compile(rb"(?i)\ncontent-length[ \t]*:(?:\r*\n)?[ \t]*(\d{1,18})[ \t]*\r*\n")
_NEWLINES = re.compile(rb"[\r\n]*")
# The longest record line and a little, that one cut by the end of a piece is seen whole.
_LINE_BYTES = 32


class Record(NamedTuple):
    """One WARC record: `defect` is "" or the reason why it can't be used.

    `offset` is that of its gzip member, or of the record in a file not compressed.
    `header` holds the lines from the version to the blank line.
    """

    offset: int
    header: bytes
    block: bytes
    defect: str = ""


class Fault(NamedTuple):
    """Bytes of the file that were lost: kind and where."""

    kind: str
    offset: int


def read_records(pieces: Iterable[Piece], limits: ExtractionLimits) -> Iterator[Record | Fault]:
    """Yield records in the order of the file, and faults where bytes were lost."""
    reader = _Reader(limits)
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.drain(closed=True)


class _Reader:
    def __init__(self, limits: ExtractionLimits) -> None:
        self.limits = limits
        self.data = b""
        self.at = 0  # next byte of `data`
        self.offset = 0  # of data[0] if plain, else of the member
        self.plain = False
        self.member_ended = False
        self.lenient = False  # bytes up to the next record line are accounted for

    def feed(self, piece: Piece) -> Iterator[Record | Fault]:
        # A record may go on in the next member, but not over the start of another one.
        if piece.starts and RECORD_LINE.match(piece.data):
            yield from self.drain(closed=True)
        self._append(piece)
        yield from self.drain(closed=False)
        if piece.fault:
            yield from self._end_by(piece)

    def _append(self, piece: Piece) -> None:
        rest = len(self.data) - self.at
        if rest == 0:
            self.data, self.offset = piece.data, piece.offset
        else:
            self.offset += self.at if piece.plain else 0
            self.data = self.data[self.at :] + piece.data
        self.at, self.plain, self.member_ended = 0, piece.plain, piece.ends

    def _end_by(self, piece: Piece) -> Iterator[Record | Fault]:
        """Drop the record that a broken member left half done."""
        if piece.fault == "truncated":
            began = piece.starts and not piece.data  # cut before its first byte
            yield from self.drain(closed=True)
            if began:
                yield Record(piece.offset, b"", b"", "truncated")
        elif piece.fault == "damaged":
            yield Record(piece.offset, b"", b"", "damaged")
            self.at = len(self.data)
        self.lenient = piece.fault == "damaged"
        yield Fault(piece.fault, piece.offset)

    def drain(self, *, closed: bool) -> Iterator[Record | Fault]:
        """Yield all records that are complete; `closed`: no byte follows."""
        while True:
            match = _NEWLINES.match(self.data, self.at)
            self.at = match.end() if match else self.at
            if self.at >= len(self.data):
                return
            if RECORD_LINE.match(self.data, self.at):
                record = self._record(closed)
                if record is None:
                    return
                self.lenient = record.defect in ("too_large", "bad_header")
                where = self.offset + self.at if self.plain else self.offset
                yield record
                if record.defect in ("truncated", "wrong_length"):
                    yield Fault(record.defect, where)
            else:
                fault = self._skip_garbage(closed)
                if fault:
                    yield fault
                if self.at >= len(self.data) or not RECORD_LINE.match(self.data, self.at):
                    return

    def _skip_garbage(self, closed: bool) -> Fault | None:
        line = RECORD_LINE.search(self.data, self.at)
        keep = 0 if closed else _LINE_BYTES
        start = self.at
        self.at = line.start() if line else max(start, len(self.data) - keep)
        if self.lenient or self.at == start:
            return None
        self.lenient = True  # one stretch of garbage is one fault
        return Fault("garbage", self.offset + start if self.plain else self.offset)

    def _record(self, closed: bool) -> Record | None:
        """Return the record at `at`, which moves behind it; None if it needs more bytes."""
        start = self.at
        offset = self.offset + start if self.plain else self.offset
        limit = start + self.limits.max_header_bytes
        blank = _BLANK_LINE.search(self.data, start, limit)
        if blank is None:
            if not closed and len(self.data) < limit:
                return None
            return self._defective(offset, start, closed)
        header = self.data[start : blank.start() + 1]
        length = _LENGTH.search(header)
        if length is None:
            self.at = blank.end()
            return Record(offset, header, b"", "bad_header")
        size = int(length[1])
        if size > self.limits.max_record_bytes:
            self.at = blank.end()
            return Record(offset, header, b"", "too_large")
        return self._block(offset, header, blank.end(), blank.end() + size, closed)

    def _defective(self, offset: int, start: int, closed: bool) -> Record:
        """Return the record of a header without an end: too long, or cut off."""
        line = RECORD_LINE.search(self.data, start + 5)
        self.at = line.start() if line else len(self.data)
        cut = closed and line is None and len(self.data) - start < self.limits.max_header_bytes
        return Record(offset, b"", b"", "truncated" if cut else "bad_header")

    def _block(
        self, offset: int, header: bytes, start: int, end: int, closed: bool
    ) -> Record | None:
        available = len(self.data)
        if end + _LINE_BYTES > available and not closed and not self._ends_member(end):
            return None
        follows = _NEWLINES.match(self.data, min(end, available))
        after = follows.end() if follows else end
        if end > available or (after < available and not RECORD_LINE.match(self.data, after)):
            # The length is wrong if the next record starts inside of the block.
            line = RECORD_LINE.search(self.data, start, min(available, end + _LINE_BYTES))
            if line and line.start() < end:
                self.at = line.start()
                return Record(offset, header, b"", "wrong_length")
        self.at = min(end, available)
        if end > available:
            return Record(offset, header, b"", "truncated")
        return Record(offset, header, self.data[start:end])

    def _ends_member(self, end: int) -> bool:
        """Return True where the block ends with the member, but for newlines behind it."""
        return self.member_ended and end <= len(self.data) and not self.data[end:].strip(b"\r\n")
