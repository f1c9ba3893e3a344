"""`.warc.zst` files: frames, dictionaries, and damage."""

from __future__ import annotations

import random

import pytest
import zstandard

from tests.helpers.archives import response, run

PAIR = ("http://h.example/i.png", "a cat", "alt")
PAGE = response('<img src="http://h.example/i.png" alt="a cat">')
RECORDS = [
    response(f'<p>{"words " * i}<img src="http://h.example/i.png" alt="a cat">') for i in range(40)
]


def skippable(data: bytes, number: int = 0x5D) -> bytes:
    return bytes((number, 0x2A, 0x4D, 0x18)) + len(data).to_bytes(4, "little") + data


def trained() -> zstandard.ZstdCompressionDict:
    rng = random.Random(1)
    samples: list[bytes | bytearray | memoryview] = [PAGE + rng.randbytes(20) for _ in range(2000)]
    return zstandard.train_dictionary(4096, samples)


def test_a_frame_for_each_record() -> None:
    compress = zstandard.ZstdCompressor(write_checksum=True).compress
    data = b"".join(map(compress, RECORDS))
    account, found = run(data)
    assert (account.status, account.pages, found) == ("done", 40, [PAIR] * 40)
    assert run(b"".join(RECORDS))[1] == found


def test_one_frame_for_all_records() -> None:
    for window_log in (10, 20, 27):
        parameters = zstandard.ZstdCompressionParameters(window_log=window_log)
        data = zstandard.ZstdCompressor(compression_params=parameters).compress(b"".join(RECORDS))
        assert run(data)[1] == [PAIR] * 40


@pytest.mark.parametrize("is_compressed", [True, False])
def test_a_dictionary_in_the_first_frame(is_compressed: bool) -> None:
    dictionary = trained()
    compress = zstandard.ZstdCompressor(dict_data=dictionary).compress
    stored = dictionary.as_bytes()
    stored = zstandard.compress(stored) if is_compressed else stored
    data = skippable(stored) + b"".join(map(compress, RECORDS))
    account, found = run(data)
    assert (account.status, found) == ("done", [PAIR] * 40)
    assert run(data[len(skippable(stored)) :])[1] == []  # it is needed


def test_skippable_frames_between_records_are_passed_over() -> None:
    compress = zstandard.ZstdCompressor().compress
    data = b"".join(
        compress(one) + skippable(bytes(70_000), 0x50 + i % 13) for i, one in enumerate(RECORDS)
    )
    account, found = run(data)
    assert (account.status, found) == ("done", [PAIR] * 40)


def test_a_damaged_frame_costs_one_record() -> None:
    compress = zstandard.ZstdCompressor(write_checksum=True).compress
    frames = [bytearray(compress(one)) for one in RECORDS]
    frames[7][len(frames[7]) // 2] ^= 0xFF
    account, found = run(b"".join(frames))
    assert (account.status, found) == ("partial", [PAIR] * 39)
    assert account.dropped_records == {"damaged": 1}
    account, found = run(b"".join(map(bytes, map(compress, RECORDS)))[:-5])
    assert (account.error or "").startswith("truncated")
    assert len(found) >= 39
