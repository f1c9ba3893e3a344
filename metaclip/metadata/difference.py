"""Compare two versions of the metadata: entries that came and went, and their counts."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from metaclip.errors import InputError
from metaclip.warehouse.tables import ENTRY_COUNTS, METADATA
from metaclip.warehouse.warehouse import Warehouse

EXAMPLES = 10
_KEY = ["language", "entry"]


class MovedCount(Struct, frozen=True):
    """An entry of both versions and its counts."""

    entry: str
    old: int
    new: int


class CountDifference(Struct, frozen=True):
    """Entry counts of one crawl that was matched with both versions."""

    spacing: str
    crawl: str
    matches_old: int
    matches_new: int
    matches_of_came: int
    matches_of_went: int
    moved: int
    """Number of entries of both versions whose counts differ."""
    largest: list[MovedCount]


class Difference(Struct, frozen=True):
    """The entries of two versions: old = same + went, new = same + came."""

    old: str
    new: str
    same: int
    came: int
    went: int
    came_by_source: dict[str, int]
    went_by_source: dict[str, int]
    came_first: list[str]
    went_first: list[str]
    counts: list[CountDifference]


def compare_versions(warehouse: Warehouse, old: str, new: str) -> Difference:
    """Return how the version `new` differs from `old`.

    Raises:
        InputError: the warehouse lacks one of them.
    """
    before, after = (_read(warehouse, version) for version in (old, new))
    came, went = _without(after, before), _without(before, after)
    came_by_source, went_by_source = _by_source(came), _by_source(went)
    total = sum(came_by_source.values())
    return Difference(
        old=old,
        new=new,
        same=after.count() - total,
        came=total,
        went=sum(went_by_source.values()),
        came_by_source=came_by_source,
        went_by_source=went_by_source,
        came_first=_first(came),
        went_first=_first(went),
        counts=_compare_counts(warehouse, (old, before), (new, after)),
    )


def _read(warehouse: Warehouse, version: str) -> DataFrame:
    rows = warehouse.read_partition(METADATA, {"metadata_version": version})
    if rows.isEmpty():
        raise InputError("diff_metadata", "two versions of the warehouse", version)
    # A null language would join nothing.
    return rows.withColumn("language", F.coalesce("language", F.lit("")))


def _without(rows: DataFrame, others: DataFrame) -> DataFrame:
    return rows.join(others.select(*_KEY), _KEY, how="left_anti")


def _by_source(rows: DataFrame) -> dict[str, int]:
    counts = rows.groupBy("source").count().orderBy("source").collect()
    return {row.source: row["count"] for row in counts}


def _first(rows: DataFrame) -> list[str]:
    return [row.entry for row in rows.orderBy("entry_id").limit(EXAMPLES).collect()]


def _compare_counts(
    warehouse: Warehouse, old: tuple[str, DataFrame], new: tuple[str, DataFrame]
) -> list[CountDifference]:
    if not warehouse.exists(ENTRY_COUNTS):
        return []
    counts = warehouse.read(ENTRY_COUNTS)
    before, after = (_with_entries(counts, *version) for version in (old, new))
    place = ["spacing", "crawl"]
    both = (
        before.select(*place).distinct().join(after.select(*place).distinct(), place, how="inner")
    )
    crawls = both.orderBy(*place).collect()
    return [_compare_crawl(before, after, row.spacing, row.crawl) for row in crawls]


def _with_entries(counts: DataFrame, version: str, entries: DataFrame) -> DataFrame:
    counted = counts.where(F.col("metadata_version") == version)
    return counted.select("spacing", "crawl", "entry_id", "count").join(
        entries.select("entry_id", *_KEY), "entry_id", how="inner"
    )


def _compare_crawl(
    before: DataFrame, after: DataFrame, spacing: str, crawl: str
) -> CountDifference:
    here = (F.col("spacing") == spacing) & (F.col("crawl") == crawl)
    old = before.where(here).select(*_KEY, F.col("count").alias("old"))
    new = after.where(here).select(*_KEY, F.col("count").alias("new"))
    pairs = old.join(new, _KEY, how="full")
    moved = F.col("old") != F.col("new")
    sums = pairs.agg(
        F.sum("old").alias("old"),
        F.sum("new").alias("new"),
        F.sum(F.when(F.col("old").isNull(), F.col("new"))).alias("came"),
        F.sum(F.when(F.col("new").isNull(), F.col("old"))).alias("went"),
        F.count(F.when(moved, True)).alias("moved"),
    ).head()
    assert sums is not None  # an aggregate has one row
    distance = F.abs(F.col("new") - F.col("old"))
    largest = pairs.where(moved).orderBy(distance.desc(), "entry").limit(EXAMPLES).collect()
    return CountDifference(
        spacing=spacing,
        crawl=crawl,
        matches_old=sums.old or 0,
        matches_new=sums.new or 0,
        matches_of_came=sums.came or 0,
        matches_of_went=sums.went or 0,
        moved=sums.moved,
        largest=[MovedCount(row.entry, row.old, row.new) for row in largest],
    )


def render_difference(found: Difference) -> str:
    """Return the difference as lines for a terminal."""
    lines = [
        f"{found.same:,} entries in both, {found.came:,} came, {found.went:,} went",
        *_listed("came", found.came_by_source, found.came_first),
        *_listed("went", found.went_by_source, found.went_first),
    ]
    for crawl in found.counts:
        lines.append(
            f"crawl {crawl.crawl}, spacing {crawl.spacing}: {crawl.matches_old:,} matches before, "
            f"{crawl.matches_new:,} now; {crawl.moved:,} entries of both have other counts"
        )
        lines += [f"  {row.entry}: {row.old:,} -> {row.new:,}" for row in crawl.largest]
    return "\n".join(lines)


def _listed(what: str, by_source: dict[str, int], first: Sequence[str]) -> list[str]:
    if not by_source:
        return []
    sources = ", ".join(f"{source} {count:,}" for source, count in by_source.items())
    return [f"{what}: {sources}", f"  such as {', '.join(first)}"]
