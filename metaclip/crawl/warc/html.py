"""Read a page's HTML: its images, `<base>` and `<meta>` fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from turbohtml import Document, DocumentFragment, Element, Namespace, ShadowRoot, parse

from metaclip.crawl.page import RawImage
from metaclip.crawl.warc.lazy import lazy_url

# The case of each letter is spelt out, since a pattern that ignores case is slow.
_TEMPLATE = re.compile("<[tT][eE][mM][pP][lL][aA][tT][eE]")


class HtmlImages(NamedTuple):
    """The images of one page in their order, its base, and names and contents of metas."""

    base: str | None
    metas: list[tuple[str, str]]
    images: list[RawImage]


def read_html(text: str, *, lazy_images: bool = False, metas: bool = False) -> HtmlImages:
    """Return every `<img>` of a page, scripts off, those of its open shadow roots as well.

    `metas` are empty unless asked for: a page has dozens of them.
    """
    document = parse(text, positions=False)
    # Contents of templates are no part of the document, but `find_all` gives them.
    templates = _TEMPLATE.search(text) is not None
    nodes = [one for one in document.find_all("img") if not (templates and _is_inert(one))]
    if templates and "shadowrootmode" in text.lower():
        nodes += _images_in_shadow(document)
    bases = (
        one.attr("href")
        for one in document.find_all("base")
        if one.namespace is Namespace.HTML and not (templates and _is_inert(one))
    )
    fields = [
        (one.attr("name") or "", one.attr("content") or "")
        for one in (document.find_all("meta") if metas else [])
    ]
    base = next((href for href in bases if href is not None), None)
    return HtmlImages(base, fields, [_image(one, lazy_images) for one in nodes])


def _is_inert(node: Element) -> bool:
    """Return True inside of a template that is no shadow root."""
    fragments = (one for one in node.ancestors if isinstance(one, DocumentFragment))
    fragment = next(fragments, None)
    return fragment is not None and not isinstance(fragment, ShadowRoot)


def _images_in_shadow(document: Document) -> Iterator[Element]:
    """Yield the images of the open shadow roots, those within one another as well."""
    roots: list[Document | ShadowRoot] = [document]
    while roots:
        root = roots.pop()
        for host in root.iter_elements():
            shadow = host.shadow_root
            if shadow is not None and shadow.mode == "open" and not _is_inert(host):
                roots.append(shadow)
                yield from (one for one in shadow.find_all("img") if not _is_inert(one))


def _image(node: Element, lazy_images: bool) -> RawImage:
    lazy = lazy_url(node.attr) if lazy_images else None
    texts = (node.attr("alt"), node.attr("title"), node.attr("data-image-title"))
    return RawImage(lazy or node.attr("src"), texts, lazy is not None)
