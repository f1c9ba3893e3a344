"""A WAT record's JSON to a page and its images, whatever the JSON is like."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from metaclip.crawl.images import (
    Page,
    RawImage,
    parse_date,
    unescape,
    without_surrogates,
)
from metaclip.crawl.scanner.record import TEXT_SOURCES
from metaclip.crawl.urls import bare_url, page_base

IMAGE_PATH = "IMG@/src"


class Link(msgspec.Struct, gc=False):
    """One element of `Links`, as far as it matters."""

    path: str = ""
    url: str | None = None
    alt: str | None = None
    title: str | None = None
    image_title: str | None = msgspec.field(default=None, name="data-image-title")


class _Head(msgspec.Struct):
    base: str | None = msgspec.field(default=None, name="Base")
    metas: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="Metas")


class _Html(msgspec.Struct):
    head: _Head | None = msgspec.field(default=None, name="Head")
    links: list[Link] | None = msgspec.field(default=None, name="Links")


class _Http(msgspec.Struct):
    html: _Html | None = msgspec.field(default=None, name="HTML-Metadata")
    headers: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="Headers")


class _Payload(msgspec.Struct):
    http: _Http | None = msgspec.field(default=None, name="HTTP-Response-Metadata")


class _WarcHeader(msgspec.Struct):
    url: str = msgspec.field(default="", name="WARC-Target-URI")
    date: str | None = msgspec.field(default=None, name="WARC-Date")


class _Envelope(msgspec.Struct):
    payload: _Payload | None = msgspec.field(default=None, name="Payload-Metadata")
    header: _WarcHeader | None = msgspec.field(default=None, name="WARC-Header-Metadata")


class _Container(msgspec.Struct):
    filename: str | None = msgspec.field(default=None, name="Filename")
    offset: str | int | None = msgspec.field(default=None, name="Offset")


class _Wat(msgspec.Struct):
    envelope: _Envelope = msgspec.field(name="Envelope")
    container: _Container | None = msgspec.field(default=None, name="Container")


_WAT = msgspec.json.Decoder(_Wat)
_ANY = msgspec.json.Decoder()


def decode_wat(block: bytes, *, opt_outs: bool = False) -> Page | str | None:
    """The page of one WAT record; None if it is about no HTML page.

    A string is the reason to drop it: `bad_json`, or `opt_out` where these count.
    """
    try:
        record = _WAT.decode(block)
        http = record.envelope.payload and record.envelope.payload.http
        if not http or not http.html:
            return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return read_loosely(block, opt_outs=opt_outs)
    head = http.html.head or _Head()
    if opt_outs and _opted_out(_decode(head.metas), _decode(http.headers)):
        return "opt_out"
    header, container = record.envelope.header or _WarcHeader(), record.container or _Container()
    images = [
        _raw_image(link.url, (link.alt, link.title, link.image_title))
        for link in http.html.links or ()
        if link.path == IMAGE_PATH
    ]
    return _page(header.url, head.base, container.filename, container.offset, header.date, images)


def _page(
    url: str,
    base: str | None,
    file: str | None,
    offset: object,
    date: str | None,
    images: list[RawImage],
) -> Page:
    url = bare_url(url)
    base = page_base(url, None if base is None else unescape(base))
    when, count = parse_date(date), len(images)
    return Page(url, base, file, parse_offset(offset), when, count, range(count), images)


def read_loosely(block: bytes, *, opt_outs: bool = False) -> Page | str | None:
    """As `decode_wat`, of JSON that strict decoding refuses: lone surrogates, invalid
    UTF-8, control characters, values of another type (which count as missing).
    """
    try:
        record = json.loads(block.decode("utf-8-sig", "replace"), strict=False)
    except (ValueError, RecursionError):
        return "bad_json"
    envelope = record.get("Envelope") if isinstance(record, dict) else None
    if not isinstance(envelope, dict):
        return "bad_json"
    http = _object(_object(envelope, "Payload-Metadata"), "HTTP-Response-Metadata")
    html = _object(http, "HTML-Metadata")
    if not isinstance(http.get("HTML-Metadata"), dict):
        return None
    head, header = _object(html, "Head"), _object(envelope, "WARC-Header-Metadata")
    if opt_outs and _opted_out(head.get("Metas"), http.get("Headers")):
        return "opt_out"
    container = _object(record, "Container")
    base, links = _string(head, "Base"), html.get("Links")
    images = [
        _raw_image(_string(link, "url"), tuple(_string(link, name) for name in TEXT_SOURCES))
        for link in (links if isinstance(links, list) else [])
        if isinstance(link, dict) and link.get("path") == IMAGE_PATH
    ]
    return _page(
        _string(header, "WARC-Target-URI") or "",
        base,
        _string(container, "Filename"),
        container.get("Offset"),
        _string(header, "WARC-Date"),
        images,
    )


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _string(parent: dict[str, Any], name: str) -> str | None:
    value = parent.get(name)
    return without_surrogates(value) if isinstance(value, str) else None


def parse_offset(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _raw_image(url: str | None, texts: tuple[str | None, ...]) -> RawImage:
    if not any(texts):  # two of five images: dropped whatever their URL is
        return RawImage(url, ())
    return RawImage(
        unescape(url) if url and "&" in url else url,
        [unescape(text) if text and "&" in text else text for text in texts],
    )


def _decode(raw: msgspec.Raw) -> object:
    try:
        return _ANY.decode(raw) if bytes(raw) else None
    except msgspec.MsgspecError:
        return None


def _opted_out(metas: object, headers: object) -> bool:
    from metaclip.crawl.opt_out import says_no

    pairs = list(headers.items()) if isinstance(headers, dict) else []
    for meta in metas if isinstance(metas, list) else []:
        if isinstance(meta, dict):
            pairs.append((meta.get("name"), meta.get("content")))
    return any(says_no(name, value) for name, value in pairs)
