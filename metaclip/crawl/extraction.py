"""One archive file, WAT or WARC, to pairs and the account of what became of its bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import BinaryIO

import pyarrow as pa

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.archive.members import Window, read_pieces
from metaclip.crawl.archive.records import Fault, Record, read_records
from metaclip.crawl.images import Page, parse_date, texts_of, url_of
from metaclip.crawl.opt_out import says_no
from metaclip.crawl.pair_batch import PairBatch
from metaclip.crawl.scanner.record import Outcomes
from metaclip.crawl.urls import page_base
from metaclip.crawl.warc.html import is_tag_bomb, read_html
from metaclip.crawl.warc.response import (
    BadPayloadError,
    decode_body,
    decode_text,
    is_html,
    read_response,
)
from metaclip.crawl.wat.reader import WatReader


@dataclass
class FileAccount:
    """What became of one file; final once `extract` is exhausted.

    records = pages + others + sum(dropped_records);
    images = images_kept + sum(dropped_images). `bytes` are compressed ones. A WAT's
    records are its `metadata` records, one per record of the WARC it was made from; a
    WARC's are all of its records, so both count alike. `lazy_images` of the kept images
    have their URL from another attribute than `src` (0 unless asked for).
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


def extract(
    stream: BinaryIO,
    path: str,
    options: ExtractionOptions,
    account: FileAccount,
    batch_rows: int = 10_000,
) -> Iterator[pa.RecordBatch]:
    """Batches of `PAIR_SCHEMA`, of about `batch_rows` rows; fills `account` meanwhile.

    `stream` is read forward once. `path` names the file in the pairs of a WARC; in those
    of a WAT stands the WARC that it is about. Whether it is WAT or WARC, gzipped or not,
    its bytes say. Raises only what reading the stream raises (OSError), and that after all
    pairs of what came before.
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
        self.file = PurePosixPath(path).name
        self.options, self.limits, self.account = options, options.limits, account
        self.batch = PairBatch()
        self.wat = WatReader(options, self.batch)
        self.fault: Fault | None = None
        self.warcinfos = 0
        self.responses = 0
        self.wats = 0
        self.read_any = False

    def take(self, record: Record) -> None:
        """Account for one record; its page, if it has one, goes into the batch."""
        self.read_any = self.read_any or bool(record.header)
        if record.defect:
            self._drop_record(record.defect)
            return
        kind = (_header(record.header, b"warc-type") or "").lower()
        if kind == "warcinfo":
            self.warcinfos += 1
            return
        result = self._page(record, kind)
        self.account.records += 1
        if result is None:
            self.account.others += 1
        elif isinstance(result, str):
            self.account.records -= 1
            self._drop_record(result)
        else:
            self.account.pages += 1
            self._take_page(result)

    def _page(self, record: Record, kind: str) -> Page | str | None:
        """The page, None if the record is no page, or the reason to drop it."""
        if kind == "metadata" and _is_json(record.header):
            self.wats += 1
            return self.wat.read(record.block)
        self.responses += 1
        if kind != "response":
            return None
        try:
            return self._warc_page(record)
        except BadPayloadError as error:
            return str(error)

    def _warc_page(self, record: Record) -> Page | str | None:
        url = (_header(record.header, b"warc-target-uri") or "").strip("<>")
        if not url.lower().startswith("http"):
            return None  # dns:, whois:, ftp:
        response = read_response(record.block)
        if not is_html(response):
            return None
        body = decode_body(response, self.limits.max_page_bytes)
        text = decode_text(body, response.get("content-type"))
        if is_tag_bomb(text):
            return "too_many_attributes"
        opt_outs = self.options.opt_outs
        html = read_html(text, lazy_images=self.options.lazy_images, metas=opt_outs)
        if opt_outs and any(says_no(*one) for one in response.fields + html.metas):
            return "opt_out"
        date = parse_date(_header(record.header, b"warc-date"))
        base, count = page_base(url, html.base), len(html.images)
        images = range(count), html.images
        page = Page(url, base, self.file, record.offset, date, count, *images)
        self.batch.start_page()
        self.batch.describe_page(page)
        return page

    def _take_page(self, page: Page) -> None:
        self.account.images += page.size
        if page.outcomes:
            kept, *dropped = page.outcomes
            self.account.images_kept += kept
            self.account.pairs += page.pairs
            for reason, number in zip(Outcomes._fields[1:], dropped, strict=True):
                if number:
                    self._drop_images(reason, number)
        for number, image in zip(page.numbers, page.images, strict=True):
            if number >= self.limits.max_images_per_page:
                self._drop_images("too_many_images", page.size - number)
                break
            texts, reason = texts_of(image, self.limits)
            url = ""
            if not reason:
                url, reason = url_of(image, page.base, self.limits)
            if reason:
                self._drop_images(reason, 1)
            else:
                self.account.images_kept += 1
                self.account.lazy_images += image.lazy
                self.account.pairs += len(texts)
                self.batch.add(number, url, texts)

    def _drop_record(self, reason: str) -> None:
        self.account.records += 1
        counts = self.account.dropped_records
        counts[reason] = counts.get(reason, 0) + 1

    def _drop_images(self, reason: str, number: int) -> None:
        counts = self.account.dropped_images
        counts[reason] = counts.get(reason, 0) + number

    def finish(self, head: bytes) -> None:
        """Status and error; a WAT's own warcinfo records are not counted."""
        account = self.account
        if not self.wats or self.responses:
            account.records += self.warcinfos
            account.others += self.warcinfos
        fault = f"{self.fault.kind} at byte {self.fault.offset}" if self.fault else None
        if account.bytes == 0:
            account.status, account.error = "failed", "empty"
        elif not self.read_any:
            cut = self.fault and self.fault.kind == "truncated" and head[:2] == b"\x1f\x8b"
            account.status, account.error = "failed", fault if cut else "not_an_archive"
        elif account.pages == 0:
            account.status, account.error = "failed", fault or "no_pages"
        else:
            account.status, account.error = "partial" if fault else "done", fault


def _header(header: bytes, name: bytes) -> str | None:
    """The first value of a WARC header field; names in any case."""
    pattern = _PATTERNS.get(name) or _PATTERNS.setdefault(name, _field_pattern(name))
    found = pattern.search(header)
    return found[1].decode("utf-8", "replace").strip() if found else None


def _field_pattern(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?i)\n" + re.escape(name) + rb"[ \t]*:([^\r\n]*)")


_PATTERNS: dict[bytes, re.Pattern[bytes]] = {}


def _is_json(header: bytes) -> bool:
    return "json" in (_header(header, b"content-type") or "").lower()
