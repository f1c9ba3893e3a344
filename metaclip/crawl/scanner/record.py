"""Declare the record that the scanner fills for each WAT record, and the outcomes of images.

The record is an array of int64, since kernels pass it on without counting references. Each
field below has its offset; a field of several numbers starts there.
"""

from __future__ import annotations

from typing import NamedTuple

TEXT_SOURCES = ("alt", "title", "data-image-title")
"""The attributes that hold texts of an image, in the order of its pairs."""


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

# Values of a record. Strings: their start and end are noted.
NOTHING, PATH, URL, ALT = range(4)
TITLE, IMAGE_TITLE = ALT + 1, ALT + 2
BASE, PAGE_URL, DATE, FILENAME, OFFSET, STRING_KINDS = range(6, 12)
# Objects and the array that hold them.
RECORD, CONTAINER, ENVELOPE, HEADER, PAYLOAD, HTTP, HTML, HEAD, LINKS, KINDS = range(
    STRING_KINDS, STRING_KINDS + 10
)

STRINGS = 0
"""Start and end of each kind of string, -1 for none."""
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
ROOM = OUTCOMES + NEEDS_PYTHON + 1
"""Rows, URL bytes and text bytes that the pairs may take."""
FIRST_KEY = ROOM + 3
"""Sort key of the page's first row."""
SIZE = FIRST_KEY + 1
"""Length of the record."""

ROW = 9
"""Columns of `rows`: number on the page, then start and end of URL and texts (-1 for none)."""
