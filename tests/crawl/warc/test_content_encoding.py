"""Codings of bodies: every order and number, absent ones, cut ones, and bombs."""

from __future__ import annotations

import gzip
import itertools
import random
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]
import pytest
import zstandard

from metaclip.config.crawl import ExtractionLimits, ExtractionOptions
from tests.helpers.archives import response, run, zipped

PAGE = b'<html><img src="http://h.example/i.png" alt="a cat">'
PAIR = ("http://h.example/i.png", "a cat", "alt")
SMALL = ExtractionOptions(limits=ExtractionLimits(max_page_bytes=100_000))
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "x-gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": bytes,
}


def encoded(body: bytes, codings: tuple[str, ...]) -> bytes:
    for coding in codings:
        body = ENCODERS[coding](body)
    return body


@pytest.mark.parametrize("number", [1, 2, 3])
def test_codings_in_every_order(number: int) -> None:
    orders = list(itertools.product(ENCODERS, repeat=number))
    in_one = [response(encoded(PAGE, o), f"Content-Encoding: {', '.join(o)}") for o in orders]
    in_many = [response(encoded(PAGE, o), *(f"Content-Encoding: {c}" for c in o)) for o in orders]
    assert run(zipped(*in_one, *in_many))[1] == [PAIR] * 2 * len(orders)


@pytest.mark.parametrize("coding", [*ENCODERS][:-1])
def test_bombs_are_dropped(coding: str) -> None:
    data = zipped(
        response(ENCODERS[coding](PAGE + bytes(5_000_000)), f"Content-Encoding: {coding}")
    )
    assert run(data, SMALL)[0].dropped_records in ({"too_large": 1},)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_a_body_that_a_crawler_cut_gives_what_is_there(coding: str) -> None:
    body = ENCODERS[coding](PAGE + b"<p>" + random.Random(1).randbytes(50_000))
    assert run(zipped(response(body[: len(body) * 9 // 10], f"Content-Encoding: {coding}")))[1] == [
        PAIR
    ]


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate", "compress", "iso-8859-1", "x"])
@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"\xef\xbb\xbf<!DOCTYPE html>",
        b'<?xml version="1.0"?>\n',
        b"<meta charset=utf-8><title>x</title>",
        b"<!-- a comment -->",
        b"\r\n\r\n  <p>",
        b"plain words ",
    ],
)
def test_a_coding_that_the_body_has_not_is_passed_over(coding: str, start: bytes) -> None:
    page = response(start + PAGE, f"Content-Encoding: {coding}")
    noise = response(bytes(range(200, 0, -1)), f"Content-Encoding: {coding}")
    account, found = run(zipped(page, noise))
    assert (account.dropped_records, found) == ({"bad_encoding": 1}, [PAIR])


def test_a_list_of_codings_without_end_is_dropped() -> None:
    page = response(PAGE, f"Content-Encoding: {'gzip,' * 1000}")
    assert run(zipped(page))[0].dropped_records == {"bad_encoding": 1}


def test_the_first_of_two_gzip_members_is_the_body() -> None:
    body = gzip.compress(PAGE) + gzip.compress(PAGE)
    assert run(zipped(response(body, "Content-Encoding: gzip")))[1] == [PAIR]


@pytest.mark.parametrize(
    ("fields", "chunked"),
    [
        (("Transfer-Encoding: chunked",), b"%010x;a=b\r\n" % len(PAGE) + PAGE + b"\r\n0\r\n\r\n"),
        (("Transfer-Encoding: chunked",), b"%x\n" % len(PAGE) + PAGE + b"\n"),
        (("Transfer-Encoding: chunked",), b"f" * 500 + b"\r\n" + PAGE),
        (("Transfer-Encoding: chunked",), PAGE),
        (
            ("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"),
            b"%x\r\n" % len(ENCODERS["gzip"](PAGE)) + ENCODERS["gzip"](PAGE) + b"\r\n0\r\n\r\n",
        ),
        (("Transfer-Encoding: identity, Chunked",), b"%X \r\n" % len(PAGE) + PAGE + b"\r\n0\r\n"),
    ],
)
def test_chunks(fields: tuple[str, ...], chunked: bytes) -> None:
    assert run(zipped(response(chunked, *fields)))[1] == [PAIR]
