"""What extraction may be asked for, and the bounds it keeps on hostile bytes."""

from __future__ import annotations

import msgspec


class ExtractionLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on one file, record, page and image; sizes in bytes, all inclusive.

    Memory of one task stays near three times `max_record_bytes` plus
    `max_resync_bytes`, whatever the file holds, and the HTML tree of one page.
    """

    #: a record's WARC header block; a longer one is dropped as `bad_header`
    max_header_bytes: int = 256 * 1024
    #: a record's block as stored; a larger one is passed over as `too_large`
    max_record_bytes: int = 32 * 1024 * 1024
    #: a page after content decoding; a larger one is dropped as `too_large`
    max_page_bytes: int = 8 * 1024 * 1024
    #: further images of a page are dropped as `too_many_images`
    max_images_per_page: int = 20_000
    #: UTF-8 bytes of one text; a longer one is no text, and its image `long_text`
    max_text_bytes: int = 64 * 1024
    #: characters of an image URL, resolved; a longer one is dropped as `long_url`
    max_url_bytes: int = 16 * 1024
    #: compressed bytes that stay in memory to look again for members in a damaged one
    max_resync_bytes: int = 16 * 1024 * 1024


class ExtractionOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to extract; the defaults are what the README describes.

    `lazy_images` (WARC only) takes the URL of `data-src`, `data-original`,
    `data-lazy-src` or the first of `srcset` where `src` is a placeholder.
    `opt_outs` drops pages that say `noai`, `noimageai` or `tdm-reservation: 1`.
    """

    lazy_images: bool = False
    opt_outs: bool = False
    limits: ExtractionLimits = ExtractionLimits()
