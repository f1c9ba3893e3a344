"""From pairs, not unique, to the unique pairs whose text has an entry."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from metaclip.languages import LanguageSettings

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
    order = Window.partitionBy("pair_id").orderBy(*_ORDER)
    ranked = matches.withColumn("_rank", F.row_number().over(order)).where(F.col("_rank") == 1)
    return ranked.withColumn("language", F.lit(None).cast("string")).drop("_rank")


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
