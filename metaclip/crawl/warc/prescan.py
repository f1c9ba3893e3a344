"""Find the charset that a page declares in itself (HTML standard, 13.2.3.2 and 13.2.3.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator

PRESCAN_BYTES = 1024
"""Bytes that browsers look at before they parse."""

_BLANKS = b"\t\n\x0c\r "
# Text to a parser is no tag: comments, and elements of raw text. One that nothing closes runs
# to the end. Tags and declarations are passed over whole, so that no attribute is a tag.
_ATTRIBUTE = rb"""(?:[\s/]*[^\s/>=][^\s/>=]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>"']?[^\s>]*))?)"""
_MARKUP = re.compile(
    rb"<!--(?:>|->|.*?(?:--!?>|\Z))"
    rb"|<(?P<raw>script|style|title|textarea|xmp|iframe|noembed|noframes)(?=[\s/>]).*?"
    rb"(?:</(?P=raw)(?=[\s/>])|\Z)"
    rb"|<meta(?=[\s/])(?P<meta>" + _ATTRIBUTE + rb"*)"
    rb"|</?[a-z][^\s/>]*" + _ATTRIBUTE + rb"*"
    rb"|<[!?/][^>]*",
    re.I | re.S,
)
_META_CHARSET = re.compile(rb"<[mM][eE][tT][aA][\s/][^>]*?[cC][hH][aA][rR][sS][eE][tT]")
_NEXT_ATTRIBUTE = re.compile(
    rb"[\s/]*(?P<name>[^\s/>][^\s/>=]*)"
    rb"""(?:\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<plain>[^\s>]*)))?"""
)
_CHARSET = re.compile(rb"charset[\t\n\x0c\r ]*=[\t\n\x0c\r ]*", re.I)
_VALUE = re.compile(rb"""\s*(?:"([^"]*)"|'([^']*)'|([^\s;"'][^\s;]*))""")
_XML_DECLARATION = re.compile(rb"<\?xml[^>]*?\bencoding\s*=\s*([\"'])([^\"'>]+)\1")
_UTF_16_XML = ((b"<\0?\0x\0", "utf-16le"), (b"\0<\0?\0x", "utf-16be"))


def declared_labels(head: bytes) -> Iterator[str]:
    """Yield the labels of the `<meta>` tags, in order.

    A tag counts by its `charset`, or by the `charset=` of its `content` where its `http-equiv`
    is `content-type`.
    """
    # Few pages have one beyond their beginning: what follows the last is not looked at.
    end = max((one.end() + PRESCAN_BYTES for one in _META_CHARSET.finditer(head)), default=0)
    for found in _MARKUP.finditer(head[:end]):
        if found["meta"] is not None:
            label = _label_of(found["meta"])
            if label:
                yield label


def _label_of(tag: bytes) -> str | None:
    attributes: dict[bytes, bytes] = {}
    for one in _NEXT_ATTRIBUTE.finditer(tag):
        value = one["double"] or one["single"] or one["plain"] or b""
        attributes.setdefault(one["name"].lower(), value)
    label = attributes.get(b"charset")
    if label is None and attributes.get(b"http-equiv", b"").lower() == b"content-type":
        label = _charset_in(attributes.get(b"content", b""))
    return label.decode("latin-1") if label else None


def _charset_in(content: bytes) -> bytes | None:
    """Return the charset of a `content` ("extracting a character encoding from a meta")."""
    found = _CHARSET.search(content)
    value = _VALUE.match(content, found.end()) if found else None
    return (value[1] or value[2] or value[3]) if value else None


def xml_label(body: bytes) -> str | None:
    """Return the label of an XML declaration, or UTF-16 for one in its bytes."""
    for mark, name in _UTF_16_XML:
        if body.startswith(mark):
            return name
    if not body.startswith(b"<?xml"):
        return None
    found = _XML_DECLARATION.match(body[:PRESCAN_BYTES])
    return found[2].decode("latin-1") if found else None
