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
#: the first day of CC-MAIN-2019-26, and the year of its files
_DECODES_SINCE, _DECODES_SINCE_YEAR = b"20190615", b"2019"


class WatWriter:
    """What is known of the program that wrote a WAT: its warcinfo, and the archived file."""

    def __init__(self) -> None:
        self.warcinfo: Record | None = None
        self.leaves: bool | None = None

    def take_warcinfo(self, record: Record) -> None:
        """Note the warcinfo that describes the records after it."""
        self.warcinfo, self.leaves = record, None

    def leaves_entities(self, block: bytes) -> bool:
        """Return True where entities are still to be decoded; `block` is of a WAT record.

        One WAT describes one archived file, so that its first record decides.
        """
        if self.leaves is None:
            self.leaves = not self._decodes(block)
        return self.leaves

    def _decodes(self, block: bytes) -> bool:
        info = self.warcinfo.block if self.warcinfo else b""
        common_crawl = _COMMON_CRAWL.search(info) is not None
        if _SOFTWARE.search(info) and not common_crawl:
            return False
        named = _CRAWL_DATE.search(self.warcinfo.header if self.warcinfo else b"")
        named = named or _CRAWL_DATE.search(block)
        if named:
            return named[1] >= _DECODES_SINCE
        year = _EXTRACTED.search(info)
        return common_crawl and (year is None or year[1] > _DECODES_SINCE_YEAR)
