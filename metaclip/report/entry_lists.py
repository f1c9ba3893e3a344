"""List entries by name: the largest before and after, those never hit, groups of entries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

LARGEST = 20
UNHIT = 60


@dataclass(frozen=True)
class NamedEntry:
    """One entry with its row of `curation_counts`; `language` is empty where it has none."""

    entry: str
    language: str
    count: int
    probability: float
    expected: float
    kept: int


@dataclass(frozen=True)
class EntryGroup:
    """The entries of one language or source: their number, hits and matches."""

    name: str
    entries: int
    hit_before: int
    hit_after: int
    before: int
    after: int


@dataclass(frozen=True)
class EntryLists:
    """Entries as a person reads them.

    Attributes:
        before, after: the largest entries of the pool and of the curation.
        unhit: some entries without a match in the pool.
        languages, sources: groups, largest first.
    """

    before: list[NamedEntry]
    after: list[NamedEntry]
    unhit: list[str]
    languages: list[EntryGroup]
    sources: list[EntryGroup]


def list_entries(counts: DataFrame, entries: DataFrame) -> EntryLists:
    """Return the lists of a curation.

    Args:
        counts: the rows of `curation_counts` of the curation.
        entries: the entries of its metadata.
    """
    named = counts.join(entries, on="entry_id", how="inner").persist()
    # A hash spreads the examples over a list that is sorted by source.
    order = F.xxhash64("entry", F.lit("text"))
    unhit = named.where("count = 0").orderBy(order, "entry_id").limit(UNHIT)
    lists = EntryLists(
        before=_largest(named, "count"),
        after=_largest(named, "kept"),
        unhit=[row.entry for row in unhit.select("entry").collect()],
        languages=_group(named, "language"),
        sources=_group(named, "source"),
    )
    named.unpersist()
    return lists


def name_entries(entries: DataFrame, entry_ids: Iterable[int]) -> dict[int, str]:
    """Return the strings of some entries by their ids."""
    # One text: isin would pass each id to the JVM by a call of its own.
    ids = ", ".join(map(str, sorted(set(entry_ids))))
    chosen = entries.where(f"entry_id IN ({ids})" if ids else "false")
    return {row.entry_id: row.entry for row in chosen.select("entry_id", "entry").collect()}


def _largest(named: DataFrame, by: str) -> list[NamedEntry]:
    rows = named.where(F.col(by) > 0).orderBy(F.desc(by), "entry_id").limit(LARGEST).collect()
    return [
        NamedEntry(
            row.entry, row.language or "", row["count"], row.probability, row.expected, row.kept
        )
        for row in rows
    ]


def _group(named: DataFrame, column: str) -> list[EntryGroup]:
    groups = named.groupBy(F.coalesce(column, F.lit("none")).alias("name")).agg(
        F.count(F.lit(1)).alias("entries"),
        F.count_if(F.col("count") > 0).alias("hit_before"),
        F.count_if(F.col("kept") > 0).alias("hit_after"),
        F.sum("count").alias("before"),
        F.sum("kept").alias("after"),
    )
    rows = groups.orderBy(F.desc("before"), "name").collect()
    return [EntryGroup(*row) for row in rows]
