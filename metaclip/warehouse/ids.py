"""Compute the ids of pairs and images, in Python and as Spark columns."""

from __future__ import annotations

from hashlib import sha224, sha256

from pyspark.sql import Column
from pyspark.sql import functions as F

PAIR_DIGITS, IMAGE_DIGITS = 32, 24


def pair_id(image_url: str, text: str) -> str:
    """Return the first 32 hex digits of SHA-256 over URL, newline and text, in UTF-8."""
    return sha256(f"{image_url}\n{text}".encode()).hexdigest()[:PAIR_DIGITS]


def image_id(image_url: str) -> str:
    """Return the first 24 hex digits of SHA-224 over the URL, in UTF-8."""
    return sha224(image_url.encode()).hexdigest()[:IMAGE_DIGITS]


def pair_digests(image_urls: list[bytes], texts: list[bytes]) -> list[bytes]:
    """Return the SHA-256 of each pair in UTF-8, whose leading bytes are its `pair_id`."""
    return [sha256(b"%b\n%b" % pair).digest() for pair in zip(image_urls, texts, strict=True)]


def image_digests(image_urls: list[bytes]) -> list[bytes]:
    """Return the SHA-224 of each URL in UTF-8, whose leading bytes are its `image_id`."""
    return [sha224(url).digest() for url in image_urls]


def pair_id_column(image_url: Column, text: Column) -> Column:
    """Return `pair_id` as a column."""
    return F.substring(F.sha2(F.concat(image_url, F.lit("\n"), text), 256), 1, PAIR_DIGITS)


def image_id_column(image_url: Column) -> Column:
    """Return `image_id` as a column."""
    return F.substring(F.sha2(image_url, 224), 1, IMAGE_DIGITS)
