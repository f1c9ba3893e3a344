"""From pairs, not unique, to the unique pairs whose text has an entry."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from metaclip.config.settings import LanguageSettings

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


def mark_languages(
    matches: DataFrame, identify: Callable[[Column], Column], settings: LanguageSettings
) -> DataFrame:
    """Return `matches` with their `language`, and as `wanted` whether the settings keep it."""
    found = matches.withColumn("_found", identify(F.col("text")))
    wanted = F.col("_found.score") >= settings.min_score
    if settings.keep:
        wanted = wanted & F.col("_found.language").isin(settings.keep)
    return (
        found.withColumn("language", F.col("_found.language"))
        .withColumn("wanted", F.coalesce(wanted, F.lit(False)))
        .drop("_found")
    )


def count_languages(marked: DataFrame, *, wanted: bool) -> dict[str, int]:
    """Return how many pairs there are of each language that is wanted, or is not."""
    rows = marked.where(F.col("wanted") == wanted).groupBy("language").count()
    found = rows.orderBy(F.desc("count"), "language").collect()
    return {row.language or "unknown": row["count"] for row in found}


def keep_first(rows: DataFrame, *keys: str) -> DataFrame:
    """Return of the rows with equal `keys` the one that stays."""
    order = Window.partitionBy(*keys).orderBy(*_ORDER)
    ranked = rows.withColumn("_rank", F.row_number().over(order)).where(F.col("_rank") == 1)
    return ranked.drop("_rank")


def count_unique(pairs: DataFrame) -> tuple[int, int, int]:
    """Return how many pairs there are, how many unique ones, and how many of these are gone,
    since every row of theirs was removed.
    """
    gone = F.every(F.size("removed_by") > 0).alias("gone")
    unique = pairs.groupBy("pair_id").agg(F.count(F.lit(1)).alias("times"), gone)
    total = F.coalesce(F.sum("times"), F.lit(0))
    [row] = unique.agg(total, F.count(F.lit(1)), F.count_if("gone")).collect()
    return row[0], row[1], row[2]
