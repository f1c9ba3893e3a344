"""Inflate a forward-only stream, member by member: gzip members or Zstandard frames.

A member is the unit that survives damage: its checksum is verified before any of its
first `PIECE_BYTES` are passed on. After a fault the search for the next one starts one byte
behind the start of the broken one, which may have swallowed whole members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from metaclip.crawl.archive.inflaters import GZIP, MAGICS, ZSTD, Inflater, new_inflater
from metaclip.crawl.archive.window import READ_BYTES, Window
from metaclip.crawl.archive.zstd_frames import read_dictionary

RECORD_LINE = re.compile(rb"(?i)WARC/\d{1,2}\.\d{1,2}[ \t]*\r*\n")
"""The first line of a WARC record, where the search for the next one may stop."""

# One step copies what it leaves unused, so it is near a member's size (6 to 30 KB). It
# also bounds a bomb: deflate inflates by at most 1032, so one step gives 17 MB at most.
STEP_BYTES = 16 * 1024
PIECE_BYTES = 1 << 20
SNIFF_BYTES = 1 << 20


class Piece(NamedTuple):
    """Inflated bytes of one member, or bytes of a file that is not compressed.

    `offset` is that of the member (of the piece, if `plain`). `fault` names the fault behind
    `data`: "" for none, "truncated", "damaged" or "garbage".
    """

    offset: int
    data: bytes
    starts: bool
    ends: bool
    plain: bool = False
    fault: str = ""


def read_pieces(window: Window, max_resync_bytes: int) -> Iterator[Piece]:
    """Yield the inflated bytes of a stream, in order, with the faults between them.

    Raises:
        OSError: reading the stream failed.
    """
    window.fill(SNIFF_BYTES, 0)
    if _is_plain(window.data):
        yield from _plain_pieces(window)
        return
    gzip = _first(window.data, GZIP)
    kind = ZSTD if gzip and _first(window.data[: gzip + 4], ZSTD) < gzip else GZIP
    yield from _Members(window, kind, max_resync_bytes).pieces()


def is_compressed(head: bytes) -> bool:
    """Return True where a file's first bytes are of a compression that is read here."""
    return head.startswith(MAGICS[GZIP][:1]) or head[:4] in MAGICS[ZSTD]


def _first(head: bytes, kind: str) -> int:
    """Return the offset of the first member, the length of `head` for none."""
    if head.startswith(MAGICS[kind]):
        return 0
    found = [at for at in map(head.find, MAGICS[kind]) if at >= 0]
    return min(found, default=len(head))


def _is_plain(head: bytes) -> bool:
    """Return True where a record's first line comes before the first member, if any."""
    if head.startswith(MAGICS[GZIP]) or head.startswith(MAGICS[ZSTD]):
        return False
    line = RECORD_LINE.search(head)
    return line is not None and line.start() < min(_first(head, GZIP), _first(head, ZSTD))


def _plain_pieces(window: Window) -> Iterator[Piece]:
    offset = 0
    while window.fill(offset + 1, offset):
        data = window.slice(offset, READ_BYTES)
        yield Piece(offset, data, offset == 0, False, plain=True)
        offset += len(data)


class _Members:
    """The members of one compressed stream."""

    def __init__(self, window: Window, kind: str, max_resync_bytes: int) -> None:
        self.window, self.kind, self.max_resync_bytes = window, kind, max_resync_bytes
        self.dictionary: bytes | None = None

    def pieces(self) -> Iterator[Piece]:
        offset = 0
        if self.kind == ZSTD:
            offset, self.dictionary = read_dictionary(self.window)
        again = 4 * self.max_resync_bytes  # bytes that may be looked at twice: keeps it linear
        while self.window.fill(offset + 1, offset):
            start = self._next(offset)
            if start != offset:
                yield from self._between(offset, start)
            if start < 0:
                return
            inflater = new_inflater(self.kind, self.dictionary)
            member = Member(self.window, start, self.max_resync_bytes, inflater)
            yield from member.pieces()
            offset = member.end
            if member.fault:
                back = max(start + 1, self.window.offset)
                again -= offset - back
                offset = back if again > 0 else max(offset, back)

    def _next(self, offset: int) -> int:
        """Return the offset of the next member at or after `offset`, -1 for none."""
        self.window.fill(offset + 4, offset)
        if self.window.slice(offset, 4).startswith(MAGICS[self.kind]):
            return offset
        return self.window.find(MAGICS[self.kind][0], offset)

    def _between(self, offset: int, start: int) -> Iterator[Piece]:
        """Yield the fault of bytes between members; zeros are padding and harm nothing."""
        end = start if start >= 0 else self.window.end
        if self.window.slice(offset, max(0, end - offset)).strip(b"\0"):
            yield Piece(offset, b"", False, False, fault="garbage")


class Member:
    """One member; after `pieces` is exhausted, `end` and `fault` are known."""

    def __init__(
        self, window: Window, start: int, max_resync_bytes: int, inflater: Inflater
    ) -> None:
        self.window, self.start, self.end = window, start, start
        self.max_resync_bytes, self.inflater = max_resync_bytes, inflater
        self.fault = ""

    def pieces(self) -> Iterator[Piece]:
        """Inflate up to the member's end; the last piece carries `ends` or `fault`."""
        parts: list[bytes] = []
        size, first = 0, True
        while not self.inflater.eof:
            data = self._step()
            if self.fault:
                break
            parts.append(data)
            size += len(data)
            if size >= PIECE_BYTES and not self.inflater.eof:
                yield Piece(self.start, b"".join(parts), first, False)
                parts, size, first = [], 0, False
        yield Piece(self.start, b"".join(parts), first, not self.fault, fault=self.fault)

    def _step(self) -> bytes:
        keep = max(self.start, self.end - self.max_resync_bytes)
        if not self.window.fill(self.end + 1, keep):
            self.fault = "truncated"
            return b""
        block = self.window.slice(self.end, STEP_BYTES)
        if self.end == self.start and self.inflater.head_bytes(block) < 0:
            block = self._block_with_head()
        data = self.inflater.inflate(block)
        if data is None:
            self.fault = "damaged"
            return b""
        self.end += len(block) - self.inflater.unused
        return data

    def _block_with_head(self) -> bytes:
        """Return the first block of a member whose head is longer, or still to be read.

        isal loses its place in a gzip header of two optional fields that it gets in parts
        (intel/isa-l 224).
        """
        self.window.fill(self.start + SNIFF_BYTES, self.start)
        size = self.inflater.head_bytes(self.window.slice(self.start, SNIFF_BYTES))
        return self.window.slice(self.start, max(size, 0) + STEP_BYTES)
