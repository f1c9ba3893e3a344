"""The account of one file: what was read, what was kept, and why the rest was not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class FileAccount:
    """Counts of one file.

    Records = pages + others + the sum of dropped_records; images = images_kept + the sum
    of dropped_images. `others` are records that are no pages by their nature (warcinfo,
    request, an image's response). `bytes` are those of the file as it lies.
    """

    status: str = "failed"
    bytes: int = 0
    records: int = 0
    others: int = 0
    pages: int = 0
    images: int = 0
    images_kept: int = 0
    pairs: int = 0
    dropped_records: Counter[str] = field(default_factory=Counter)
    dropped_images: Counter[str] = field(default_factory=Counter)
    error: str | None = None
    truncated: bool = False
    dropped_bytes: bool = False

    def fail(self, status: str, error: str) -> None:
        """Set what went wrong, unless something worse was said before."""
        if self.error is None:
            self.status, self.error = status, error

    def close(self) -> None:
        """Settle the status once the file was read to its end."""
        if self.error is not None:
            return
        if self.bytes == 0:
            self.fail("failed", "empty")
        elif self.records == 0:
            self.fail("failed", "not_an_archive")
        elif self.pages == 0:
            self.fail("failed", "no_pages")
        elif self.truncated:
            self.fail("partial", "truncated")
        elif self.dropped_bytes:
            self.fail("partial", "damaged")
        else:
            self.status = "done"
