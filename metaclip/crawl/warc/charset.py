"""Decode a page's bytes: by BOM, HTTP, `<meta>`, XML declaration, or detection.

Labels and decoders are those of the Encoding standard. The order of the search is that of the
HTML standard (13.2.3.2), but for a page that declares nothing: UTF-8 where its bytes are valid.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from functools import lru_cache
from typing import NamedTuple

from turbohtml.detect import detect
from webencodings import LABELS

from metaclip.crawl.warc.prescan import PRESCAN_BYTES, declared_labels, xml_label

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_BLANKS = "\t\n\x0c\r "
_PYTHON_CODECS = {"utf-8": "utf-8", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}
_DETECTED_BYTES = 128 * 1024


class Decoded(NamedTuple):
    """A page's characters, and the standard's name of their encoding in lower case."""

    text: str
    encoding: str


@lru_cache(1024)
def encoding_of(label: str) -> str | None:
    """Return the name of a label's encoding (Encoding standard, 4.2), None for no label."""
    return LABELS.get(label.strip(_BLANKS).lower()) if label.isascii() else None


def decode_text(body: bytes, charset: str | None = None, *, xml: bool = False) -> Decoded:
    """Return the characters of a page; `charset` is that of its Content-Type.

    Bytes that are wrong in their encoding are decoded as U+FFFD.
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return Decoded(decode(body[len(mark) :], encoding), encoding)
    declared = encoding_of(charset or "") or (_in_xml(body) if xml else _in_html(body))
    if declared:
        return Decoded(decode(body, declared), declared)
    text = _as_utf_8(body)
    if text is not None:
        return Decoded(text, "utf-8")
    encoding = "utf-8" if xml else _detected(body)
    return Decoded(decode(body, encoding), encoding)


def decode(body: bytes, encoding: str) -> str:
    """Return the characters of bytes in an encoding that the standard names."""
    codec = _PYTHON_CODECS.get(encoding)
    text = body.decode(codec or f"whatwg-{encoding}", "replace")
    return text.removeprefix("\ufeff") if codec else text


def _in_xml(body: bytes) -> str | None:
    return encoding_of(xml_label(body) or "")


def _in_html(body: bytes) -> str | None:
    """Return the encoding by the prescan, the XML declaration, or a later `<meta>`."""
    found = _first_known(body[:PRESCAN_BYTES]) or _in_xml(body)
    return found or (_first_known(body) if len(body) > PRESCAN_BYTES else None)


def _first_known(head: bytes) -> str | None:
    for label in declared_labels(head):
        encoding = encoding_of(label)
        if encoding in ("utf-16le", "utf-16be"):  # a page that ASCII can read is not UTF-16
            return "utf-8"
        if encoding:
            return "windows-1252" if encoding == "x-user-defined" else encoding
    return None


def _as_utf_8(body: bytes) -> str | None:
    """Return the text of valid UTF-8, whose last character a crawler may have cut."""
    try:
        text: str = getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        return None
    return text


def _detected(body: bytes) -> str:
    found = detect(body[:_DETECTED_BYTES]).encoding
    return encoding_of(found or "") or "windows-1252"
