"""Whether the tables of a warehouse say the same: ledger, pairs, matches, counts, curations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from metaclip.balance.counting import count_entries
from metaclip.errors import InputError
from metaclip.ledger import read_pairs
from metaclip.lineage import match_partition, require_fresh_counts, require_fresh_matches
from metaclip.tables import (
    CURATED,
    CURATION_COUNTS,
    CURATIONS,
    ENTRY_COUNTS,
    EXTRACTIONS,
    MATCHES,
    METADATA,
)
from metaclip.warehouse import Warehouse

SHOWN = 5
"""Rows of each kind that a disagreement names."""


@dataclass(frozen=True)
class Findings:
    """What was found: each a line that names the table, the partition and the rows.

    A stale partition is older than its inputs: the next run of its job mends it, and until
    then it is not compared with them.
    """

    disagreements: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def compare_tables(warehouse: Warehouse) -> Findings:
    """Compare each table with those that it was computed from."""
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
    """Every file has one account, and as many pairs as it says (none, if it was not read)."""
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
    found.disagreements.extend(_name(twice, where, "pairs that are there more than once"))
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
    bad = _differing(counts, count_entries(matches, entries))
    found.disagreements.extend(_name(bad, where, "entries counted otherwise than in matches"))


def _compare_curations(warehouse: Warehouse, findings: Findings) -> None:
    rows = warehouse.read(CURATIONS).collect() if warehouse.exists(CURATIONS) else []
    named = {row.curation: row for row in rows}
    there = warehouse.read(CURATED).select("curation").distinct().collect()
    for name in sorted(named.keys() | {row.curation for row in there}):
        written = warehouse.last_change(CURATED, {"curation": name})
        if name in named and written and written.version == named[name].curated_version:
            _compare_curation(warehouse, named[name], findings)
        else:
            findings.disagreements.append(
                f"curation {name}: curated and curations are not of one run; run sample_pairs"
            )


def _compare_curation(warehouse: Warehouse, row: Row, found: Findings) -> None:
    """Compare a curation with what is said of it, and with the matches it came from."""
    where, partition = f"curation {row.curation}", {"curation": row.curation}
    curated = warehouse.read_partition(CURATED, partition)
    size = curated.count()
    if size != row.actual_size:
        found.disagreements.append(f"{where}: {size:,} pairs, not {row.actual_size:,}")
    counts = warehouse.read_partition(CURATION_COUNTS, partition)
    kept = counts.select("entry_id", F.col("kept").alias("count"))
    bad = _differing(kept, count_entries(curated, counts))
    found.disagreements.extend(_name(bad, where, "entries kept otherwise than curation_counts"))
    for crawl in row.crawls:
        source = match_partition(row.metadata_version, row.spacing, crawl)
        written = warehouse.last_change(MATCHES, source)
        if written is None or written.version != row.input_versions[f"matches/{crawl}"]:
            found.stale.append(f"{where}: older than the matches of crawl {crawl}")
            continue
        lost = curated.where(F.col("crawl") == crawl).join(
            warehouse.read_partition(MATCHES, source), on="pair_id", how="left_anti"
        )
        what = f"pairs that are not in the matches of crawl {crawl}"
        found.disagreements.extend(_name(lost.select("pair_id"), where, what))


def _differing(counts: DataFrame, recounted: DataFrame) -> DataFrame:
    """Return the entries for which two tables of (entry_id, count) differ, or only one has."""
    both = counts.select("entry_id", "count").join(
        recounted.withColumnRenamed("count", "found"), on="entry_id", how="full"
    )
    return both.where(~F.col("count").eqNullSafe(F.col("found")))


def _name(bad: DataFrame, where: str, what: str) -> Iterator[str]:
    """Say in one line how many `bad` rows there are, and which come first."""
    rows = bad.orderBy(*bad.columns).limit(SHOWN).collect()
    if rows:
        shown = "; ".join(
            ", ".join(f"{key} {value}" for key, value in row.asDict().items()) for row in rows
        )
        total = len(rows) if len(rows) < SHOWN else bad.count()
        more = f"; and {total - len(rows):,} more" if total > len(rows) else ""
        yield f"{where}: {total:,} {what}: {shown}{more}"
