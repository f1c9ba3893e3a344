"""Find real inputs: `../shared/data` beside the checkout, else the small files of the tests."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).parents[1]
_SHARED, _SMALL = ROOT.parent / "shared" / "data", ROOT / "tests" / "data"

_FILES = {
    "wat": ("wat/realpages.warc.wat.gz", "wat/part.warc.wat.gz"),
    "warc": ("warc/realpages.warc.gz", "warc/part.warc.gz"),
    "metadata": ("metadata_500k.parquet", "metadata/entries.parquet"),
    "captions": ("captions.parquet", "captions/captions.parquet"),
}


@cache
def find_input(name: str) -> Path:
    """Return the file of `name`; print a line if it is the small one."""
    large, small = _FILES[name]
    if (_SHARED / large).is_file():
        return _SHARED / large
    print(f"  no {_SHARED / large}: the small {_SMALL / small} instead")
    return _SMALL / small


def read_entries() -> list[str]:
    """Return the entries in the order of their ids."""
    return list(pq.read_table(find_input("metadata"), columns=["entry"])["entry"].to_pylist())


def read_wikipedia_words() -> list[str]:
    """Return the words of the English Wikipedia; none if the list is missing."""
    file = _SHARED / "wikipedia" / "enwiki_unigram_counts.gz"
    if not file.is_file():
        return []
    lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    return [word for line in lines if (word := line.rpartition(";")[0])]


def read_captions(count: int) -> pa.Array:
    """Return a string array of `count` captions drawn at random, with a fixed seed.

    If there are fewer, each one is repeated.
    """
    texts = read_all_captions()
    chance = np.random.default_rng(0)
    rounds = [chance.permutation(len(texts)) for _ in range(-(-count // len(texts)))]
    drawn = texts.take(pa.array(np.concatenate(rounds)[:count]))
    return drawn.combine_chunks() if isinstance(drawn, pa.ChunkedArray) else drawn


def read_all_captions() -> pa.Array:
    """Return all captions, in the order of the file."""
    return pq.read_table(find_input("captions"), columns=["text"])["text"].combine_chunks()
