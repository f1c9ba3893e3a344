"""Extract the pairs of one archive file, WAT or WARC, and account for all of its bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

import pyarrow as pa

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.account import FileAccount
from metaclip.crawl.archive.fields import field_of
from metaclip.crawl.archive.members import is_compressed, read_pieces
from metaclip.crawl.archive.records import Fault, Record, read_records
from metaclip.crawl.archive.window import Window
from metaclip.crawl.images import texts_of, url_of
from metaclip.crawl.page import Page, RawImage
from metaclip.crawl.pair_batch import PairBatch
from metaclip.crawl.scanner.record import Outcomes
from metaclip.crawl.warc.reader import WarcReader
from metaclip.crawl.wat.reader import WatReader

__all__ = ["FileAccount", "extract"]

_REASONS = Outcomes._fields[1:]
"""Why images are dropped, in the order of `Outcomes` behind `kept`."""


def extract(
    stream: BinaryIO,
    path: str,
    options: ExtractionOptions,
    account: FileAccount,
    batch_rows: int = 10_000,
) -> Iterator[pa.RecordBatch]:
    """Yield batches of `PAIR_SCHEMA`, of about `batch_rows` rows; fill `account` meanwhile.

    `stream` is read forward once. `path` names the file in the pairs of a WARC; those of
    a WAT name the WARC that it describes. Kind and compression are known from the bytes.

    Raises:
        OSError: reading the stream failed; all pairs before that have been given.
    """
    window = Window(stream)
    run = _Run(path, options, account)
    broken: OSError | None = None
    records = read_records(read_pieces(window, options.limits.max_resync_bytes), options.limits)
    while True:
        try:
            record = next(records, None)
        except OSError as error:
            broken, record = error, None
        account.bytes = window.end
        if record is None:
            break
        if isinstance(record, Fault):
            run.fault = run.fault or record
        else:
            run.take(record)
        if len(run.batch) >= batch_rows:
            yield run.batch.take()
    run.finish(head=window.head)
    if len(run.batch):
        yield run.batch.take()
    if broken is not None:
        raise broken


class _Run:
    """The state of reading one file."""

    def __init__(self, path: str, options: ExtractionOptions, account: FileAccount) -> None:
        self.limits, self.account = options.limits, account
        self.batch = PairBatch()
        self.wat = WatReader(options, self.batch)
        self.warc = WarcReader(options, PurePosixPath(path).name)
        self.fault: Fault | None = None
        self.warcinfos = 0
        self.responses = 0
        self.wats = 0
        self.read_any = False

    def take(self, record: Record) -> None:
        """Account for one record; its page, if it has one, goes into the batch."""
        self.read_any = self.read_any or bool(record.header)
        if record.defect:
            self.account.drop_record(record.defect)
            return
        kind = (field_of(record.header, b"WARC-Type") or "").lower()
        if kind == "warcinfo":
            self.warcinfos += 1
            self.wat.take_warcinfo(record)
            return
        result = self._page(record, kind)
        if isinstance(result, str):
            self.account.drop_record(result)
            return
        self.account.records += 1
        if result is None:
            self.account.others += 1
        else:
            self.account.pages += 1
            self._take_page(result)

    def _page(self, record: Record, kind: str) -> Page | str | None:
        """Return the page, None if the record is no page, or the reason to drop it."""
        if kind == "metadata" and _is_json(record.header):
            self.wats += 1
            return self.wat.read(record.block)
        self.responses += 1
        page = self.warc.read(record, kind)
        if isinstance(page, Page):
            self.batch.start_page()
            self.batch.describe_page(page)
        return page

    def _take_page(self, page: Page) -> None:
        self.account.images += page.size
        if page.outcomes:
            self.account.images_kept += page.outcomes.kept
            self.account.pairs += page.pairs
            for reason, number in zip(_REASONS, page.outcomes[1:], strict=True):
                if number:
                    self.account.drop_images(reason, number)
        for number, image in zip(page.numbers, page.images, strict=True):
            if number >= self.limits.max_images_per_page:
                self.account.drop_images("too_many_images", page.size - number)
                break
            self._take_image(page, number, image)

    def _take_image(self, page: Page, number: int, image: RawImage) -> None:
        texts, reason = texts_of(image, self.limits)
        url = ""
        if not reason:
            url, reason = url_of(image, page.base, self.limits, page.encoding)
        if reason:
            self.account.drop_images(reason)
            return
        self.account.images_kept += 1
        self.account.lazy_images += image.lazy
        self.account.pairs += len(texts)
        self.batch.add(number, url, texts)

    def finish(self, head: bytes) -> None:
        """Set status and error; a WAT's own warcinfo records are not counted."""
        account = self.account
        if not self.wats or self.responses:
            account.records += self.warcinfos
            account.others += self.warcinfos
        fault = f"{self.fault.kind} at byte {self.fault.offset}" if self.fault else None
        if account.bytes == 0:
            account.status, account.error = "failed", "empty"
        elif not self.read_any:
            cut = self.fault and self.fault.kind == "truncated" and is_compressed(head)
            account.status, account.error = "failed", fault if cut else "not_an_archive"
        elif account.pages == 0:
            account.status, account.error = "failed", fault or "no_pages"
        else:
            account.status, account.error = "partial" if fault else "done", fault


def _is_json(header: bytes) -> bool:
    return "json" in (field_of(header, b"Content-Type") or "").lower()
