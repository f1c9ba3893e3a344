"""Tell HTML and XML pages from other bodies (MIME Sniffing standard, sections 7 and 7.1)."""

from __future__ import annotations

import re

from metaclip.crawl.warc.content_type import MimeType

HTML, XML = "html", "xml"
HTML_TAGS = (
    "!DOCTYPE HTML",
    "HTML",
    "HEAD",
    "SCRIPT",
    "IFRAME",
    "H1",
    "DIV",
    "FONT",
    "TABLE",
    "A",
    "STYLE",
    "TITLE",
    "B",
    "BODY",
    "BR",
    "P",
    "!--",
)
"""The standard's tags, each followed by a blank or `>`; 7.1, "identifying an unknown MIME type"."""
SNIFFED_BYTES = 1445
"""Bytes of a body that a browser sniffs (5.2, the resource header)."""

_BLANK = rb"[\t\n\x0c\r ]*"
_HTML = re.compile(_BLANK + rb"<(?:" + "|".join(HTML_TAGS).encode() + rb")[ >]", re.I)
_XML = re.compile(_BLANK + rb"<\?xml")
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_UNKNOWN = ("unknown/unknown", "application/unknown", "*/*")
_XHTML_NAMESPACE = b"http://www.w3.org/1999/xhtml"
_COMMENT = re.compile(rb"<!--.*?-->", re.S)
_ROOT = re.compile(rb"<([A-Za-z_][^\s/>]*)")
_ROOT_BYTES = 4096


def begins_like_html(body: bytes) -> bool:
    """Return True where one of the 17 patterns of HTML matches the first bytes."""
    return _HTML.match(body[:SNIFFED_BYTES]) is not None


def is_decoded(body: bytes) -> bool:
    """Return True for bytes that no content coding gives: a page's beginning, or text.

    The standard takes bytes for text that begin with a byte order mark or have no binary data
    byte (7.2, "distinguishing if a resource is text or binary").
    """
    head = body[:SNIFFED_BYTES]
    return head.startswith(_MARKS) or begins_like_html(head) or not _BINARY.search(head)


def page_kind(declared: MimeType | None, body: bytes, *, sniff_scripts: bool = True) -> str | None:
    """Return HTML or XML by the computed MIME type of a body, None for anything else.

    `sniff_scripts` is False after `X-Content-Type-Options: nosniff`: then no body without a
    valid type is HTML. XML is a page where its root is that of XHTML.
    """
    if declared is None or declared.essence in _UNKNOWN:
        if not sniff_scripts:
            return None
        if begins_like_html(body):
            return HTML
        return XML if _XML.match(body[:SNIFFED_BYTES]) and _is_xhtml(body) else None
    if declared.essence == "text/html":
        return HTML
    if declared.essence == "application/xhtml+xml":
        return XML
    return XML if is_xml(declared) and _is_xhtml(body) else None


def is_xml(declared: MimeType) -> bool:
    """Return True for an XML MIME type (4.6)."""
    return declared.essence.endswith("+xml") or declared.essence in ("text/xml", "application/xml")


def _is_xhtml(body: bytes) -> bool:
    """Return True where the root is `html` in XHTML's namespace: no feed, no drawing."""
    root = _ROOT.search(_COMMENT.sub(b"", body[:_ROOT_BYTES]))
    is_html = root is not None and root[1].rpartition(b":")[2] == b"html"
    return is_html and _XHTML_NAMESPACE in body[:_ROOT_BYTES]
