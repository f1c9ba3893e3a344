"""Compare reading archives with the least that reading them takes.

Figures of each step of the development, in CPU time as a multiple of igzip's inflating (1.0,
930 to 1,150 MB/s), over the 1,761 real pages. Other load on the machine adds a fifth or more to
Python's time, and nothing to igzip's:

    msgspec to structs of all links, hashlib and ten lists, row by row    7.0 to 8.0
    a scan for the images, the rest as before                             5.5
    pairs of simple images from the scan's offsets into Arrow's buffers   4.5 to 4.8
    one kernel for both, which decodes escapes and entities too           4.0
    ... without counting references to arrays (see `jit`): scan 1.3 to 0.4  3.25
    bases that are not simple resolved before the kernel, not by image    3.15
    ... this project's inflating 1.15 (isal a member at a time 1.05), framing 0.15
        the kernel: scan 0.42, strings, URLs and columns 0.2
        Python for each of the pages: fields, headers, counters           0.45
        the 900 images left to Python, and pages scanned again for a base 0.2
        ids by hashlib 0.33, the rest of a batch 0.1, other 0.3

These gave nothing: finding all tokens first, 64 bytes at a time as simdjson does (0.28, and 0.13
for the walk: as much as the hops from quote to quote take); copying strings of simple ASCII
without a test of each byte (0.05); several records a call (a call takes 0.5 us). SHA-2 of
sixteen strings side by side, in vectors, gave 2.9: too little for a hash of our own.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urljoin

from fastwarc.warc import ArchiveIterator, WarcRecordType
from isal import igzip
from resiliparse.parse.encoding import detect_encoding
from resiliparse.parse.html import HTMLTree
from selectolax.lexbor import LexborHTMLParser

from benchmarks.inputs import find_input
from benchmarks.timing import median_cpu
from metaclip.config.crawl import ExtractionLimits, ExtractionOptions
from metaclip.crawl.archive.members import Piece, read_pieces
from metaclip.crawl.archive.records import Fault, Record, read_records
from metaclip.crawl.archive.window import Window
from metaclip.crawl.extraction import FileAccount, extract
from metaclip.crawl.page import Page
from metaclip.crawl.pair_batch import PairBatch
from metaclip.crawl.wat.reader import WatReader

Figures = dict[str, Any]

_LIMITS = ExtractionLimits()
_WAT_COPIES, _WAT_ROUNDS, _WARC_ROUNDS = 3, 7, 3


def run() -> Figures:
    """Measure WAT and WARC; print and return the figures."""
    return {"wat": _bench_wat(), "warc": _bench_warc()}


def extract_all(data: bytes) -> FileAccount:
    """Return the account of the file with these bytes, all of whose pairs are dropped."""
    account = FileAccount()
    for _ in extract(io.BytesIO(data), "bench", ExtractionOptions(), account):
        pass
    return account


def _inflate(data: bytes) -> int:
    """Return the bytes that igzip's stream inflates in reads of 1 MB, the fastest way.

    `igzip.decompress` takes two to three times as long, since it is made for few members.
    """
    with igzip.open(io.BytesIO(data)) as stream:  # type: ignore[no-untyped-call]
        return sum(map(len, iter(lambda: stream.read(1 << 20), b"")))


def _pieces(data: bytes) -> Iterator[Piece]:
    return read_pieces(Window(io.BytesIO(data)), _LIMITS.max_resync_bytes)


def _records(data: bytes) -> Iterator[Record | Fault]:
    return read_records(_pieces(data), _LIMITS)


def _drain(items: Iterable[object]) -> None:
    for _ in items:
        pass


def _bench_wat() -> Figures:
    data = find_input("wat").read_bytes() * _WAT_COPIES
    size = _inflate(data)
    account = extract_all(data)
    rivals: dict[str, Callable[[], object]] = {
        "igzip": lambda: _inflate(data),
        "inflate": lambda: _drain(_pieces(data)),
        "+ records": lambda: _drain(_records(data)),
        "+ pages": lambda: _drain(_pages(data)),
        "+ pairs": lambda: extract_all(data),
    }
    seconds = median_cpu(rivals, _WAT_ROUNDS)
    whole, igzip_alone = seconds["+ pairs"], seconds["igzip"]
    ratio = whole / igzip_alone
    _print_input(f"WAT, {_WAT_COPIES} times over", len(data), size, account)
    print(f"    igzip   {igzip_alone:.3f} s, {size / 1e6 / igzip_alone:.0f} MB/s")
    print(f"    extract {whole:.3f} s, {size / 1e6 / whole:.0f} MB/s: igzip x {ratio:.2f}")
    split = _split(seconds)
    for name, taken in split.items():
        share = f"{taken / whole:4.0%}, igzip x {taken / igzip_alone:.2f}"
        print(f"      {name:8} {taken:.3f} s, {share}")
    return {"cpu_s": seconds, "split": split, "ratio": ratio, **_counts(account, size)}


def _pages(data: bytes) -> Iterator[Page | str | None]:
    """Yield pages; the scanner's pairs, without ids, are overwritten."""
    reader = WatReader(ExtractionOptions(), PairBatch())
    for record in _records(data):
        if isinstance(record, Record) and b"metadata" in record.header:
            yield reader.read(record.block)
            reader.batch.plain %= 10_000  # rows of a batch


