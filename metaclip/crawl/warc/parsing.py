"""Parse the text of one page as HTML or XML; what `bounded` runs, here or in a child process.

It imports little, so that a child starts fast and has its memory for the page.
"""

from __future__ import annotations

import msgspec

from metaclip.crawl.warc.html import HtmlImages, read_html
from metaclip.crawl.warc.xhtml import read_xhtml


class ParseOptions(msgspec.Struct, frozen=True):
    """Whether a page is XML, whether lazy URLs count, and whether its metas are needed."""

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
