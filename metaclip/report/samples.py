"""Draw pairs of a curation to look at: some of the head, some of the tail."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from metaclip.balance.thresholds import Counts

PAIRS = 100
"""Pairs of the head, and as many of the tail."""
SHOWN = 400
"""Characters of a text that are shown."""
_COLUMNS = ("pair_id", "image_url", "page_url", "language", "crawl", "keep_probability")


@dataclass(frozen=True)
class SampledPair:
    """A pair of the curation. `part` is head where every entry is sampled, else tail.

    `text` holds the first SHOWN characters, `length` counts all of them. `entries` holds the
    entries of the text, rarest first, with their counts.
    """

    part: str
    pair_id: str
    image_url: str
    page_url: str | None
    language: str | None
    crawl: str
    keep_probability: float
    text: str
    length: int
    entries: list[tuple[str, int]]


def sample_for_reading(curated: DataFrame, counts: Counts, entries: pa.Table) -> list[SampledPair]:
    """Return PAIRS pairs of the head and of the tail, by a hash of their own.

    Args:
        curated: the rows of the curation.
        counts: the counts of its pool, indexed by entry id.
        entries: the entries of its metadata, sorted by entry id.
    """
    order = F.xxhash64("pair_id", F.lit("text"))
    shown = F.substring("text", 1, SHOWN).alias("text")
    columns = (*_COLUMNS, shown, F.length("text").alias("length"), "entry_ids")
    head = F.col("keep_probability") < 1
    found = [
        (part, row)
        for part, where in (("head", head), ("tail", ~head))
        for row in curated.where(where)
        .orderBy(order, "pair_id", "crawl")
        .limit(PAIRS)
        .select(*columns)
        .collect()
    ]
    names = entries["entry"]
    return [
        SampledPair(
            part,
            **{name: row[name] for name in (*_COLUMNS, "text", "length")},
            entries=[
                (names[entry].as_py(), int(counts[entry]))
                for entry in sorted(row.entry_ids, key=lambda entry: (counts[entry], entry))
            ],
        )
        for part, row in found
    ]
