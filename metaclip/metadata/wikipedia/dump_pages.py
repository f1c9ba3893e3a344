"""Read the pages of a Wikipedia dump: bzip2 streams of MediaWiki's export XML.

Source: the export schema 0.10 of MediaWiki. A multistream dump is a chain of bzip2 streams: one
with the header, one for each 100 pages, one with the closing tag.
"""

from __future__ import annotations

import bz2
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple
from xml.parsers import expat

_BLOCK = 1 << 20
_OPEN, _CLOSE = b"<mediawiki>", b"</mediawiki>"
_MAGIC = b"BZh"
FILE_KEYS = ("-2", "6", "14")
"""Keys of the namespaces media, file and category in a dump's header."""


class BrokenDumpError(ValueError):
    """The bytes are no dump, or end too early."""


class Page(NamedTuple):
    """One page; `text` is None where it is longer than the bound."""

    page_id: int
    title: str
    namespace: int
    redirect: bool
    text: str | None


def read_blocks(stream: IO[bytes], size: int | None = None) -> Iterator[bytes]:
    """Yield the bytes of a chain of bzip2 streams, of `size` compressed bytes or to the end.

    Raises:
        BrokenDumpError: no bzip2, damaged, or cut short within a stream.
    """
    decompressor, fresh = bz2.BZ2Decompressor(), True
    left = size if size is not None else -1
    while data := stream.read(_BLOCK if left < 0 else min(left, _BLOCK)):
        left -= len(data) if left > 0 else 0
        while data:
            if fresh and not _MAGIC.startswith(data[:3]):
                raise BrokenDumpError("bytes that begin no bzip2 stream")
            try:
                block = decompressor.decompress(data)
            except (OSError, ValueError) as error:
                raise BrokenDumpError(f"damaged bzip2: {error}") from None
            if block:
                yield block
            data, fresh = b"", False
            if decompressor.eof:
                data = decompressor.unused_data
                decompressor, fresh = bz2.BZ2Decompressor(), True
        if left == 0:
            break
    if not fresh:
        raise BrokenDumpError("bzip2 that ends within a stream")


def read_pages(
    blocks: Iterable[bytes], max_characters: int, *, begins: bool = True, ends: bool = True
) -> Iterator[Page]:
    """Yield the pages of a dump's XML or of a range of whole pages.

    Args:
        begins: the range has the header with the opening tag.
        ends: the range has the closing tag.

    Raises:
        BrokenDumpError: not well-formed, with a document type (which defines entities), or cut
            short.
    """
    reader = _Reader(max_characters)
    try:
        if not begins:
            reader.parser.Parse(_OPEN)
        for block in blocks:
            reader.parser.Parse(block)
            yield from reader.take()
        if not ends:
            reader.parser.Parse(_CLOSE)
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise BrokenDumpError(f"XML that ends early or is damaged: {error}") from None
    yield from reader.take()


def read_namespaces(blocks: Iterable[bytes]) -> dict[str, str]:
    """Return the names of the wiki's namespaces but the articles', by key.

    Raises:
        BrokenDumpError: there is no header.
    """
    reader = _Reader(0)
    for block in blocks:
        try:
            reader.parser.Parse(block)
        except expat.ExpatError as error:
            raise BrokenDumpError(f"no XML of a dump: {error}") from None
        if reader.header_ended:
            return reader.namespaces
    raise BrokenDumpError("no header of a dump")


class _Reader:
    """Collects pages from expat's events."""

    def __init__(self, max_characters: int) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.namespaces: dict[str, str] = {}
        self.header_ended = False
        self._max_characters = max_characters
        self._pages: list[Page] = []
        self._path: list[str] = []
        self._collected: list[str] | None = None
        self._length = 0
        self._namespace_key = ""
        self._reset()

    def take(self) -> list[Page]:
        """Return the pages since the last call."""
        pages, self._pages = self._pages, []
        return pages

    def _reset(self) -> None:
        self._fields: dict[str, str | None] = {}
        self._redirect = False

    def _refuse_doctype(self, *declared: object) -> None:
        raise BrokenDumpError("an XML document type, which no dump has")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        depth, parent = len(self._path), self._path[-2] if len(self._path) > 1 else ""
        if name == "redirect" and parent == "page":
            self._redirect = True
        elif depth == 1 and name != "mediawiki":
            raise BrokenDumpError(f"XML of another kind, with the root {name}")
        elif name == "page":
            self.header_ended = True
        self._namespace_key = attributes.get("key", "") if name == "namespace" else ""
        wanted = parent == "page" and name in ("title", "ns", "id")
        if wanted or name == "namespace" or (name == "text" and parent == "revision"):
            self._collected, self._length = [], 0

    def _characters(self, data: str) -> None:
        if self._collected is None:
            return
        self._length += len(data)
        if self._length <= self._max_characters or self._path[-1] != "text":
            self._collected.append(data)

    def _end(self, name: str) -> None:
        self._path.pop()
        if self._collected is not None:
            self._keep(name, "".join(self._collected))
            self._collected = None
        if name == "siteinfo":
            self.header_ended = True
        elif name == "page":
            self._pages.append(self._page())
            self._reset()

    def _keep(self, name: str, value: str) -> None:
        if name == "namespace":
            if value:
                self.namespaces[self._namespace_key] = value
        else:
            too_long = name == "text" and self._length > self._max_characters
            self._fields[name] = None if too_long else value

    def _page(self) -> Page:
        try:
            page_id, namespace = int(self._fields["id"] or ""), int(self._fields["ns"] or "")
        except (KeyError, ValueError):
            raise BrokenDumpError("a page without id or namespace") from None
        title = self._fields.get("title") or ""
        return Page(page_id, title, namespace, self._redirect, self._fields.get("text", ""))
