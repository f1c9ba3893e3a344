"""Compute the ids of pairs and images, in Python and as Spark columns."""

from __future__ import annotations

from hashlib import sha224, sha256

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column
from pyspark.sql import functions as F

from metaclip.errors import MetaclipError

PAIR_DIGITS, IMAGE_DIGITS = 32, 24
PAIR_BYTES = PAIR_DIGITS // 2


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


def id_arrays(image_urls: pa.StringArray, texts: pa.StringArray) -> tuple[pa.Array, pa.Array]:
    """Return `pair_id` and `image_id` of each row, without a string object for each."""
    urls, rest = (part.cast(pa.binary()).to_pylist() for part in (image_urls, texts))
    pairs = hex_digits(pair_digests(urls, rest), PAIR_DIGITS)
    return pairs, hex_digits(image_digests(urls), IMAGE_DIGITS)


def hex_digits(digests: list[bytes], width: int) -> pa.Array:
    """Return the first `width` hexadecimal digits of each digest."""
    return digits_of(b"".join([digest[: width // 2] for digest in digests]), width)


def digits_of(data: bytes, width: int) -> pa.Array:
    """Return the hexadecimal digits of bytes, `width` digits each."""
    digits = data.hex().encode()
    offsets = np.arange(0, len(digits) + 1, width, dtype=np.int32)
    count = len(offsets) - 1
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(digits))


def pair_digits(pair_ids: pa.StringArray) -> pa.Buffer:
    """Return the digits of all ids, one after another.

    Raises:
        MetaclipError: an id that does not have 32 digits.
    """
    lengths = pc.unique(pc.binary_length(pair_ids)).to_pylist()
    if lengths not in ([PAIR_DIGITS], []):
        raise MetaclipError(f"pair_id: expected {PAIR_DIGITS} digits, found {lengths}")
    offsets = pa.array([0, len(pair_ids)], pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(offsets, pair_ids), "")[0].as_buffer()


def pair_bytes(pair_ids: pa.StringArray) -> pa.FixedSizeBinaryArray:
    """Return the bytes that the digits of each id stand for.

    Raises:
        MetaclipError: an id that does not have 32 digits.
    """
    data = bytes.fromhex(pair_digits(pair_ids).to_pybytes().decode("ascii"))
    kind = pa.binary(PAIR_BYTES)
    return pa.FixedSizeBinaryArray.from_buffers(kind, len(pair_ids), [None, pa.py_buffer(data)])


def pair_id_column(image_url: Column, text: Column) -> Column:
    """Return `pair_id` as a column."""
    return F.substring(F.sha2(F.concat(image_url, F.lit("\n"), text), 256), 1, PAIR_DIGITS)


def image_id_column(image_url: Column) -> Column:
    """Return `image_id` as a column."""
    return F.substring(F.sha2(image_url, 224), 1, IMAGE_DIGITS)
