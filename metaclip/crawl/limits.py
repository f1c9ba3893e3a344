"""Bounds on what one file, record or page may cost."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

Positive = Annotated[int, Meta(ge=1)]


class ExtractionLimits(Struct, frozen=True, forbid_unknown_fields=True):
    """`crawl.limits`: what is above a bound is dropped, with a reason, and counted.

    max_record_bytes: of a record, and of a page once decoded (`too_long`).
    max_images_per_page: further images of a page (`too_many_images`).
    max_text_bytes, max_url_bytes: of one text or URL in UTF-8 (`text_too_long`,
        `url_too_long`).
    """

    max_record_bytes: Positive = 64 << 20
    max_images_per_page: Positive = 20_000
    max_text_bytes: Positive = 1 << 16
    max_url_bytes: Positive = 1 << 14
