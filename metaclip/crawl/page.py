"""Declare the page of a crawl and its images, as both readers give them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

TEXT_SOURCES = ("alt", "title", "data-image-title")
UTF_8 = "utf-8"


class RawImage(NamedTuple):
    """An image of a page: attribute values as they are, None if missing."""

    src: str | None
    texts: Sequence[str | None]  # of TEXT_SOURCES
    lazy: bool = False  # src is the value of another attribute


class Fates(NamedTuple):
    """Numbers of images of a page by outcome."""

    kept: int
    no_text: int
    bad_url: int
    not_http: int
    long_url: int


class Page(NamedTuple):
    """One HTML page of a crawl, with those of its `size` images that are not yet judged.

    `numbers` are the positions of `images` on the page. `fates` has the outcomes of all others,
    `pairs` the number of their pairs. URLs resolve against `base`, their queries in `encoding`.
    """

    url: str
    base: str | None
    warc_file: str | None
    warc_offset: int | None
    fetched_at: datetime | None
    size: int
    numbers: Sequence[int]
    images: Sequence[RawImage]
    fates: Fates | None = None
    pairs: int = 0
    encoding: str = UTF_8
