"""An HTTP response as archived to the text of its HTML page."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple

import brotli  # type: ignore[import-untyped]
from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CHARSET = re.compile(r"""(?i)charset\s*=\s*["']?([^\s"';,>/]+)""")
# What may hold a `<meta` or `charset=` that isn't one; an unclosed one runs to the end.
_NO_META = re.compile(r"(?is)<!--.*?(?:-->|\Z)|<(script|style|title)\b.*?(?:</\1|\Z)")
_META = re.compile(r"(?is)<meta[\s/][^>]*")
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_HTML_START = re.compile(
    rb"(?i)\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.S
)
_META_BYTES = 4096


class Response(NamedTuple):
    """An HTTP response: header fields in order, names in lower case, and the body."""

    fields: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> str:
        """The first value of a field, "" if it is missing."""
        return next((value for key, value in self.fields if key == name), "")


class BadPayloadError(ValueError):
    """A payload that can't be read; its text is the reason to drop the record."""


def read_response(block: bytes) -> Response:
    """Split a response into header fields and body.

    Raises `BadPayloadError` (bad_http) if it has no header.
    """
    blank = _BLANK_LINE.search(block)
    if not block.startswith(b"HTTP/") or blank is None:
        raise BadPayloadError("bad_http")
    lines = block[: blank.start()].decode("latin-1").split("\n")[1:]
    parts = [line.partition(":") for line in lines]
    return Response([(k.strip().lower(), v.strip()) for k, _, v in parts], block[blank.end() :])


def is_html(response: Response) -> bool:
    """Whether it says that it is HTML or XHTML, or says nothing and looks like it."""
    kind = response.get("content-type").partition(";")[0].strip().lower()
    return kind in _HTML_TYPES if kind else bool(_HTML_START.match(response.body))


def decode_body(response: Response, max_bytes: int) -> bytes:
    """Undo transfer and content encoding, as far as the body really has them.

    Crawlers often decode a body and leave its header as it was. Raises
    `BadPayloadError`: bad_encoding, or too_large beyond `max_bytes`.
    """
    body = response.body
    if "chunked" in response.get("transfer-encoding").lower():
        body = _join_chunks(body)
    for encoding in reversed(response.get("content-encoding").lower().split(",")):
        body = _decoded(body, encoding.strip(), max_bytes)
    if len(body) > max_bytes:
        raise BadPayloadError("too_large")
    return body


def _join_chunks(body: bytes) -> bytes:
    """The chunks' content; bytes that are not chunked, or no longer, stay as they are."""
    parts: list[bytes] = []
    at = 0
    while size := _CHUNK_SIZE.match(body, at):
        length = int(size[1], 16)
        if length == 0:
            return b"".join(parts)
        parts.append(body[size.end() : size.end() + length])
        at = size.end() + length
        at += 2 if body[at : at + 2] == b"\r\n" else 1 if body[at : at + 1] == b"\n" else 0
    return b"".join(parts) + body[at:]


def _decoded(body: bytes, encoding: str, max_bytes: int) -> bytes:
    if encoding in ("", "identity", "none", "utf-8"):
        return body
    if encoding in ("gzip", "x-gzip"):
        return _inflate(body, 31, max_bytes) if body[:2] == b"\x1f\x8b" else body
    if encoding == "deflate":
        zlib_header = body[:1] == b"\x78" and int.from_bytes(body[:2]) % 31 == 0
        return _as_it_is(body) or _inflate(body, 15 if zlib_header else -15, max_bytes)
    if encoding == "br":
        return _as_it_is(body) or _unbrotli(body, max_bytes)
    return _as_it_is(body) or _refuse()


def _refuse() -> bytes:
    raise BadPayloadError("bad_encoding")


def _as_it_is(body: bytes) -> bytes:
    """The body if it is a page already, else nothing."""
    return body if not body or _HTML_START.match(body) else b""


def _inflate(body: bytes, wbits: int, max_bytes: int) -> bytes:
    """What can be inflated of a body, which crawlers cut at their own bound."""
    parts: list[bytes] = []
    left = max_bytes + 1
    inflater = zlib.decompressobj(wbits)
    try:
        for start in range(0, len(body), 16384):
            parts.append(inflater.decompress(body[start : start + 16384], left))
            left -= len(parts[-1])
            if left <= 0 or inflater.eof:
                break
    except zlib.error as error:
        if not any(parts):
            raise BadPayloadError("bad_encoding") from error
    return b"".join(parts)


def _unbrotli(body: bytes, max_bytes: int) -> bytes:
    decoder = brotli.Decompressor()
    parts: list[bytes] = []
    left = max_bytes + 1
    try:
        parts.append(decoder.process(body, output_buffer_limit=left))
        left -= len(parts[-1])
        while left > 0 and not decoder.can_accept_more_data():
            parts.append(decoder.process(b"", output_buffer_limit=left))
            left -= len(parts[-1])
    except brotli.error as error:
        if not any(parts):
            raise BadPayloadError("bad_encoding") from error
    return b"".join(parts)


def decode_text(body: bytes, content_type: str) -> str:
    """The page's characters: by BOM, HTTP header, `<meta>`, or what its bytes look like.

    Bytes that are wrong in that encoding become U+FFFD, as in browsers.
    """
    encoding = _encoding(body, content_type)
    try:
        text = body.decode(encoding, "replace")
    except LookupError:  # an encoding that Python lacks
        text = body.decode("utf-8", "replace")
    return text.removeprefix("\ufeff")


def _encoding(body: bytes, content_type: str) -> str:
    for mark, name in (
        (b"\xef\xbb\xbf", "utf-8"),
        (b"\xff\xfe", "utf-16-le"),
        (b"\xfe\xff", "utf-16-be"),
    ):
        if body.startswith(mark):
            return name
    declared = _known(content_type)
    if declared:
        return declared
    head = _NO_META.sub(" ", body[:_META_BYTES].decode("latin-1"))
    for meta in _META.finditer(head):
        known = _known(meta[0])
        if known:
            # A page that says UTF-16 in ASCII bytes is UTF-8 (HTML, prescan).
            return "utf-8" if known.lower().startswith("utf-16") else known
    return detect_encoding(body[:131072]) or "utf-8"


def _known(text: str) -> str | None:
    """Python's name of the encoding that a field or tag names, if it is a known one."""
    label = _CHARSET.search(text)
    return label and map_encoding_to_html5(label[1], fallback_utf8=False)
