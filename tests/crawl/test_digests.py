"""Digests of many strings against hashlib."""

from __future__ import annotations

import random
from hashlib import sha224, sha256

import pyarrow as pa
import pytest

from metaclip.crawl.digests import SHA224, SHA256, Strings, hex_digests


def strings(values: list[bytes]) -> Strings:
    return Strings.of(pa.array([b"before", *values], pa.binary())[1:])


def drawn(rng: random.Random, number: int) -> list[bytes]:
    return [
        rng.randbytes(rng.choice((0, 1, 9, 54, 55, 56, 63, 64, 65, 200))) for _ in range(number)
    ]


@pytest.mark.parametrize("number", [0, 1, 15, 16, 17, 1000])
def test_digests_are_those_of_hashlib(number: int) -> None:
    rng = random.Random(number)
    urls, texts = drawn(rng, number), drawn(rng, number)
    pairs = hex_digests(SHA256, 32, [strings(urls), strings(texts)])
    expected = [
        sha256(url + b"\n" + text).hexdigest()[:32] for url, text in zip(urls, texts, strict=True)
    ]
    assert pairs.tobytes().decode() == "".join(expected)
    images = hex_digests(SHA224, 56, [strings(urls)])
    assert images.tobytes().decode() == "".join(sha224(url).hexdigest() for url in urls)


def test_strings_of_any_length() -> None:
    values = [bytes([65 + size % 26]) * size for size in [*range(300), 70_000]]
    expected = "".join(sha256(value).hexdigest() for value in values)
    assert hex_digests(SHA256, 64, [strings(values)]).tobytes().decode() == expected
