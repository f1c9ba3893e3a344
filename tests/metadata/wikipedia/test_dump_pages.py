"""Pages of dumps: the same as an XML tree has, and no dump that is silently cut."""

from __future__ import annotations

import bz2
import io
from collections.abc import Iterable

import pytest

from metaclip.metadata.wikipedia.dump_pages import (
    BrokenDumpError,
    Page,
    read_blocks,
    read_namespaces,
    read_pages,
)
from tests.helpers.dumps import FOOTER, HEADER, dump, multistream, page, slow_pages
from tests.helpers.runner import ROOT

DUMPS = sorted((ROOT / "tests" / "data" / "wikipedia").glob("*pages-articles*.bz2"))
PAGES = [
    page(1, "one & <two> ''three''"),
    page(2, "", redirect="Page 1"),
    page(3, "a file", "Datei:x.png", 6),
    page(4, "four " * 50_000),
    page(5, ""),
]


def pages(data: bytes, limit: int = 10**9) -> list[Page]:
    return list(read_pages(read_blocks(io.BytesIO(data)), limit))


@pytest.mark.parametrize("file", DUMPS, ids=lambda file: file.name[:6])
def test_real_dumps_have_the_pages_that_an_xml_tree_has(file: object) -> None:
    data = file.read_bytes()  # type: ignore[attr-defined]
    found = pages(data)
    assert [tuple(one) for one in found] == slow_pages(data)
    assert len(found) > 2


def test_made_dumps_have_the_pages_that_an_xml_tree_has() -> None:
    assert [tuple(one) for one in pages(dump(PAGES))] == slow_pages(dump(PAGES))


@pytest.mark.parametrize("per_stream", [1, 2, 5])
def test_streams_of_a_multistream_dump_follow_each_other(per_stream: int) -> None:
    assert pages(multistream(PAGES, per_stream)[0]) == pages(dump(PAGES))


def test_a_text_above_the_bound_is_none_and_the_next_one_is_read() -> None:
    found = pages(dump(PAGES), 1000)
    assert [one.page_id for one in found if one.text is None] == [4]
    assert [one.text for one in found if one.page_id in (1, 5)] == ["one & <two> ''three''", ""]


def test_names_of_namespaces_are_the_headers() -> None:
    names = read_namespaces(read_blocks(io.BytesIO(dump(PAGES))))
    assert names == {"-1": "Special", "6": "Datei", "10": "Vorlage", "14": "Kategorie"}


def bomb() -> bytes:
    doctype = '<!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    return bz2.compress((doctype + HEADER + page(1, "x") + FOOTER).encode())


def flipped(data: bytes) -> bytes:
    return (
        data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 0xFF]) + data[len(data) // 2 + 1 :]
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (dump(PAGES)[:-40], "bzip2 that ends within a stream"),
        (bz2.compress((HEADER + page(1, "x")).encode()), "XML that ends early"),
        (multistream(PAGES, 2)[0][:-44], "ends"),
        (flipped(dump(PAGES)), "damaged bzip2"),
        (dump(PAGES) + b"rubbish", "begin no bzip2 stream"),
        (b"<mediawiki></mediawiki>", "begin no bzip2 stream"),
        (bomb(), "document type"),
        (bz2.compress(b"<html><body/></html>"), "the root html"),
        (bz2.compress(b"<mediawiki><page><title>x</title></page></mediawiki>"), "without id"),
        (b"", "XML that ends early"),
    ],
)
def test_a_broken_dump_is_told(data: bytes, reason: str) -> None:
    with pytest.raises(BrokenDumpError, match=reason):
        pages(data)


@pytest.mark.parametrize("data", [b"", bz2.compress(b"<mediawiki>"), bz2.compress(b"text")])
def test_a_dump_without_a_header_is_told(data: bytes) -> None:
    with pytest.raises(BrokenDumpError):
        read_namespaces(read_blocks(io.BytesIO(data)))


def test_a_range_reads_no_byte_after_its_end() -> None:
    data = multistream(PAGES, 2)[0]
    first = len(bz2.compress(HEADER.encode()))
    stream = io.BytesIO(data)
    assert joined(read_blocks(stream, first)) == HEADER.encode()
    assert stream.tell() == first


def joined(blocks: Iterable[bytes]) -> bytes:
    return b"".join(blocks)
