"""Delete removed pairs from the tables that already have them.

Each step is one commit that can be repeated: the next run ends one that was cut off.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from metaclip.balance.counting import count_matches, counts_table
from metaclip.errors import InputError
from metaclip.matching.unique_pairs import keep_first
from metaclip.removals.requests import RecordedList, Removals, mark_removed
from metaclip.warehouse.lineage import PURGED, read_curations, require_fresh_matches
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import (
    CURATED,
    CURATION_COUNTS,
    CURATIONS,
    ENTRY_COUNTS,
    EXTRACTIONS,
    MATCHES,
    REMOVALS,
)
from metaclip.warehouse.views import read_view
from metaclip.warehouse.warehouse import Partition, Warehouse, quote

_WHERE_FOUND = (
    "text_source",
    "page_url",
    "fetched_at",
    "warc_file",
    "warc_offset",
    "source_id",
    "path",
)
"""Columns that depend on the row of `pairs` that stays."""
_KEY_COLUMNS = ("crawl", "pair_id", "image_id", "image_url", "page_url")


def find_keys_in_use(warehouse: Warehouse, removals: Removals) -> DataFrame:
    """Return the keys (column key, unique) that cover any row of any table."""
    rows = (
        [read_view(warehouse, "pairs").select(*_KEY_COLUMNS)]
        if warehouse.exists(EXTRACTIONS)
        else []
    )
    rows += [
        warehouse.read(table).select(*_KEY_COLUMNS)
        for table in (MATCHES, CURATED)
        if warehouse.exists(table)
    ]
    if not rows:
        return removals.keys.select("key").limit(0)
    everything = rows[0]
    for more in rows[1:]:
        everything = everything.unionByName(more)
    marked = mark_removed(everything, removals)
    return marked.select(F.explode("removed_by").alias("key")).distinct()


@dataclass(frozen=True)
class Purged:
    """Rows deleted by table, partitions counted anew, and pairs lost by curation."""

    deleted: dict[str, int]
    recounted: list[dict[str, str]]
    curations: dict[str, int]


def purge_tables(warehouse: Warehouse, removals: Removals) -> Purged:
    """Delete removed pairs from every table; the last commit records that all were purged."""
    versions = {"removals": removals.version}
    versions["matches"] = warehouse.version(MATCHES) if warehouse.exists(MATCHES) else -1
    deleted = {"extractions": purge_extractions(warehouse, removals)}
    deleted["matches"] = purge_matches(warehouse, removals)
    recounted = recount(warehouse)
    deleted["curated"], curations = purge_curations(warehouse, removals)
    note_purged(warehouse, versions)
    return Purged(deleted, recounted, curations)


def count_unused(warehouse: Warehouse, recorded: RecordedList, removals: Removals) -> int:
    """Return the number of listed values that cover no row of any table."""
    in_use = find_keys_in_use(warehouse, removals)
    used = recorded.keys.join(in_use, on="key", how="left_semi").select("value").distinct()
    return recorded.listed - used.count()


def purge_extractions(warehouse: Warehouse, removals: Removals) -> int:
    """Delete removed pairs, correct the account of each file, and return the rows deleted.

    One commit does both. It notes no crawl as changed, so that the matches stay fresh.
    """
    if not warehouse.exists(EXTRACTIONS):
        return 0
    marked = mark_removed(read_view(warehouse, "pairs"), removals)
    gone = F.size("removed_by") > 0
    files = marked.groupBy("crawl", "path").agg(
        F.count_if(~gone).alias("pairs"), F.count_if(gone).alias("gone")
    )
    files = files.where("gone > 0").drop("gone").persist()
    crawls = sorted(row.crawl for row in files.select("crawl").distinct().collect())
    if not crawls:
        return 0
    doomed = marked.where(gone).select("crawl", "path", "pair_id", "page_url").distinct()
    source = doomed.select(F.lit("pair").alias("kind"), "*").unionByName(
        files.select(F.lit("file").alias("kind"), "*"), allowMissingColumns=True
    )
    where = (
        f"t.crawl in ({', '.join(map(quote, crawls))}) and t.crawl = s.crawl "
        "and t.kind = s.kind and t.path = s.path "
        "and t.pair.pair_id <=> s.pair_id and t.pair.page_url <=> s.page_url"
    )
    with warehouse.committing(EXTRACTIONS, {}, {"removals": removals.version}) as table:
        merge = table.alias("t").merge(source.alias("s"), where)
        merge = merge.whenMatchedDelete("t.kind = 'pair'")
        done = merge.whenMatchedUpdate(set={"file.pairs": "s.pairs"}).execute().collect()[0]
    files.unpersist()
    return int(done.num_deleted_rows)


def purge_matches(warehouse: Warehouse, removals: Removals) -> int:
    """Delete removed pairs from each partition of `matches`; return their number."""
    if not warehouse.exists(MATCHES):
        return 0
    deleted = 0
    for partition in _partitions(warehouse, MATCHES):
        matched = warehouse.last_change(MATCHES, partition)
        assert matched is not None  # the partition is there
        inputs = {**matched.inputs, "removals": removals.version}
        deleted += _purge(warehouse, MATCHES, partition, inputs, removals)
    return deleted


def recount(warehouse: Warehouse) -> list[dict[str, str]]:
    """Count matches again that have changed since, and return their partitions."""
    if not warehouse.exists(ENTRY_COUNTS):
        return []
    done = []
    for partition in _partitions(warehouse, ENTRY_COUNTS):
        try:
            matched = require_fresh_matches(warehouse, partition)
        except InputError:  # stale for another reason: match_entries has to run first
            continue
        counted = warehouse.last_change(ENTRY_COUNTS, partition)
        if counted is not None and counted.inputs["matches"] != matched:
            entries = warehouse.read_rows(ENTRY_COUNTS, partition, ["entry_id"]).num_rows
            counts = count_matches(warehouse.scan(MATCHES, partition, ["entry_ids"]), entries)
            rows = counts_table(counts)
            warehouse.replace(ENTRY_COUNTS, rows, partition, {"matches": matched})
            done.append(partition)
    return done


def purge_curations(warehouse: Warehouse, removals: Removals) -> tuple[int, dict[str, int]]:
    """Delete removed pairs from all curations.

    Returns:
        The number of rows, and the number of pairs that each curation has lost so far.
    """
    if not warehouse.exists(CURATED):
        return 0, {}
    deleted, published = 0, {row.curation: row for row in read_curations(warehouse)}
    for partition in _partitions(warehouse, CURATED, *published):
        row = published.get(partition["curation"])
        changed = warehouse.last_change(CURATED, partition)
        assert changed is not None  # the partition is there, or was
        inputs = {**changed.inputs, "removals": removals.version}
        versions = (changed.version, changed.inputs.get("published"))
        if row is None or row.curated_version not in versions:
            # Rows of no curation, left by a run of sample_pairs that was cut off.
            deleted += _purge(warehouse, CURATED, partition, inputs, removals)
            continue
        inputs["published"] = row.curated_version
        deleted += _purge(warehouse, CURATED, partition, inputs, removals)
        _mark_curation(warehouse, row)
    rows = read_curations(warehouse)
    return deleted, {row.curation: row.removed for row in rows if row.removed}


def note_purged(warehouse: Warehouse, inputs: Mapping[str, int]) -> None:
    """Record in the last commit the versions of `removals` and `matches` that were purged."""
    with warehouse.committing(REMOVALS, PURGED, inputs) as table:
        table.update(set={"purged_at": F.current_timestamp()})


def render_purge(warehouse: Warehouse, curations: Mapping[str, int]) -> str:
    """Return the curations that lost pairs, and the command that deletes older versions."""
    lines = [
        f"Curation {name}: {lost:,} pairs removed since it was sampled; its probabilities "
        f"are of before, until sample_pairs runs with balance.curation={name}"
        for name, lost in sorted(curations.items())
    ]
    lines += [
        "Older versions of the tables still hold what was removed, and so do exports. While no",
        "job runs, this deletes all older versions:",
        "",
        f"    {vacuum_command(warehouse)}",
    ]
    return "\n".join(lines)


def vacuum_command(warehouse: Warehouse) -> str:
    """Return the command that deletes all older versions with their removed rows."""
    settings = (
        f"warehouse={warehouse.root}",
        "maintain.vacuum_hours=0",
        "maintain.short_vacuum=true",
    )
    words = [word for setting in settings for word in ("--set", setting)]
    return shlex.join(["spark-submit", "jobs/maintain_tables.py", *words])


def _partitions(warehouse: Warehouse, table: Table, *more: str) -> list[dict[str, str]]:
    """Return the partitions of `table`, and those of its only column's values `more`."""
    rows = warehouse.read(table).select(*table.partitioned_by).distinct().collect()
    found = {tuple(row) for row in rows} | {(value,) for value in more}
    return [dict(zip(table.partitioned_by, values, strict=True)) for values in sorted(found)]


