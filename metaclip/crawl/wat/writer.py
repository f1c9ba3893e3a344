"""Tell from a WAT's writer whether its texts and URLs still have their HTML entities.

Common Crawl's extractor decodes them since CC-MAIN-2019-26 (commoncrawl/ia-web-commons 14);
that of the IIPC, and older ones, leave them as they are in the page.
"""

from __future__ import annotations

import re

from metaclip.crawl.archive.records import Record

# Each release of Common Crawl's extractor has this number; the IIPC's are 1.1.x before 2016
# under `software`, and 3.x.
_COMMON_CRAWL = re.compile(rb"(?i)(?:\A|\n)software-info:[ \t]*ia-web-commons\.1\.1\b")
_SOFTWARE = re.compile(rb"(?i)(?:\A|\n)software(?:-info)?:[ \t]*\S")
_CRAWL_DATE = re.compile(rb"CC-MAIN-(\d{8})\d{6}-")
_EXTRACTED = re.compile(rb"(?i)\nextracted-date:[^\r\n]*?\b(\d{4})\b")
# The container's name comes first, or last.
_NAME_BYTES = 1024
_DECODES_SINCE, _DECODES_SINCE_YEAR = b"20190615", b"2019"
"""The first day of CC-MAIN-2019-26, and the year of its files."""


class WatWriter:
    """The program that wrote a WAT, by its warcinfo, or by the archived file of each record."""

    def __init__(self) -> None:
        self.leaves: bool | None = None  # None: no warcinfo tells

    def take_warcinfo(self, record: Record) -> None:
        """Note the warcinfo that describes the records after it."""
        self.leaves = _leaves_entities(record.header, record.block)

    def leaves_entities(self, block: bytes) -> bool:
        """Return True where entities are still to be decoded; `block` is of a WAT record."""
        if self.leaves is not None:
            return self.leaves
        named = _CRAWL_DATE.search(block, 0, _NAME_BYTES) or _CRAWL_DATE.search(
            block, max(0, len(block) - _NAME_BYTES)
        )
        return named is None or named[1] < _DECODES_SINCE


def _leaves_entities(header: bytes, info: bytes) -> bool | None:
    """Return the answer of a warcinfo, None where it does not name the program."""
    if not _COMMON_CRAWL.search(info):
        return True if _SOFTWARE.search(info) else None
    named, year = _CRAWL_DATE.search(header), _EXTRACTED.search(info)
    if named:
        return named[1] < _DECODES_SINCE
    return year is not None and year[1] < _DECODES_SINCE_YEAR
