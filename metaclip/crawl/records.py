"""A crawl file as a stream of bytes to WARC records, whatever the bytes are.

Each record of a gzipped archive is a gzip member of its own, so a damaged one costs only
itself: reading goes on at the next member. FastWARC is not used here because it ends
silently at damage and refuses bare-LF and lower-case headers, which real archives have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from isal import isal_zlib

from metaclip.crawl.account import FileAccount

CHUNK = 1 << 20
_GZIP = b"\x1f\x8b\x08"
_RECORD_START = re.compile(rb"(?i)WARC/\d\.\d[ \t]*\r?\n")
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_MAX_HEADER = 1 << 16


class Record(NamedTuple):
    """One WARC record: its offset in the file, its headers (names in lower case) and body."""

    offset: int
    headers: dict[str, str]
    body: bytes


class _Chunk(NamedTuple):
    """Raw bytes; `offset` is that of the gzip member (or of the bytes, when not gzipped)."""

    offset: int
    starts_member: bool
    data: bytes


def read_records(stream: BinaryIO, account: FileAccount, max_bytes: int) -> Iterator[Record]:
    """Yield the records of an archive, gzipped or not, and account for the damaged ones.

    Args:
        stream: read forward only.
        account: gets `bytes`, dropped records and what is wrong with the file.
        max_bytes: a longer record is dropped as `too_long` without being held in memory.
    """
    head = stream.read(CHUNK)
    account.bytes = len(head)
    gzipped = head.startswith(_GZIP)
    chunks = (_inflate if gzipped else _plain)(stream, head, account)
    framer = _Framer(account, max_bytes, gzipped)
    for chunk in chunks:
        yield from framer.feed(chunk)
    yield from framer.finish()


def _plain(stream: BinaryIO, data: bytes, account: FileAccount) -> Iterator[_Chunk]:
    offset = 0
    while data:
        yield _Chunk(offset, False, data)
        offset += len(data)
        data = stream.read(CHUNK)
        account.bytes += len(data)


class _Source:
    """The compressed bytes ahead, with their offset in the file."""

    def __init__(self, stream: BinaryIO, head: bytes, account: FileAccount) -> None:
        self.stream, self.account, self.data, self.offset = stream, account, head, 0

    def refill(self) -> bool:
        """Append the next bytes of the stream; False at its end."""
        more = self.stream.read(CHUNK)
        self.account.bytes += len(more)
        self.data += more
        return bool(more)

    def skip(self, count: int) -> None:
        self.data = self.data[count:]
        self.offset += count

    def seek_member(self, start: int) -> bool:
        """Go to the next gzip header at or after `start`; False where there is none."""
        while True:
            found = self.data.find(_GZIP, start)
            if found >= 0:
                self.skip(found)
                return True
            self.skip(max(0, len(self.data) - len(_GZIP) + 1))
            start = 0
            if not self.refill():
                return False


def _inflate(stream: BinaryIO, head: bytes, account: FileAccount) -> Iterator[_Chunk]:
    source = _Source(stream, head, account)
    while source.data or source.refill():
        if not source.data.startswith(_GZIP):
            while len(source.data) < len(_GZIP) and source.refill():
                pass
        if not source.data.startswith(_GZIP):
            if source.data.strip(b"\0"):
                account.dropped_bytes = True
            if not source.seek_member(0):
                return
        yield from _inflate_member(source, account)


def _inflate_member(source: _Source, account: FileAccount) -> Iterator[_Chunk]:
    """Yield one member; where it is damaged, leave the source at the next header."""
    member, kept, first = source.offset, source.data, True
    inflater = isal_zlib.decompressobj(wbits=31)
    pending = source.data
    consumed_before = source.offset
    while True:
        try:
            data = inflater.decompress(pending, CHUNK)
        except isal_zlib.error:
            account.dropped_bytes = True
            source.data, source.offset = kept, consumed_before
            source.seek_member(1 if consumed_before == member else 0)
            return
        if data:
            yield _Chunk(member, first, data)
            first = False
        if inflater.eof:
            rest = inflater.unused_data
            source.offset += len(source.data) - len(rest)
            source.data = rest
            return
        pending = inflater.unconsumed_tail
        if not pending and not data:
            consumed_before = source.offset + len(source.data)
            source.skip(len(source.data))
            if not source.refill():
                account.truncated = True
                return
            kept = pending = source.data


class _Framer:
    """Cuts inflated bytes into records."""

    def __init__(self, account: FileAccount, max_bytes: int, gzipped: bool) -> None:
        self.account, self.max_bytes, self.gzipped = account, max_bytes, gzipped
        self.buffer = bytearray()
        self.offset = 0  # of the member, or of the buffer's first byte when not gzipped
        self.skip = 0  # bytes of a record too long to hold that are still to come

    def feed(self, chunk: _Chunk) -> Iterator[Record]:
        """Yield the records that are complete with this chunk."""
        if chunk.starts_member:
            if self.skip or self.buffer.strip():
                self._resynchronise(chunk)
            if not self.buffer:
                self.offset = chunk.offset
        elif not self.gzipped and not self.buffer:
            self.offset = chunk.offset
        self.buffer += chunk.data
        yield from self._cut(chunk.offset)

    def finish(self) -> Iterator[Record]:
        """Account for what is left at the end of the file."""
        yield from self._cut(self.offset, last=True)
        if self.skip or self.buffer.strip(b"\0\r\n\t "):
            self._lose("truncated" if self._in_record() else "garbage")

    def _in_record(self) -> bool:
        return bool(self.skip) or _RECORD_START.match(self.buffer) is not None

    def _resynchronise(self, chunk: _Chunk) -> None:
        """A member begins inside a record: the record before it is cut, unless one record
        spans members, which no archive does whose members begin with a record."""
        if _RECORD_START.match(chunk.data):
            self._lose("truncated" if self._in_record() else "garbage")
            self.buffer.clear()
            self.skip = 0

    def _lose(self, reason: str) -> None:
        if reason == "garbage":
            self.account.dropped_bytes = True
        else:
            self.account.records += 1
            self.account.dropped_records[reason] += 1
            self.account.truncated = True

    def _cut(self, member: int, last: bool = False) -> Iterator[Record]:
        while True:
            if self.skip:
                count = min(self.skip, len(self.buffer))
                self._consume(count)
                self.skip -= count
                if self.skip:
                    return
            self._skip_to_record(last)
            header = _HEADER_END.search(self.buffer, 0, _MAX_HEADER)
            if header is None:
                if len(self.buffer) < _MAX_HEADER:
                    return
                self._drop("bad_header", 1)
                continue
            headers = _parse_headers(bytes(self.buffer[: header.start()]))
            length = _length(headers)
            if length is None:
                self._drop("bad_header", header.end())
                continue
            if length > self.max_bytes:
                self._drop("too_long", header.end())
                self.skip = length
                continue
            if len(self.buffer) < header.end() + length:
                return
            body = bytes(self.buffer[header.end() : header.end() + length])
            self.account.records += 1
            yield Record(self.offset, headers, body)
            self._consume(header.end() + length)
            if self.gzipped:
                self.offset = member

    def _skip_to_record(self, last: bool) -> None:
        """Drop the blank lines between records, and garbage up to the next record."""
        blank = len(self.buffer) - len(self.buffer.lstrip(b"\r\n"))
        self._consume(blank)
        if not self.buffer or _RECORD_START.match(self.buffer):
            return
        found = _RECORD_START.search(self.buffer)
        if found is None and len(self.buffer) < 32 and not last:
            return  # a record's first line may be on its way
        self.account.dropped_bytes = True
        self._consume(found.start() if found else max(0, len(self.buffer) - (0 if last else 32)))

    def _drop(self, reason: str, count: int) -> None:
        self.account.records += 1
        self.account.dropped_records[reason] += 1
        self._consume(count)

    def _consume(self, count: int) -> None:
        del self.buffer[:count]
        if not self.gzipped:
            self.offset += count


def _parse_headers(block: bytes) -> dict[str, str]:
    """Return the header fields, names in lower case; continuation lines are joined."""
    headers: dict[str, str] = {}
    name = ""
    for line in block.decode("utf-8", "replace").split("\n")[1:]:
        line = line.rstrip("\r")
        if line[:1] in (" ", "\t") and name:
            headers[name] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if colon:
            headers.setdefault(name, value.strip())
    return headers


def _length(headers: dict[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
