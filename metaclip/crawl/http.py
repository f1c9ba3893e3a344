"""The HTTP response inside a WARC record: its status, type and decoded body."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

import brotli

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]+)", re.IGNORECASE)
_CHUNK_LINE = re.compile(rb"\s*([0-9a-fA-F]{1,8})[^\n]{0,200}\n")


class BodyError(Exception):
    """A body that can't be decoded; the only argument is the drop reason."""


class Response(NamedTuple):
    """One HTTP response; header names are in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset that the header names."""
        found = _CHARSET.search(self.headers.get("content-type", ""))
        return found[1] if found else None


def parse_response(block: bytes, max_bytes: int) -> Response:
    """Return the HTTP response of a record's block, transfer and content encodings undone.

    Raises:
        BodyError: `no_http`, `bad_encoding` or `too_long` (a bomb, or above `max_bytes`).
    """
    end = _HEAD_END.search(block)
    if not block[:5].upper() == b"HTTP/" or end is None:
        raise BodyError("no_http")
    headers: dict[str, str] = {}
    for line in block[: end.start()].decode("latin-1").split("\n")[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    body = block[end.end() :]
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = _unchunk(body)
    for coding in reversed(headers.get("content-encoding", "").lower().split(",")):
        body = _decode(body, coding.strip(), max_bytes)
    return Response(headers, body)


def _unchunk(body: bytes) -> bytes:
    """Undo chunked transfer; crawlers often did so already but kept the header."""
    parts, position = [], 0
    while True:
        line = _CHUNK_LINE.match(body, position)
        if line is None:
            return b"".join(parts) + (body[position:] if not parts else b"")
        size = int(line[1], 16)
        if size == 0:
            return b"".join(parts)
        if not parts and line.end() + size > len(body) + 2:
            return body
        parts.append(body[line.end() : line.end() + size])
        position = line.end() + size


def _decode(body: bytes, coding: str, max_bytes: int) -> bytes:
    if coding in ("gzip", "x-gzip"):
        # As with chunks, a crawler may have decoded the body and kept the header.
        return _inflate(body, 31, max_bytes) if body.startswith(b"\x1f\x8b") else body
    if coding == "deflate":
        try:
            return _inflate(body, 15, max_bytes)
        except BodyError:
            return _inflate(body, -15, max_bytes)
    if coding == "br":
        return _unbrotli(body, max_bytes)
    return body


def _inflate(body: bytes, window: int, max_bytes: int) -> bytes:
    inflater = zlib.decompressobj(wbits=window)
    try:
        data = inflater.decompress(body, max_bytes)
    except zlib.error:
        raise BodyError("bad_encoding") from None
    if inflater.unconsumed_tail:
        raise BodyError("too_long")
    return data


def _unbrotli(body: bytes, max_bytes: int) -> bytes:
    decoder = brotli.Decompressor()
    try:
        data = bytes(decoder.process(body, output_buffer_limit=max_bytes))
    except brotli.error:
        # Decoded by the crawler, header kept; a page begins with a tag or a blank.
        if body.lstrip()[:1] == b"<":
            return body
        raise BodyError("bad_encoding") from None
    if not decoder.can_accept_more_data():
        raise BodyError("too_long")
    return data
