"""Count the pairs in which each entry was found."""

from __future__ import annotations

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


def check_sum(counts: Counts, matches: DataFrame) -> None:
    """Raise MetaclipError unless the counts add up to the matches."""
    matched = matches.agg(F.coalesce(F.sum(F.size("entry_ids")), F.lit(0))).collect()[0][0]
    if int(counts.sum()) != matched:
        raise MetaclipError(
            f"entry counts add up to {int(counts.sum())}, but there are {matched} matches"
        )


def collect_counts(counts: DataFrame, entries: int = 0) -> Counts:
    """Return the counts of all entries, indexed by entry id; those of one entry add up.

    Args:
        counts: with `entry_id` and `count`.
        entries: number of entries, where the last ones may have no row.
    """
    rows = counts.select("entry_id", "count").toArrow()
    ids = rows["entry_id"].to_numpy()
    result = np.zeros(max(entries, int(ids.max(initial=-1)) + 1), dtype=np.int64)
    np.add.at(result, ids, rows["count"].to_numpy())
    return result


def counts_table(counts: Counts) -> pa.Table:
    """Return (entry_id int, count bigint) of all entries."""
    ids = np.arange(len(counts), dtype=np.int32)
    return pa.table({"entry_id": ids, "count": counts})
