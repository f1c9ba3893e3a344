"""Declare the settings of crawl files and pools: listing, requests, extraction, import."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Meta, Struct

from metaclip.config.types import Name, Share


class RequestSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`crawl.requests`: requests for remote files; times in seconds."""

    concurrent: Annotated[int, Meta(ge=1)] = 16
    """Requests at one time, over the whole application."""
    retries: Annotated[int, Meta(ge=0)] = 8
    """Further requests after a failed one, until one brings the file on by 1 MiB."""
    timeout: Annotated[float, Meta(gt=0)] = 60.0
    """A request without a byte (or a connection) for so long has failed."""
    wait: Annotated[float, Meta(ge=0)] = 1.0
    """The wait before the first retry; it doubles with each."""
    max_wait: Annotated[float, Meta(ge=0)] = 120.0
    """The longest wait; a server that asks for a longer one gets no further request."""


class ExtractionLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """`crawl.extraction.limits`: bounds on one file, record, page and image.

    Sizes are in bytes, all inclusive. Memory of one task stays near three times
    `max_record_bytes` plus `max_resync_bytes`, whatever the file holds, and the HTML tree of
    one page.
    """

    max_header_bytes: int = 256 * 1024
    """A WARC header block; a longer one is dropped as `bad_header`."""
    max_record_bytes: int = 32 * 1024 * 1024
    """A record's block as stored; a larger one is dropped as `too_large`."""
    max_page_bytes: int = 8 * 1024 * 1024
    """A page after content decoding; a larger one is dropped as `too_large`."""
    max_images_per_page: int = 20_000
    """Images of one page; further ones are dropped as `too_many_images`."""
    max_text_bytes: int = 64 * 1024
    """UTF-8 bytes of one text; an image with longer texts alone is dropped as `long_text`."""
    max_url_bytes: int = 16 * 1024
    """Characters of a resolved image URL; a longer one is dropped as `long_url`."""
    max_resync_bytes: int = 16 * 1024 * 1024
    """Compressed bytes kept in memory to search for members inside a damaged one."""


class ExtractionOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """`crawl.extraction`: the pages and images that give pairs.

    `lazy_images` (WARC only) takes the URL that a script would put into `src`, or the best
    of `srcset` where `src` is a placeholder. `opt_outs` drops pages with `noai`, `noimageai`
    or `tdm-reservation: 1`. `status` drops pages of another HTTP status.
    """

    lazy_images: bool = False
    opt_outs: bool = False
    status: Annotated[int, Meta(ge=100, le=599)] | None = None
    limits: ExtractionLimits = ExtractionLimits()


class CrawlSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`crawl`: the files to read, and the crawl that their pairs belong to."""

    name: Name = "local"
    files: str | list[str] = []
    prefix: str = ""
    kind: Literal["wat", "warc"] | None = None
    base: str = "https://data.commoncrawl.org/"
    limit: Annotated[int, Meta(ge=1)] | None = None
    retry: Literal["failed"] | None = None
    min_coverage: Share = 1.0
    batch_files: Annotated[int, Meta(ge=1)] = 1000
    requests: RequestSettings = RequestSettings()
    extraction: ExtractionOptions = ExtractionOptions()

    def __post_init__(self) -> None:
        if self.kind is None:
            return
        if self.files:
            raise ValueError("kind: expected to be null where crawl.files is set, found both")
        if not re.fullmatch(r"CC-MAIN-\d{4}-\d{2}", self.name):
            raise ValueError(
                "kind: expected crawl.name to be a snapshot such as CC-MAIN-2024-22, "
                f"found {self.name}"
            )


class ImportSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`import`: the reading of a pool of pairs."""

    where: str | None = None
