"""Count what each step kept and dropped, from crawl files to curated pairs."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from metaclip.warehouse.tables import EXTRACTIONS, MATCHES
from metaclip.warehouse.warehouse import Warehouse

_SUMS = ("bytes", "records", "pages", "images", "images_kept", "pairs")


@dataclass(frozen=True)
class CrawlFunnel:
    """The account of one crawl.

    `others` are records that hold no page. `dropped_records` and `dropped_images` count by
    reason. `unique_pairs` and `matched` count rows of the tables.
    """

    crawl: str
    files: dict[str, int]
    bytes: int
    records: int
    pages: int
    images: int
    images_kept: int
    pairs: int
    unique_pairs: int
    matched: int
    dropped_records: dict[str, int] = field(default_factory=dict)
    dropped_images: dict[str, int] = field(default_factory=dict)

    @property
    def others(self) -> int:
        """Records that are neither pages nor dropped."""
        return max(0, self.records - self.pages - sum(self.dropped_records.values()))

    @property
    def duplicates(self) -> int:
        """Rows of pairs that repeat another row's pair_id."""
        return self.pairs - self.unique_pairs

    @property
    def not_matched(self) -> int:
        """Unique pairs without a match, or dropped by language or removal."""
        return self.unique_pairs - self.matched


@dataclass(frozen=True)
class Funnel:
    """The accounts of a curation's crawls, the pairs of its pool, and the pairs it kept.

    `pool` is None where the pairs that the curation was sampled from were not counted.
    """

    crawls: list[CrawlFunnel]
    pool: int | None
    curated: int
    removed: int

    def total(self, name: str) -> int:
        """Return the sum of one figure over the crawls."""
        return sum(getattr(crawl, name) for crawl in self.crawls)

    def reasons(self, name: str) -> dict[str, int]:
        """Return one count by reason, added up over the crawls, largest first."""
        sums: dict[str, int] = {}
        for crawl in self.crawls:
            for reason, count in getattr(crawl, name).items():
                sums[reason] = sums.get(reason, 0) + count
        return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def count_funnel(warehouse: Warehouse, curation: Row, pool: int | None) -> Funnel:
    """Return the funnel of a curation.

    Args:
        curation: the curation's row of `curations`.
        pool: the number of pairs that the curation was sampled from, if known.
    """
    crawls = _count_crawls(warehouse, curation)
    return Funnel(crawls, pool, curation.actual_size, curation.removed)


def _count_crawls(warehouse: Warehouse, curation: Row) -> list[CrawlFunnel]:
    rows = warehouse.read(EXTRACTIONS).where(F.col("crawl").isin(curation.crawls))
    files = rows.where("kind = 'file'").select("crawl", "file.*")
    status = _count_by(files.select("crawl", F.col("status").alias("key"), F.lit(1).alias("n")))
    records, images = (
        _count_by(files.select("crawl", F.explode(name).alias("key", "n")))
        for name in ("dropped_records", "dropped_images")
    )
    sums = {row.crawl: row for row in _sum_files(files).collect()}
    unique = _count_unique(rows.where("kind = 'pair'"))
    matched = _count_matches(warehouse, curation)
    return [
        CrawlFunnel(
            crawl,
            status.get(crawl, {}),
            **{name: sums[crawl][name] for name in _SUMS},
            unique_pairs=unique.get(crawl, 0),
            matched=matched.get(crawl, 0),
            dropped_records=records.get(crawl, {}),
            dropped_images=images.get(crawl, {}),
        )
        for crawl in sorted(sums)
    ]


def _sum_files(files: DataFrame) -> DataFrame:
    columns = [F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in _SUMS]
    return files.groupBy("crawl").agg(*columns)


def _count_by(rows: DataFrame) -> dict[str, dict[str, int]]:
    """Return for each crawl the sum of `n` by `key`, in the order of the keys."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows.groupBy("crawl", "key").agg(F.sum("n").alias("n")).orderBy("key").collect():
        counts.setdefault(row.crawl, {})[row.key] = row.n
    return counts


def _count_unique(pairs: DataFrame) -> dict[str, int]:
    unique = pairs.select("crawl", "pair.pair_id").distinct().groupBy("crawl").count()
    return {row.crawl: row["count"] for row in unique.collect()}


def _count_matches(warehouse: Warehouse, curation: Row) -> dict[str, int]:
    rows = _read_matches(warehouse, curation).groupBy("crawl").count().collect()
    return {row.crawl: row["count"] for row in rows}


def _read_matches(warehouse: Warehouse, curation: Row) -> DataFrame:
    """Return the matches of all crawls of a curation; crawls may share pairs."""
    version = F.col("metadata_version") == curation.metadata_version
    spacing = F.col("spacing") == curation.spacing
    of_crawls = F.col("crawl").isin(curation.crawls)
    return warehouse.read(MATCHES).where(version & spacing & of_crawls)


def count_overlaps(warehouse: Warehouse, curation: Row) -> list[list[int]]:
    """Return the number of matched pairs that each two crawls share, in the order of `crawls`.

    The diagonal holds the pairs of each crawl.
    """
    crawls = curation.crawls
    index = {crawl: number for number, crawl in enumerate(crawls)}
    matches = _read_matches(warehouse, curation).select("crawl", "pair_id")
    together = matches.groupBy("pair_id").agg(F.array_sort(F.collect_set("crawl")).alias("crawls"))
    shared = [[0] * len(crawls) for _ in crawls]
    for row in together.groupBy("crawls").count().collect():
        for one in row.crawls:
            for other in row.crawls:
                shared[index[one]][index[other]] += row["count"]
    return shared
