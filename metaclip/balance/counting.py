"""Count entries: for each one, the pairs of a crawl whose text has it."""

from __future__ import annotations

import numpy as np
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
    found = matches.select(F.explode("entry_ids").alias("entry_id"))
    counts = found.groupBy("entry_id").agg(F.count(F.lit(1)).alias("count"))
    joined = entries.select("entry_id").join(counts, on="entry_id", how="left")
    return joined.select("entry_id", F.coalesce("count", F.lit(0).cast("bigint")).alias("count"))


def check_sums(counts: DataFrame, matches: DataFrame) -> tuple[int, int, int]:
    """Return the number of matches, of entries, and of entries with a match.

    Raises:
        MetaclipError: the counts do not add up to the matches.
    """
    counted = F.coalesce(F.sum("count"), F.lit(0))
    [row] = counts.agg(counted, F.count(F.lit(1)), F.count_if(F.col("count") > 0)).collect()
    matched = matches.agg(F.coalesce(F.sum(F.size("entry_ids")), F.lit(0))).collect()[0][0]
    if row[0] != matched:
        raise MetaclipError(f"entry counts add up to {row[0]}, but there are {matched} matches")
    return row[0], row[1], row[2]


def collect_counts(counts: DataFrame) -> Counts:
    """Return the counts of all entries, indexed by entry id."""
    rows = counts.select("entry_id", "count").toArrow()
    result = np.zeros(rows.num_rows, dtype=np.int64)
    result[rows["entry_id"].to_numpy()] = rows["count"].to_numpy()
    return result
