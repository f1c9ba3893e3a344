"""Decode a WAT record's JSON, of whatever form, into a page and its images."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import msgspec

from metaclip.crawl.dates import parse_date
from metaclip.crawl.images import unescape, without_surrogates
from metaclip.crawl.opt_out import says_no
from metaclip.crawl.page import TEXT_SOURCES, Page, RawImage
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


class _Message(msgspec.Struct):
    status: str | int | None = msgspec.field(default=None, name="Status")


class _Http(msgspec.Struct):
    message: _Message | None = msgspec.field(default=None, name="Response-Message")
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


class WatOptions(NamedTuple):
    """`entities`: texts and URLs still have them. The others name the pages to drop."""

    entities: bool = True
    opt_outs: bool = False
    status: int | None = None


_DEFAULT = WatOptions()
_WAT = msgspec.json.Decoder(_Wat)
_ANY = msgspec.json.Decoder()


def decode_wat(block: bytes, options: WatOptions = _DEFAULT) -> Page | str | None:
    """Return the page of one WAT record; None if it is about no HTML page.

    A string is the reason to drop it: `bad_json`, or `status` and `opt_out` where these count.
    """
    try:
        record = _WAT.decode(block)
        http = record.envelope.payload and record.envelope.payload.http
        if not http or not http.html:
            return None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return read_loosely(block, options)
    head = http.html.head or _Head()
    if options.status is not None and not _has_status(http.message or _Message(), options):
        return "status"
    if options.opt_outs and _opted_out(_decode(head.metas), _decode(http.headers)):
        return "opt_out"
    header, container = record.envelope.header or _WarcHeader(), record.container or _Container()
    links = [link for link in http.html.links or () if link.path == IMAGE_PATH]
    images: list[_Strings] = [
        (link.url, (link.alt, link.title, link.image_title)) for link in links
    ]
    about = _About(header.url, head.base, container.filename, container.offset, header.date)
    return _page(about, images, options)


class _About(NamedTuple):
    """Fields of a WAT record beside its images."""

    url: str
    base: str | None
    file: str | None
    offset: object
    date: str | None


_Strings = tuple[str | None, tuple[str | None, ...]]  # URL and texts of an image


def _page(about: _About, images: list[_Strings], options: WatOptions) -> Page:
    url, base = bare_url(about.url), about.base
    base = page_base(url, unescape(base) if base and options.entities else base)
    found = [_raw_image(*one, entities=options.entities) for one in images]
    when, count = parse_date(about.date), len(found)
    return Page(url, base, about.file, parse_offset(about.offset), when, count, range(count), found)


def _has_status(message: _Message, options: WatOptions) -> bool:
    return str(message.status).strip() == str(options.status)


def read_loosely(block: bytes, options: WatOptions = _DEFAULT) -> Page | str | None:
    """Do as `decode_wat`, of JSON that strict decoding refuses.

    It has lone surrogates, invalid UTF-8, control characters, or values of another type, which
    count as missing.
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
    status = _object(http, "Response-Message").get("Status")
    if options.status is not None and not _has_status(_Message(status), options):
        return "status"
    head, header = _object(html, "Head"), _object(envelope, "WARC-Header-Metadata")
    if options.opt_outs and _opted_out(head.get("Metas"), http.get("Headers")):
        return "opt_out"
    container, links = _object(record, "Container"), html.get("Links")
    images: list[_Strings] = [
        (_string(link, "url"), tuple(_string(link, name) for name in TEXT_SOURCES))
        for link in (links if isinstance(links, list) else [])
        if isinstance(link, dict) and link.get("path") == IMAGE_PATH
    ]
    about = _About(
        _first_string(header, "WARC-Target-URI") or "",
        _string(head, "Base"),
        _string(container, "Filename"),
        container.get("Offset"),
        _string(header, "WARC-Date"),
    )
    return _page(about, images, options)


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _string(parent: dict[str, Any], name: str) -> str | None:
    value = parent.get(name)
    return without_surrogates(value) if isinstance(value, str) else None


def _first_string(parent: dict[str, Any], name: str) -> str | None:
    """Return a string, or the first of a list: a header that the record has twice."""
    value = parent.get(name)
    if isinstance(value, list):
        return next((without_surrogates(one) for one in value if isinstance(one, str)), None)
    return _string(parent, name)


def parse_offset(value: object) -> int | None:
    """Return the number that a string or an integer is, None for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _raw_image(url: str | None, texts: tuple[str | None, ...], *, entities: bool) -> RawImage:
    if not any(texts):  # two of five images: dropped whatever their URL is
        return RawImage(url, ())
    if not entities:
        return RawImage(url, texts)
    return RawImage(url and unescape(url), [text and unescape(text) for text in texts])


def _decode(raw: msgspec.Raw) -> object:
    try:
        return _ANY.decode(raw) if bytes(raw) else None
    except msgspec.MsgspecError:
        return None


def _opted_out(metas: object, headers: object) -> bool:
    pairs = list(headers.items()) if isinstance(headers, dict) else []
    for meta in metas if isinstance(metas, list) else []:
        if isinstance(meta, dict):
            pairs.append((meta.get("name"), meta.get("content")))
    return any(says_no(name, value) for name, value in pairs)
