"""Declare what the scanner and Python exchange about a WAT record, each order and index once.

The record is an array of int64, since kernels pass it on without counting references. Each
field below has its index; a field of several numbers begins there.
"""

from __future__ import annotations

from typing import NamedTuple

TEXT_SOURCES = ("alt", "title", "data-image-title")
"""The attributes that hold texts of an image, in the order of its pairs."""
KEYS_PER_IMAGE = len(TEXT_SOURCES)
"""Sort keys that each image of a page has: one for each of its texts."""


class Outcomes(NamedTuple):
    """Number of images by outcome: kept, or the reason of the drop."""

    kept: int
    no_text: int
    bad_url: int
    not_http: int
    long_url: int


KEPT, NO_TEXT, BAD_URL, NOT_HTTP, LONG_URL = range(len(Outcomes._fields))
NEEDS_PYTHON = len(Outcomes._fields)
"""Outcome of an image whose strings or URL are not simple: Python decides about it."""


class Limits(NamedTuple):
    """Bounds of a record; the last one tells whether complete entities are decoded."""

    text_bytes: int
    url_bytes: int
    images: int
    entities: int


# Strings of a record. URL and texts are adjacent, the texts in the order of TEXT_SOURCES.
NOTHING, PATH, URL, ALT, TITLE, IMAGE_TITLE = range(6)
BASE, PAGE_URL, DATE, FILENAME, OFFSET, STRING_KINDS = range(6, 12)
# Objects, and the array of links, that hold them.
RECORD, CONTAINER, ENVELOPE, HEADER, PAYLOAD, HTTP, HTML, HEAD, LINKS, KINDS = range(
    STRING_KINDS, STRING_KINDS + 10
)

STRINGS = 0
"""Start and end offset of each kind of string, -1 for none."""
MET = STRINGS + 2 * STRING_KINDS
"""1 for each kind of object that was met."""
IMAGES = MET + KINDS
"""Number of images."""
ROWS = IMAGES + 1
"""Number of images with text: rows of the array `rows`."""
BYTES = ROWS + 1
"""Bytes of all strings in these rows."""
PREFIX = BYTES + 1
"""Start of the base, then the bytes that each form of relative URL lacks (0 for no base)."""
NO_BASE = PREFIX + 5
"""1 where relative URLs have no base at all."""
OUTCOMES = NO_BASE + 1
"""Number of images by outcome, those that need Python last."""
ROOM_ROWS = OUTCOMES + NEEDS_PYTHON + 1
"""Rows that the pairs may take."""
ROOM_URL_BYTES = ROOM_ROWS + 1
"""Bytes that their URLs may take."""
ROOM_TEXT_BYTES = ROOM_URL_BYTES + 1
"""Bytes that their texts may take."""
FIRST_KEY = ROOM_TEXT_BYTES + 1
"""Sort key of the page's first row."""
SIZE = FIRST_KEY + 1
"""Length of the record."""

ROW_NUMBER = 0
"""Column of `rows` with the image's position on the page."""
ROW_URL = 1
"""Column with the start of its URL, then the end (-1 for none)."""
ROW_TEXTS = ROW_URL + 2
"""Column with start and end of each text (-1 for none), in the order of TEXT_SOURCES."""
ROW = ROW_TEXTS + 2 * len(TEXT_SOURCES)
"""Columns of `rows`."""