def _split(seconds: dict[str, float]) -> dict[str, float]:
    """Return the CPU seconds that each step adds to the steps before."""
    steps = ("inflate", "+ records", "+ pages", "+ pairs")
    taken = [seconds[step] for step in steps]
    added = [after - before for before, after in zip([0.0, *taken], taken, strict=False)]
    return {step.removeprefix("+ "): one for step, one in zip(steps, added, strict=True)}


def _print_input(kind: str, compressed: int, size: int, account: FileAccount) -> None:
    print(
        f"  {kind}: {compressed / 1e6:.1f} MB, inflated {size / 1e6:.1f} MB;\n"
        f"    {account.pages:,} pages, {account.images:,} images, {account.pairs:,} pairs"
    )


def _counts(account: FileAccount, size: int) -> Figures:
    return {
        "inflated_bytes": size,
        "pages": account.pages,
        "images": account.images,
        "pairs": account.pairs,
    }


def _bench_warc() -> Figures:
    data = find_input("warc").read_bytes()
    size = _inflate(data)
    rivals: dict[str, Callable[[], object]] = {
        "igzip": lambda: _inflate(data),
        "extract": lambda: extract_all(data),
        "FastWARC alone": lambda: _drain(_bodies(data)),
        "FastWARC + selectolax": lambda: _drain(map(_selectolax_images, _bodies(data))),
        "FastWARC + resiliparse": lambda: _drain(map(_resiliparse_images, _bodies(data))),
    }
    seconds = median_cpu(rivals, _WARC_ROUNDS)
    account = extract_all(data)
    _print_input("WARC", len(data), size, account)
    whole = seconds["extract"]
    for name, taken in seconds.items():
        rate = f"{size / 1e6 / taken:.0f} MB/s"
        print(f"    {name:22} {taken:.3f} s, {rate}; extract takes x {whole / taken:.2f}")
    ratios = {name: whole / taken for name, taken in seconds.items()}
    return {"cpu_s": seconds, "ratios": ratios, **_counts(account, size)}


def _bodies(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (URL, body) of the HTML responses, as a plain loop does."""
    stream, kind = io.BytesIO(data), WarcRecordType.response
    for record in ArchiveIterator(stream, record_types=kind, parse_http=True):
        if "html" in (record.http_content_type or ""):
            yield record.headers.get("WARC-Target-URI") or "", record.reader.read()


def _selectolax_images(page: tuple[str, bytes]) -> list[tuple[str, str]]:
    """Return (URL, alt) of the images of a page."""
    url, body = page
    images = LexborHTMLParser(body).css("img[src][alt]")
    found = [(image.attributes["src"] or "", image.attributes["alt"] or "") for image in images]
    return [(urljoin(url, src), alt) for src, alt in _joinable(found)]


def _resiliparse_images(page: tuple[str, bytes]) -> list[tuple[str, str]]:
    """Return (URL, alt) of the images of a page, whose encoding is detected."""
    url, body = page
    tree: Any = HTMLTree.parse_from_bytes(body, detect_encoding(body) or "utf-8")
    images = tree.document.get_elements_by_tag_name("img")
    found = [(image.getattr("src") or "", image.getattr("alt") or "") for image in images]
    return [(urljoin(url, src), alt) for src, alt in _joinable(found)]


def _joinable(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    # urljoin raises ValueError on "//[".
    return [(src, alt) for src, alt in found if alt.strip() and "[" not in src]
