"""Check the consistency across the tables: ledger, pairs, matches, counts, curations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from metaclip.errors import InputError
from metaclip.ingest.ledger import read_pairs
from metaclip.warehouse.lineage import (
    find_curation,
    list_curations,
    match_partition,
    require_fresh_counts,
    require_fresh_matches,
)
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import (
    CURATED,
    CURATION_COUNTS,
    ENTRY_COUNTS,
    EXTRACTIONS,
    MATCHES,
    METADATA,
)
from metaclip.warehouse.warehouse import Warehouse

SHOWN = 5
"""Largest number of rows that a disagreement names."""


@dataclass(frozen=True)
class Findings:
    """Disagreements and stale partitions: lines that name the table, partition and rows.

    A stale partition is older than its inputs: the next run of its job renews it, and until
    then it is not compared with them.
    """

    disagreements: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def check_consistency(warehouse: Warehouse) -> Findings:
    """Compare each table with its inputs."""
    findings = Findings()
    if warehouse.exists(EXTRACTIONS):
        findings.disagreements.extend(_compare_files(warehouse))
    if warehouse.exists(MATCHES):
        for partition in _partitions(warehouse):
            _compare_partition(warehouse, partition, findings)
    if warehouse.exists(CURATED):
        _compare_curations(warehouse, findings)
    return findings


def _compare_files(warehouse: Warehouse) -> Iterator[str]:
    """Yield the files without exactly one account, or with other pairs than it counts."""
    is_pair = F.col("kind") == "pair"
    files = (
        warehouse.read(EXTRACTIONS)
        .groupBy("crawl", "path")
        .agg(
            F.count_if(~is_pair).alias("accounts"),
            F.coalesce(F.sum("file.pairs"), F.lit(0)).alias("pairs"),
            F.count_if(is_pair).alias("found"),
        )
    )
    bad = files.where("accounts != 1 or pairs != found")
    yield from _name(bad, "extractions", "files whose pairs are not as many as the ledger says")


def _partitions(warehouse: Warehouse) -> list[dict[str, str]]:
    rows = warehouse.read(MATCHES).select(*MATCHES.partitioned_by).distinct().collect()
    return sorted((row.asDict() for row in rows), key=lambda partition: tuple(partition.values()))


def _compare_partition(warehouse: Warehouse, partition: dict[str, str], found: Findings) -> None:
    """Compare the matches of a crawl with its pairs, and its counts with its matches."""
    where = f"matches of crawl {partition['crawl']} ({partition['spacing']})"
    matches = warehouse.read_partition(MATCHES, partition)
    twice = matches.groupBy("pair_id").count().where("count > 1")
    found.disagreements.extend(_name(twice, where, "pairs with several rows"))
    try:
        require_fresh_matches(warehouse, partition)
        pairs = read_pairs(warehouse, partition["crawl"]).select("pair_id")
        lost = matches.join(pairs, on="pair_id", how="left_anti").select("pair_id")
        found.disagreements.extend(_name(lost, where, "pairs that are not in extractions"))
        require_fresh_counts(warehouse, partition)
    except InputError as stale:
        found.stale.append(str(stale))
        return
    counts = warehouse.read_partition(ENTRY_COUNTS, partition)
    entries = warehouse.read_partition(
        METADATA, {"metadata_version": partition["metadata_version"]}
    )
    where = f"entry_counts of crawl {partition['crawl']} ({partition['spacing']})"
    bad = _differing(counts, _recount(matches, entries))
    found.disagreements.extend(_name(bad, where, "entries counted otherwise than in matches"))


def _compare_curations(warehouse: Warehouse, found: Findings) -> None:
    """Compare each curation, published or begun, with its row and counts."""
    names = {
        row.curation for row in warehouse.read(CURATED).select("curation").distinct().collect()
    }
    names |= set(list_curations(warehouse))
    for name in sorted(names):
        try:
            row = find_curation(warehouse, name)
        except InputError as unpublished:
            found.disagreements.append(str(unpublished))
        else:
            _compare_curation(warehouse, row, found)


def _compare_curation(warehouse: Warehouse, row: Row, found: Findings) -> None:
    """Compare a curation's rows with its size, its counts and its inputs."""
    where, partition = f"curation {row.curation}", {"curation": row.curation}
    curated = warehouse.read_partition(CURATED, partition)
    size = curated.count()
    if size != row.actual_size:
        found.disagreements.append(f"{where}: {size:,} pairs, not {row.actual_size:,}")
    counts = warehouse.read_partition(CURATION_COUNTS, partition)
    kept = counts.select("entry_id", F.col("kept").alias("count"))
    bad = _differing(kept, _recount(curated, counts))
    found.disagreements.extend(_name(bad, where, "entries kept otherwise than curation_counts"))
    for name, table, source in _sources(row):
        written = warehouse.last_change(table, source)
        if written is None or written.version != row.input_versions[name]:
            found.stale.append(f"{where}: older than {name}")
            continue
        pairs = warehouse.read_partition(table, source).select("crawl", "pair_id")
        rows = curated.where(F.col("crawl") == source["crawl"]) if "crawl" in source else curated
        lost = rows.join(pairs, on=["crawl", "pair_id"], how="left_anti")
        found.disagreements.extend(_name(lost.select("pair_id"), where, f"pairs not in {name}"))


def _sources(row: Row) -> list[tuple[str, Table, dict[str, str]]]:
    """Return the partitions that a curation was sampled from, as its input_versions name them."""
    if row.parent is not None:
        return [(f"curated/{row.parent}", CURATED, {"curation": row.parent})]
    return [
        (f"matches/{crawl}", MATCHES, match_partition(row.metadata_version, row.spacing, crawl))
        for crawl in row.crawls
    ]


def _recount(matches: DataFrame, entries: DataFrame) -> DataFrame:
    """Return (entry_id, count) of all entries, counted by Spark, where jobs count in Python."""
    found = matches.select(F.explode("entry_ids").alias("entry_id")).groupBy("entry_id").count()
    joined = entries.select("entry_id").join(found, on="entry_id", how="left")
    return joined.select("entry_id", F.coalesce("count", F.lit(0)).alias("count"))


def _differing(counts: DataFrame, recounted: DataFrame) -> DataFrame:
    """Return the entries whose counts differ between two tables of (entry_id, count)."""
    both = counts.select("entry_id", "count").join(
        recounted.withColumnRenamed("count", "found"), on="entry_id", how="full"
    )
    return both.where(~F.col("count").eqNullSafe(F.col("found")))


def _name(bad: DataFrame, where: str, what: str) -> Iterator[str]:
    """Yield one line with the number of `bad` rows and the first of them; none without rows."""
    rows = bad.orderBy(*bad.columns).limit(SHOWN).collect()
    if rows:
        shown = "; ".join(
            ", ".join(f"{key} {value}" for key, value in row.asDict().items()) for row in rows
        )
        total = len(rows) if len(rows) < SHOWN else bad.count()
        more = f"; and {total - len(rows):,} more" if total > len(rows) else ""
        yield f"{where}: {total:,} {what}: {shown}{more}"
