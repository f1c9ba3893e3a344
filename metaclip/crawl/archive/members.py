"""A forward-only stream to inflated bytes, gzip member by gzip member.

A member is the unit that survives damage: its checksum is verified before any of its
first `PIECE_BYTES` are passed on, and after a fault the search for the next one starts
one byte behind the start of the broken one, which may have swallowed whole members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from isal import isal_zlib
from isal.igzip_lib import IsalError

MAGIC = b"\x1f\x8b\x08"
#: what a WARC record starts with, where the search for the next one may stop
RECORD_LINE = re.compile(rb"WARC/\d{1,2}\.\d{1,2}[ \t]*\r?\n")

READ_BYTES = 1 << 20
# One step copies what it leaves unused, so it is near a member's size (6 to 30 KB). It
# also bounds a bomb: deflate inflates by at most 1032, so one step gives 17 MB at most.
STEP_BYTES = 16 * 1024
PIECE_BYTES = 1 << 20
SNIFF_BYTES = 1 << 20


class Piece(NamedTuple):
    """Inflated bytes of one member, or bytes of a file that is not compressed.

    `offset` is that of the member (of the piece, if `plain`). `fault` says what is
    wrong behind `data`: "" nothing, "truncated", "damaged" or "garbage".
    """

    offset: int
    data: bytes
    starts: bool
    ends: bool
    plain: bool = False
    fault: str = ""


class Window:
    """The last bytes of a forward-only stream, addressed by their offset in it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.data = b""
        self.head = b""  # the file's first bytes
        self.offset = 0
        self.ended = False

    @property
    def end(self) -> int:
        """Offset behind the last byte read so far."""
        return self.offset + len(self.data)

    def fill(self, until: int, keep: int) -> bool:
        """Read until byte `until` - 1 is there; may forget bytes before `keep`."""
        while self.end < until and not self.ended:
            block = self.stream.read(READ_BYTES)
            self.ended = not block
            self.head = self.head or block[:4]
            cut = max(0, min(keep - self.offset, len(self.data)))
            self.data = self.data[cut:] + block
            self.offset += cut
        return self.end >= until

    def slice(self, start: int, length: int) -> bytes:
        """At most `length` bytes from offset `start`."""
        start -= self.offset
        return self.data[start : start + length]

    def find(self, needle: bytes, start: int) -> int:
        """Offset of `needle` at or after `start`, reading on as needed; -1 if none."""
        while True:
            found = self.data.find(needle, start - self.offset)
            if found >= 0:
                return self.offset + found
            start = max(start, self.end - len(needle) + 1)
            if not self.fill(self.end + 1, start):
                return -1


def read_pieces(window: Window, max_resync_bytes: int) -> Iterator[Piece]:
    """The inflated bytes of a stream, in order, with the faults between them.

    Raises only what reading the stream raises (OSError).
    """
    window.fill(SNIFF_BYTES, 0)
    if _is_plain(window.data):
        yield from _plain_pieces(window)
    else:
        yield from _gzip_pieces(window, max_resync_bytes)


def _is_plain(head: bytes) -> bool:
    """Whether a record's first line comes before the first gzip member, if any."""
    line = RECORD_LINE.search(head)
    member = head.find(MAGIC)
    return line is not None and (member < 0 or line.start() < member)


def _plain_pieces(window: Window) -> Iterator[Piece]:
    offset = 0
    while window.fill(offset + 1, offset):
        data = window.slice(offset, READ_BYTES)
        yield Piece(offset, data, offset == 0, False, plain=True)
        offset += len(data)


def _gzip_pieces(window: Window, max_resync_bytes: int) -> Iterator[Piece]:
    offset = 0
    again = 4 * max_resync_bytes  # bytes that may be looked at twice: keeps it linear
    while window.fill(offset + 1, offset):
        start = offset if window.slice(offset, 3) == MAGIC else window.find(MAGIC, offset)
        if start != offset:
            yield from _between(window, offset, start)
        if start < 0:
            return
        member = Member(window, start, max_resync_bytes)
        yield from member.pieces()
        offset = member.end
        if member.fault:
            back = max(start + 1, window.offset)
            again -= offset - back
            offset = back if again > 0 else max(offset, back)


def _between(window: Window, offset: int, start: int) -> Iterator[Piece]:
    """The fault of bytes between members; zeros are padding and harm nothing."""
    if window.slice(offset, max(0, (start if start >= 0 else window.end) - offset)).strip(b"\0"):
        yield Piece(offset, b"", False, False, fault="garbage")


class Member:
    """One gzip member; after `pieces` is exhausted, `end` and `fault` are known."""

    def __init__(self, window: Window, start: int, max_resync_bytes: int) -> None:
        self.window, self.start, self.end = window, start, start
        self.max_resync_bytes = max_resync_bytes
        self.fault = ""

    def pieces(self) -> Iterator[Piece]:
        """Inflate up to the member's end; the last piece carries `ends` or `fault`."""
        inflater = isal_zlib.decompressobj(31)  # 31: gzip, its checksum verified
        parts: list[bytes] = []
        size, first = 0, True
        while not inflater.eof:
            data = self._step(inflater)
            if self.fault:
                break
            parts.append(data)
            size += len(data)
            if size >= PIECE_BYTES and not inflater.eof:
                yield Piece(self.start, b"".join(parts), first, False)
                parts, size, first = [], 0, False
        yield Piece(self.start, b"".join(parts), first, not self.fault, fault=self.fault)

    def _step(self, inflater: isal_zlib.Decompress) -> bytes:
        keep = max(self.start, self.end - self.max_resync_bytes)
        if not self.window.fill(self.end + 1, keep):
            self.fault = "truncated"
            return b""
        block = self.window.slice(self.end, STEP_BYTES)
        try:
            data = inflater.decompress(block)
        except IsalError:  # type: ignore[misc]  # its stub says it is an instance
            self.fault = "damaged"
            return b""
        self.end += len(block) - len(inflater.unused_data)
        return data
