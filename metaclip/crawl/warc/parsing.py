"""Parse the text of one page as HTML or XML, for `bounded`: in its process or in a child.

It imports little, so that a child starts fast and has its memory for the page.
"""

from __future__ import annotations

import msgspec

from metaclip.crawl.warc.html import HtmlImages, read_html
from metaclip.crawl.warc.xhtml import read_xhtml


class ParseOptions(msgspec.Struct, frozen=True):
    """The kind of a page, and the fields of it that are needed."""

    xml: bool = False
    lazy_images: bool = False
    metas: bool = False


def parse_page(text: str, options: ParseOptions) -> HtmlImages:
    """Return the images of a page; XML that is not well-formed is read as HTML."""
    if options.xml:
        found = read_xhtml(text, lazy_images=options.lazy_images, metas=options.metas)
        if found is not None:
            return found
    return read_html(text, lazy_images=options.lazy_images, metas=options.metas)
