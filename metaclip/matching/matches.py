"""From pairs, not unique, to the unique pairs whose text has an entry."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

# Which of several equal pairs stays; what follows the first three only settles real ties.
_ORDER = ("path", "page_url", "text_source", "warc_file", "warc_offset", "fetched_at", "source_id")


def find_matches(pairs: DataFrame, match: Callable[[Column], Column]) -> DataFrame:
    """Return the pairs whose text has an entry, with `entry_ids`; not unique yet."""
    return pairs.withColumn("entry_ids", match(F.col("text"))).where(F.size("entry_ids") > 0)


def keep_unique(matches: DataFrame) -> DataFrame:
    """Return the columns of the table `matches` but for its partition columns.

    Of equal pairs the one with the least (path, page_url, text_source) stays, whatever the
    order of work was. This comes after matching, since half of the texts have no match.
    """
    return keep_first(matches, "pair_id").withColumn("language", F.lit(None).cast("string"))


def keep_first(rows: DataFrame, *keys: str) -> DataFrame:
    """Return of the rows with equal `keys` the one that stays."""
    order = Window.partitionBy(*keys).orderBy(*_ORDER)
    ranked = rows.withColumn("_rank", F.row_number().over(order)).where(F.col("_rank") == 1)
    return ranked.drop("_rank")


def count_unique(pairs: DataFrame) -> tuple[int, int]:
    """Return how many unique pairs there are, and of how many every row was removed."""
    gone = F.every(F.size("removed_by") > 0).alias("gone")
    unique = pairs.groupBy("pair_id").agg(gone)
    row = unique.agg(F.count(F.lit(1)).alias("unique"), F.count_if("gone").alias("gone"))
    counted = row.collect()[0]
    return counted.unique, counted.gone
