"""Reading archives against the least that reading them takes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

from fastwarc.warc import ArchiveIterator, WarcRecordType
from isal import igzip
from resiliparse.parse.encoding import detect_encoding
from resiliparse.parse.html import HTMLTree
from selectolax.lexbor import LexborHTMLParser

from metaclip.crawl.extraction import FileAccount, extract
from metaclip.crawl.images import Page, page_base, texts_of, url_of
from metaclip.crawl.limits import ExtractionLimits, ExtractionOptions
from metaclip.crawl.members import Window, read_pieces
from metaclip.crawl.pairs import PairBatch
from metaclip.crawl.records import Record, read_records
from metaclip.crawl.wat import read_wat
from tests.bench.inputs import find_input
from tests.bench.timing import median_cpu

Figures = dict[str, Any]

_LIMITS = ExtractionLimits()
_WAT_ROUNDS, _WARC_ROUNDS = 7, 3


def run() -> Figures:
    """Measure WAT and WARC; print them."""
    return {"wat": _bench_wat(), "warc": _bench_warc()}


def extract_all(data: bytes) -> FileAccount:
    account = FileAccount()
    for _ in extract(io.BytesIO(data), "bench", ExtractionOptions(), account):
        pass
    return account


def _inflate(data: bytes) -> bytes:
    return igzip.decompress(data)  # type: ignore[no-untyped-call,no-any-return]


def _pieces(data: bytes) -> Any:
    return read_pieces(Window(io.BytesIO(data)), _LIMITS.max_resync_bytes)


def _records(data: bytes) -> Any:
    return read_records(_pieces(data), _LIMITS)


def _drain(items: Any) -> None:
    for _ in items:
        pass


def _bench_wat() -> Figures:
    data = find_input("wat").read_bytes()
    size = len(_inflate(data))
    records = [record for record in _records(data) if isinstance(record, Record)]
    blocks = [record.block for record in records if b"metadata" in record.header]
    pages = [page for page in map(read_wat, blocks) if isinstance(page, Page)]
    rivals: dict[str, Callable[[], object]] = {
        "igzip": lambda: _inflate(data),
        "extract": lambda: extract_all(data),
        "inflate": lambda: _drain(_pieces(data)),
        "inflate + records": lambda: _drain(_records(data)),
        "json": lambda: _drain(map(read_wat, blocks)),
        "pairs": lambda: _make_pairs(pages),
    }
    seconds = median_cpu(rivals, _WAT_ROUNDS)
    account = extract_all(data)
    print(
        f"  WAT: {len(data) / 1e6:.1f} MB, inflated {size / 1e6:.1f} MB; {account.pages:,} pages,"
    )
    print(f"    {account.images:,} images, {account.pairs:,} pairs")
    whole, split = seconds["extract"], _split(seconds)
    print(f"    igzip   {seconds['igzip']:.3f} s, {size / 1e6 / seconds['igzip']:.0f} MB/s")
    ratio = whole / seconds["igzip"]
    alone = whole / split["inflate"]
    rate = f"{size / 1e6 / whole:.0f} MB/s"
    print(f"    extract {whole:.3f} s, {rate}: igzip x {ratio:.2f}, own inflating x {alone:.2f}")
    for name, taken in split.items():
        print(f"      {name:10} {taken:.3f} s, {taken / whole:5.0%}")
    return {"cpu_s": seconds, "split": split, "ratio": ratio, **_counts(account, size)}


def _split(seconds: dict[str, float]) -> dict[str, float]:
    """The steps, each measured alone, and what they leave of the whole."""
    split = {
        "inflate": seconds["inflate"],
        "records": seconds["inflate + records"] - seconds["inflate"],
        "json": seconds["json"],
        "pairs": seconds["pairs"],
    }
    return {**split, "rest": seconds["extract"] - sum(split.values())}


def _print_input(kind: str, compressed: int, size: int, account: FileAccount) -> None:
    print(
        f"  {kind}: {compressed / 1e6:.1f} MB, inflated {size / 1e6:.1f} MB; "
        f"{account.pages:,} pages, {account.images:,} images, {account.pairs:,} pairs"
    )


def _counts(account: FileAccount, size: int) -> Figures:
    return {
        "inflated_bytes": size,
        "pages": account.pages,
        "images": account.images,
        "pairs": account.pairs,
    }


def _make_pairs(pages: list[Page]) -> None:
    """Texts, URLs, ids and the Arrow batch of pages, as `extract` makes them."""
    batch = PairBatch()
    for page in pages:
        base = page_base(page.url, page.base)
        for image in page.images:
            texts, reason = texts_of(image, _LIMITS)
            if not reason:
                url, reason = url_of(image.src, base, _LIMITS)
                if not reason:
                    batch.add(page, url, texts)
    batch.take()


def _bench_warc() -> Figures:
    data = find_input("warc").read_bytes()
    size = len(_inflate(data))
    rivals: dict[str, Callable[[], object]] = {
        "igzip": lambda: _inflate(data),
        "extract": lambda: extract_all(data),
        "FastWARC alone": lambda: _drain(_bodies(data)),
        "FastWARC + selectolax": lambda: _drain(map(_selectolax_images, _bodies(data))),
        "FastWARC + resiliparse": lambda: _drain(map(_resiliparse_images, _bodies(data))),
    }
    seconds = median_cpu(rivals, _WARC_ROUNDS)
    account = extract_all(data)
    print(
        f"  WARC: {len(data) / 1e6:.1f} MB, inflated {size / 1e6:.1f} MB; {account.pages:,} pages,"
    )
    print(f"    {account.images:,} images, {account.pairs:,} pairs")
    whole = seconds["extract"]
    for name, taken in seconds.items():
        rate = f"{size / 1e6 / taken:.0f} MB/s"
        print(f"    {name:22} {taken:.3f} s, {rate}; extract takes x {whole / taken:.2f}")
    ratios = {name: whole / taken for name, taken in seconds.items()}
    return {"cpu_s": seconds, "ratios": ratios, **_counts(account, size)}


def _bodies(data: bytes) -> Any:
    """(URL, body) of the HTML responses, as a plain loop takes them."""
    stream, kind = io.BytesIO(data), WarcRecordType.response
    for record in ArchiveIterator(stream, record_types=kind, parse_http=True):
        if "html" in (record.http_content_type or ""):
            yield record.headers.get("WARC-Target-URI"), record.reader.read()


def _selectolax_images(page: tuple[str, bytes]) -> list[tuple[str, str]]:
    """(URL, alt) of the images of a page."""
    url, body = page
    images = LexborHTMLParser(body).css("img[src][alt]")
    found = [(image.attributes["src"] or "", image.attributes["alt"] or "") for image in images]
    return [(urljoin(url, src), alt) for src, alt in _joinable(found)]


def _resiliparse_images(page: tuple[str, bytes]) -> list[tuple[str, str]]:
    """(URL, alt) of the images of a page, its encoding detected."""
    url, body = page
    tree: Any = HTMLTree.parse_from_bytes(body, detect_encoding(body) or "utf-8")
    images = tree.document.get_elements_by_tag_name("img")
    found = [(image.getattr("src") or "", image.getattr("alt") or "") for image in images]
    return [(urljoin(url, src), alt) for src, alt in _joinable(found)]


def _joinable(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    # urljoin raises on "//[": a plain loop would guard or fail there.
    return [(src, alt) for src, alt in found if alt.strip() and "[" not in src]
