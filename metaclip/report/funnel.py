"""Count what each step kept and dropped, from crawl files to curated pairs."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from metaclip.report.crawl_sums import summarise_files
from metaclip.report.summaries import CrawlSummary
from metaclip.warehouse.tables import MATCHES
from metaclip.warehouse.views import read_crawls, read_view
from metaclip.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class CrawlFunnel:
    """The account of one crawl: the sums over its files, and rows of the tables."""

    read: CrawlSummary
    unique_pairs: int
    matched: int

    @property
    def others(self) -> int:
        """Records that are neither pages nor dropped."""
        read = self.read
        return max(0, read.records - read.pages - sum(read.dropped_records.values()))

    @property
    def duplicates(self) -> int:
        """Rows of pairs that repeat another row's pair_id."""
        return self.read.pairs - self.unique_pairs

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
        """Return the sum of one figure of CrawlFunnel over the crawls."""
        return sum(getattr(crawl, name) for crawl in self.crawls)

    def read(self, name: str) -> int:
        """Return the sum of one figure of CrawlSummary over the crawls."""
        return sum(getattr(crawl.read, name) for crawl in self.crawls)

    def reasons(self, name: str) -> dict[str, int]:
        """Return one count by reason of CrawlSummary over the crawls, largest first."""
        sums: dict[str, int] = {}
        for crawl in self.crawls:
            for reason, count in getattr(crawl.read, name).items():
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
    of_crawls = F.col("crawl").isin(curation.crawls)
    files = read_view(warehouse, "crawl_files").where(of_crawls).toArrow()
    unique = _count_unique(read_view(warehouse, "pairs").where(of_crawls))
    matched = _count_matches(warehouse, curation)
    return [
        CrawlFunnel(
            summarise_files(files.filter(pc.field("crawl") == crawl), crawl),
            unique.get(crawl, 0),
            matched.get(crawl, 0),
        )
        for crawl in sorted(curation.crawls)
    ]


def _count_unique(pairs: DataFrame) -> dict[str, int]:
    # As bytes: this shuffles all keys.
    ids = pairs.select("crawl", F.unhex("pair_id").alias("id"))
    unique = ids.distinct().groupBy("crawl").count()
    return {row.crawl: row["count"] for row in unique.collect()}


def _count_matches(warehouse: Warehouse, curation: Row) -> dict[str, int]:
    rows = _read_matches(warehouse, curation).groupBy("crawl").count().collect()
    return {row.crawl: row["count"] for row in rows}


def _read_matches(warehouse: Warehouse, curation: Row) -> DataFrame:
    """Return the matches of all crawls of a curation; crawls may share pairs."""
    version, spacing = curation.metadata_version, curation.spacing
    return read_crawls(warehouse, MATCHES, version, spacing, curation.crawls)


def count_overlaps(warehouse: Warehouse, curation: Row) -> list[list[int]]:
    """Return the number of matched pairs that each two crawls share, in the order of `crawls`.

    The diagonal holds the pairs of each crawl.
    """
    crawls = curation.crawls
    index = {crawl: number for number, crawl in enumerate(crawls)}
    matches = _read_matches(warehouse, curation).select("crawl", F.unhex("pair_id").alias("id"))
    together = matches.groupBy("id").agg(F.array_sort(F.collect_set("crawl")).alias("crawls"))
    shared = [[0] * len(crawls) for _ in crawls]
    for row in together.groupBy("crawls").count().collect():
        for one in row.crawls:
            for other in row.crawls:
                shared[index[one]][index[other]] += row["count"]
    return shared
