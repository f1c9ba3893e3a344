"""HTML pages of a WARC to their images."""

from __future__ import annotations

from typing import NamedTuple

from resiliparse.parse.encoding import bytes_to_str, detect_encoding
from selectolax.lexbor import LexborHTMLParser

from metaclip.crawl.pairs import Image


class HtmlPage(NamedTuple):
    """What a page says: its `<base>` and its images."""

    base: str | None
    images: list[Image]


def decode_html(body: bytes, charset: str | None) -> str:
    """Return the text of an HTML body: by the header's charset, else as detected.

    Detection reads a byte order mark and `<meta charset>` first, as browsers do.
    """
    encoding = charset or detect_encoding(body, max_len=65536, from_html_meta=True) or "utf-8"
    try:
        return bytes_to_str(body, encoding=encoding, fallback_encodings=("utf-8", "cp1252"))
    except LookupError:
        return body.decode("utf-8", "replace")


def parse_html(text: str) -> HtmlPage:
    """Return the base and the images of an HTML page; any text parses."""
    tree = LexborHTMLParser(text)
    base = tree.css_first("base[href]")
    images = []
    for node in tree.css("img"):
        attributes = node.attributes
        if "src" in attributes:
            texts = (attributes.get("alt"), attributes.get("title"), attributes.get("data-image-title"))
            images.append(Image(attributes["src"], texts))
    return HtmlPage(base.attributes.get("href") if base else None, images)
