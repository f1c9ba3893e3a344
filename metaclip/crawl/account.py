"""Count what a crawl file gave, by outcome."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FileAccount:
    """Outcomes of one file; final once `extract` is exhausted.

    records = pages + others + sum(dropped_records);
    images = images_kept + sum(dropped_images). `bytes` are compressed ones. A WAT's records
    are its `metadata` records, one for each record of its WARC; a WARC's are all of its
    records, so both count alike. `lazy_images` of the kept images have their URL from another
    attribute than `src` (0 unless asked for).
    """

    status: str = "failed"
    bytes: int = 0
    records: int = 0
    others: int = 0
    pages: int = 0
    images: int = 0
    images_kept: int = 0
    pairs: int = 0
    lazy_images: int = 0
    dropped_records: dict[str, int] = field(default_factory=dict)
    dropped_images: dict[str, int] = field(default_factory=dict)
    error: str | None = None

    def drop_record(self, reason: str) -> None:
        """Count a record that is dropped."""
        self.records += 1
        self.dropped_records[reason] = self.dropped_records.get(reason, 0) + 1

    def drop_images(self, reason: str, number: int = 1) -> None:
        """Count images that are dropped, at least one."""
        self.dropped_images[reason] = self.dropped_images.get(reason, 0) + number
