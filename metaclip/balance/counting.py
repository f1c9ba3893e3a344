"""Count the pairs in which each entry was found."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from metaclip.balance.thresholds import Counts
from metaclip.errors import MetaclipError


def count_entries(matches: DataFrame, entries: DataFrame) -> DataFrame:
    """Return (entry_id int, count bigint) of all `entries`, zeros included.

    Args:
        matches: unique pairs with `entry_ids`.
        entries: all entries of the metadata, with `entry_id`.
    """
    joined = entries.select("entry_id").join(count_found(matches), on="entry_id", how="left")
    return joined.select("entry_id", F.coalesce("count", F.lit(0).cast("bigint")).alias("count"))


def count_found(matches: DataFrame) -> DataFrame:
    """Return (entry_id int, count bigint) of the entries that were found.

    Args:
        matches: unique pairs with `entry_ids`.
    """
    found = matches.select(F.explode("entry_ids").alias("entry_id"))
    return found.groupBy("entry_id").agg(F.count(F.lit(1)).alias("count"))


def count_matches(matches: DataFrame, entries: int) -> Counts:
    """Return the counts of all entries, indexed by entry id, from one pass over `matches`.

    A row also gives its number of matches n, as the id -1 - n; with these the counts are checked.

    Args:
        matches: unique pairs with `entry_ids`.
        entries: number of entries.

    Raises:
        MetaclipError: the counts do not add up to the matches.
    """
    size = F.lit(-1) - F.size("entry_ids")
    found = count_found(matches.select(F.array_append("entry_ids", size).alias("entry_ids")))
    rows = found.toArrow()
    ids, numbers = rows["entry_id"].to_numpy(), rows["count"].to_numpy()
    counts = _counts_of(ids[ids >= 0], numbers[ids >= 0], entries)
    matched = int(((-1 - ids) * numbers)[ids < 0].sum())
    if int(counts.sum()) != matched:
        raise MetaclipError(
            f"entry counts add up to {counts.sum()}, but there are {matched} matches"
        )
    return counts


def add_counts(tables: Iterable[pa.Table]) -> Counts:
    """Return the counts of all entries, indexed by entry id: the sums over `tables`."""
    rows = pa.concat_tables([table.select(["entry_id", "count"]) for table in tables])
    return _counts_of(rows["entry_id"].to_numpy(), rows["count"].to_numpy(), 0)


def _counts_of(ids: Counts, numbers: Counts, entries: int) -> Counts:
    """Return the sums of `numbers` by id, of `entries` ids or of all up to the largest."""
    result = np.zeros(max(entries, int(ids.max(initial=-1)) + 1), dtype=np.int64)
    np.add.at(result, ids, numbers)
    return result


def counts_table(counts: Counts) -> pa.Table:
    """Return (entry_id int, count bigint) of all entries."""
    ids = np.arange(len(counts), dtype=np.int32)
    return pa.table({"entry_id": ids, "count": counts})
