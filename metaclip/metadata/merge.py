"""Merge the candidates of all sources into one list, in an order that their content decides.

An entry of several sources is kept once, under the first. Within a source the order is by rank,
then by score from the highest, then by the entry's code points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from metaclip.metadata.entries import ENTRY_SCHEMA

_HAS_WORD = r"[\p{L}\p{N}]"
_SPACED_APART = "[,.;:?!`]"


@dataclass(frozen=True)
class Candidates:
    """The entries that one source offers.

    `rows` has entry, rank (int) and score (double or null). `top` bounds the new entries. In a
    source of `words` no entry may have a mark that spacing sets apart.
    """

    source: str
    rows: DataFrame
    top: int | None = None
    words: bool = False


@dataclass
class SourceAccount:
    """Figures of one source: candidates = dropped + known + cut + added."""

    candidates: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    known: int = 0
    """Entries that an earlier source has."""
    cut: int = 0
    """New entries beyond `top` or the limit of the list."""
    added: int = 0


def merge_candidates(
    sources: Sequence[Candidates], language: str | None, max_characters: int, limit: int | None
) -> tuple[pa.Table, dict[str, SourceAccount]]:
    """Return the merged list, a table of ENTRY_SCHEMA, and the account of each source."""
    merged = ENTRY_SCHEMA.empty_table()
    accounts: dict[str, SourceAccount] = {}
    for source in sources:
        left = None if limit is None else limit - merged.num_rows
        bounds = [bound for bound in (source.top, left) if bound is not None]
        rows = mark_dropped(source.rows, max_characters, source.words)
        rows = rows.persist(StorageLevel.DISK_ONLY)
        found, accounts[source.source] = _take(rows, merged, min(bounds, default=None))
        rows.unpersist()
        merged = pa.concat_tables([merged, to_entries(found, source.source, language)])
    return number_entries(merged), accounts


def mark_dropped(rows: DataFrame, max_characters: int, words: bool) -> DataFrame:
    """Return entry, rank, score and `dropped`, the reason why an entry can't be in a list."""
    entry = F.col("entry")
    spaced = entry.rlike(_SPACED_APART) if words else F.lit(False)
    reason = (
        F.when(entry.isNull(), "broken")
        .when(F.btrim(entry) == "", "blank")
        .when(entry.rlike(r"\p{Cc}"), "control_character")
        .when(~entry.rlike(_HAS_WORD), "punctuation")
        .when(F.char_length(entry) > max_characters, "too_long")
        .when(spaced, "unmatchable")
    )
    return rows.select("entry", "rank", "score", reason.alias("dropped"))


def _take(rows: DataFrame, merged: pa.Table, bound: int | None) -> tuple[pa.Table, SourceAccount]:
    spark = rows.sparkSession
    reasons = {row.dropped: row["count"] for row in rows.groupBy("dropped").count().collect()}
    usable = rows.where("dropped is null").groupBy("entry")
    distinct = usable.agg(F.min("rank").alias("rank"), F.max("score").alias("score"))
    known = spark.createDataFrame(merged.select(["entry"])).withColumn("known", F.lit(True))
    marked = distinct.join(known, "entry", how="left").persist(StorageLevel.DISK_ONLY)
    is_new = F.col("known").isNull()
    [total, fresh] = marked.agg(F.count(F.lit(1)), F.count_if(is_new)).collect()[0]
    new = marked.where(is_new).drop("known").orderBy(*_order())
    found = (new if bound is None else new.limit(bound)).toArrow()
    marked.unpersist()
    repeated = reasons.pop(None, 0) - total
    account = SourceAccount(
        candidates=sum(reasons.values()) + repeated + total,
        dropped=dict(sorted(({**reasons, "repeated": repeated} if repeated else reasons).items())),
        known=total - fresh,
        cut=fresh - found.num_rows,
        added=found.num_rows,
    )
    return found, account


def _order() -> list[Column]:
    return [F.asc("rank"), F.desc_nulls_last("score"), F.asc("entry")]


def to_entries(found: pa.Table, source: str, language: str | None) -> pa.Table:
    """Return rows with entry and score as a table of ENTRY_SCHEMA, numbered from 0."""
    count = found.num_rows
    return pa.table(
        [
            pa.array(range(count), pa.int32()),
            found["entry"],
            pa.array([language] * count, pa.string()),
            pa.array([source] * count, pa.string()),
            found["score"],
        ],
        schema=ENTRY_SCHEMA,
    )


def number_entries(entries: pa.Table) -> pa.Table:
    """Return the entries with their positions as ids."""
    numbers = pa.array(range(entries.num_rows), pa.int32())
    return entries.set_column(0, "entry_id", numbers).combine_chunks()
