"""WAT records (JSON that Common Crawl extracted from WARC) to pages with their images."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from msgspec import Struct, field

from metaclip.crawl.pairs import Image, Page, decode_entities

IMAGE_PATH = "IMG@/src"


class Link(Struct):
    """One link object; only what an image needs is decoded."""

    path: str | None = None
    url: str | None = None
    alt: str | None = None
    title: str | None = None
    data_image_title: str | None = field(name="data-image-title", default=None)


class _Head(Struct):
    base: str | None = field(name="Base", default=None)


class _Html(Struct):
    head: _Head | None = field(name="Head", default=None)
    links: list[Link] | None = field(name="Links", default=None)


class _Response(Struct):
    html: _Html | None = field(name="HTML-Metadata", default=None)


class _Payload(Struct):
    response: _Response | None = field(name="HTTP-Response-Metadata", default=None)


class _Header(Struct):
    uri: str | None = field(name="WARC-Target-URI", default=None)
    date: str | None = field(name="WARC-Date", default=None)


class _Envelope(Struct):
    header: _Header | None = field(name="WARC-Header-Metadata", default=None)
    payload: _Payload | None = field(name="Payload-Metadata", default=None)


class _Container(Struct):
    filename: str | None = field(name="Filename", default=None)
    offset: str | int | None = field(name="Offset", default=None)


class WatRecord(Struct):
    """One WAT record, as far as pairs need it."""

    container: _Container | None = field(name="Container", default=None)
    envelope: _Envelope | None = field(name="Envelope", default=None)


_DECODER = msgspec.json.Decoder(WatRecord)


def decode_record(body: bytes) -> WatRecord:
    """Return the typed record.

    Raises:
        ValueError: not JSON, or JSON of another shape.
    """
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        # msgspec refuses a whole record for one lone surrogate or a wrong type in one link.
        return _decode_leniently(body)


def _decode_leniently(body: bytes) -> WatRecord:
    try:
        data = json.loads(body.decode("utf-8", "replace"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return msgspec.convert(data, WatRecord) if _well_shaped(data) else _repair(data)


def _well_shaped(data: Any) -> bool:
    try:
        msgspec.convert(data, WatRecord)
    except msgspec.ValidationError:
        return False
    return True


def _repair(data: Any) -> WatRecord:
    """Drop the links that are no objects of strings; refuse what else is wrong."""
    links = data["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]["HTML-Metadata"]["Links"]
    links[:] = [
        {key: value for key, value in link.items() if isinstance(value, str)}
        for link in links
        if isinstance(link, dict)
    ]
    return msgspec.convert(data, WatRecord)


class PageRecord(Struct):
    """A page of a WAT or WARC: where it was fetched, and its images."""

    page: Page
    fetched_at: str | None
    warc_file: str | None
    warc_offset: int | None
    images: list[Image]


def read_page(record: WatRecord) -> PageRecord | None:
    """Return the page of a WAT record, or None where the record has no HTML."""
    envelope = record.envelope
    payload = envelope.payload if envelope else None
    response = payload.response if payload else None
    parsed = response.html if response else None
    if envelope is None or parsed is None:
        return None
    header, container = envelope.header or _Header(), record.container or _Container()
    base = parsed.head.base if parsed.head else None
    return PageRecord(
        Page(decode_entities(header.uri or ""), decode_entities(base) if base else None),
        header.date,
        container.filename,
        _integer(container.offset),
        [_image(link) for link in parsed.links or () if link.path == IMAGE_PATH],
    )


def _image(link: Link) -> Image:
    texts = (link.alt, link.title, link.data_image_title)
    alt, title, image_title = (decode_entities(text) if text else text for text in texts)
    return Image(decode_entities(link.url) if link.url else link.url, (alt, title, image_title))


def _integer(value: str | int | None) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
