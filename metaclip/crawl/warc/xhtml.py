"""Read a page's XHTML with an XML parser: its images, `<base>` and `<meta>` fields."""

from __future__ import annotations

from html.entities import html5
from xml.parsers import expat

from metaclip.crawl.page import TEXT_SOURCES, RawImage
from metaclip.crawl.warc.html import HtmlImages
from metaclip.crawl.warc.lazy import lazy_url

_NAMESPACE = "http://www.w3.org/1999/xhtml"
# In place of any external DTD, as browsers do for those of XHTML (HTML standard, 14.2).
_ENTITIES = "".join(
    f'<!ENTITY {name[:-1]} "{"".join(f"&#38;#{ord(one)};" for one in text)}">'
    for name, text in html5.items()
    if name.endswith(";")
)


def read_xhtml(text: str, *, lazy_images: bool = False, metas: bool = False) -> HtmlImages | None:
    """Return the images of an XML page, None where it is not well-formed."""
    reader = _Reader(lazy_images, metas)
    try:
        reader.parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        return None
    return HtmlImages(reader.base, reader.metas, reader.images)


class _Reader:
    """Collect the elements that matter while expat reads."""

    def __init__(self, lazy_images: bool, metas: bool) -> None:
        self.lazy_images, self.wants_metas = lazy_images, metas
        self.base: str | None = None
        self.metas: list[tuple[str, str]] = []
        self.images: list[RawImage] = []
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)
        self.templates = 0  # that are open: their contents are no part of the document
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.ExternalEntityRefHandler = self._read_entities

    def _read_entities(
        self, context: str | None, _base: str | None, _system: str | None, _public: str | None
    ) -> int:
        """Define the entities of HTML in place of an external DTD; load nothing."""
        if context is None:  # the DTD itself, not an entity
            self.parser.ExternalEntityParserCreate(context).Parse(_ENTITIES, True)
        return 1

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, tag = name.rpartition(" ")
        if namespace != _NAMESPACE:
            return
        if tag == "template":
            self.templates += 1
        elif self.templates:
            return
        elif tag == "img":
            lazy = lazy_url(attributes.get) if self.lazy_images else None
            texts = tuple(map(attributes.get, TEXT_SOURCES))
            self.images.append(RawImage(lazy or attributes.get("src"), texts, lazy is not None))
        elif tag == "base" and self.base is None:
            self.base = attributes.get("href")
        elif tag == "meta" and self.wants_metas:
            self.metas.append((attributes.get("name", ""), attributes.get("content", "")))

    def _end(self, name: str) -> None:
        self.templates -= name == f"{_NAMESPACE} template"
