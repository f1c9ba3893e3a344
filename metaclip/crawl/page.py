"""Declare the page of a crawl and its images, as both readers give them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from metaclip.crawl.scanner.record import TEXT_SOURCES, Outcomes

__all__ = ["TEXT_SOURCES", "UTF_8", "Page", "RawImage"]

UTF_8 = "utf-8"


class RawImage(NamedTuple):
    """An image of a page: attribute values as they are, None if missing."""

    src: str | None
    texts: Sequence[str | None]  # of TEXT_SOURCES
    lazy: bool = False  # src is the value of another attribute


class Page(NamedTuple):
    """One HTML page of a crawl, with those of its `size` images that are not yet judged.

    `numbers` are the positions of `images` on the page. `outcomes` counts all others,
    `pairs` counts their pairs. URLs resolve against `base`, their queries in `encoding`.
    """

    url: str
    base: str | None
    warc_file: str | None
    warc_offset: int | None
    fetched_at: datetime | None
    size: int
    numbers: Sequence[int]
    images: Sequence[RawImage]
    outcomes: Outcomes | None = None
    pairs: int = 0
    encoding: str = UTF_8
