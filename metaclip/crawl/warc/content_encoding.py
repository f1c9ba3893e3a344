"""Undo transfer and content codings, as far as the body really has them (RFC 9110, 8.4)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from contextlib import suppress

import brotli  # type: ignore[import-untyped]
import zstandard

from metaclip.crawl.warc.http_head import BadPayloadError, Response
from metaclip.crawl.warc.sniffing import begins_like_html, is_decoded

_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]+)[ \t]*(?:;[^\r\n]*)?\r*\n")
_NO_CODINGS = frozenset({"", "identity", "none"})
# No server nests more; each may inflate up to the limit of a page.
_MOST_CODINGS = 8
_STEP_BYTES = 16 * 1024
# The largest window that browsers allow (RFC 9659).
_ZSTD_WINDOW_BYTES = 8 * 1024 * 1024

Decoder = Callable[[bytes, int], bytes]


def decode_body(response: Response, max_bytes: int) -> bytes:
    """Return the body without its codings; a coding that it has not is passed over.

    Crawlers decode a body and leave its header as it was.

    Raises:
        BadPayloadError: bad_encoding, or too_large beyond `max_bytes`.
    """
    body = response.body
    for coding in _codings(response, "transfer-encoding"):
        body = _join_chunks(body) if coding == "chunked" else _decoded(body, coding, max_bytes)
    for coding in _codings(response, "content-encoding"):
        body = _decoded(body, coding, max_bytes)
    if len(body) > max_bytes:
        raise BadPayloadError("too_large")
    return body


def _codings(response: Response, name: str) -> list[str]:
    """Return the codings of all fields of one name, the last applied first."""
    parts = response.joined(name).lower().split(",")
    named = [part.partition(";")[0].strip(" \t\"'") for part in parts]
    found = [coding for coding in named if coding not in _NO_CODINGS]
    if len(found) > _MOST_CODINGS:
        raise BadPayloadError("bad_encoding")
    return found[::-1]


def _join_chunks(body: bytes) -> bytes:
    """Return the chunks' content (RFC 9112, 7.1); bytes that are not chunked stay as they are."""
    parts: list[bytes] = []
    at = 0
    while size := _CHUNK_SIZE.match(body, at):
        length = int(size[1], 16)
        if length == 0:
            return b"".join(parts)
        parts.append(body[size.end() : size.end() + length])
        at = min(size.end() + length, len(body))
        at += 2 if body[at : at + 2] == b"\r\n" else 1 if body[at : at + 1] == b"\n" else 0
    return b"".join(parts) + body[at:]


def _decoded(body: bytes, coding: str, max_bytes: int) -> bytes:
    """Return the decoded body, or the body itself where it has not that coding.

    Raises:
        BadPayloadError: bad_encoding, where it is neither.
    """
    magic = _MAGIC.get(coding, b"")
    if coding not in _DECODERS or not body.startswith(magic) or (not magic and _is_page(body)):
        return _as_it_is(body)
    decoded = _DECODERS[coding](body, max_bytes)
    return decoded or _as_it_is(body)


def _is_page(body: bytes) -> bool:
    return not body or begins_like_html(body)


def _as_it_is(body: bytes) -> bytes:
    if is_decoded(body):
        return body
    raise BadPayloadError("bad_encoding")


def _gunzip(body: bytes, max_bytes: int) -> bytes:
    """Return the first gzip member; browsers ignore what follows it."""
    return _inflate(body, 31, max_bytes)


def _undeflate(body: bytes, max_bytes: int) -> bytes:
    """Inflate with a zlib header or without: servers send both as `deflate`."""
    header = body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0
    return _inflate(body, 15 if header else -15, max_bytes)


def _inflate(body: bytes, wbits: int, max_bytes: int) -> bytes:
    """Return what can be inflated of a body, which crawlers cut at their own bound."""
    parts: list[bytes] = []
    left = max_bytes + 1
    inflater = zlib.decompressobj(wbits)
    with suppress(zlib.error):
        for start in range(0, len(body), _STEP_BYTES):
            parts.append(inflater.decompress(body[start : start + _STEP_BYTES], left))
            left -= len(parts[-1])
            if left <= 0 or inflater.eof:
                break
    return b"".join(parts)


def _unbrotli(body: bytes, max_bytes: int) -> bytes:
    decoder = brotli.Decompressor()
    parts: list[bytes] = []
    left = max_bytes + 1
    with suppress(brotli.error):
        parts.append(decoder.process(body, output_buffer_limit=left))
        left -= len(parts[-1])
        while left > 0 and not decoder.can_accept_more_data():
            parts.append(decoder.process(b"", output_buffer_limit=left))
            left -= len(parts[-1])
    return b"".join(parts)


def _unzstd(body: bytes, max_bytes: int) -> bytes:
    parts: list[bytes] = []
    left = max_bytes + 1
    context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    with (
        suppress(zstandard.ZstdError),
        context.stream_reader(body, read_across_frames=True) as reader,
    ):
        while left > 0 and (part := reader.read(min(left, 1 << 20))):
            parts.append(part)
            left -= len(part)
    return b"".join(parts)


_DECODERS: dict[str, Decoder] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
_MAGIC = {"gzip": b"\x1f\x8b", "x-gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