def _purge(
    warehouse: Warehouse,
    table: Table,
    partition: Partition,
    inputs: Mapping[str, int],
    removals: Removals,
) -> int:
    """Delete the removed pairs of a partition; return the number of deleted rows.

    A pair that was found on a page of a removed domain and on another page stays, with the
    columns of the other page.
    """
    marked = mark_removed(warehouse.read_partition(table, partition), removals)
    doomed = marked.where(F.size("removed_by") > 0).select("crawl", "pair_id").persist()
    if doomed.isEmpty():
        return 0
    crawls = [row.crawl for row in doomed.select("crawl").distinct().collect()]
    pairs = read_view(warehouse, "pairs").where(F.col("crawl").isin(crawls))
    others = keep_first(
        pairs.join(doomed, on=["crawl", "pair_id"], how="left_semi"), "crawl", "pair_id"
    )
    source = doomed.join(
        others.select("crawl", "pair_id", *_WHERE_FOUND), on=["crawl", "pair_id"], how="left"
    )
    terms = [f"t.{column} = {quote(value)}" for column, value in partition.items()]
    where = " and ".join([*terms, "t.crawl = s.crawl", "t.pair_id = s.pair_id"])
    found: dict[str, str | Column] = {name: f"s.{name}" for name in _WHERE_FOUND}
    with warehouse.committing(table, partition, inputs) as delta:
        merge = delta.alias("t").merge(source.alias("s"), where)
        merge = merge.whenMatchedUpdate("s.path is not null", found).whenMatchedDelete()
        done = merge.execute().collect()[0]
    doomed.unpersist()
    return int(done.num_deleted_rows)


def _mark_curation(warehouse: Warehouse, row: Row) -> None:
    """Correct the counts and the row of a curation after rows were deleted."""
    partition = {"curation": row.curation}
    changed = warehouse.last_change(CURATED, partition)
    if changed is None or changed.version == row.curated_version:
        return
    left = warehouse.read_partition(CURATED, partition).count()
    counts = warehouse.read_rows(CURATION_COUNTS, partition).sort_by("entry_id")
    kept = count_matches(warehouse.scan(CURATED, partition, ["entry_ids"]), counts.num_rows)
    place = counts.schema.names.index("kept")
    counts = counts.set_column(place, "kept", pa.array(kept))
    warehouse.replace(CURATION_COUNTS, counts.drop_columns("curation"), partition, changed.inputs)
    corrected = {
        **row.asDict(),
        "actual_size": left,
        "removed": row.removed + row.actual_size - left,
        "curated_version": changed.version,
    }
    inputs = {**changed.inputs, "curated": changed.version}
    warehouse.replace(CURATIONS, CURATIONS.rows([corrected]), partition, inputs)
