"""Find the unique pairs whose text has an entry, and account for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import UNSET, UnsetType
from pyspark import StorageLevel
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from metaclip.config.settings import LanguageSettings
from metaclip.errors import InputError
from metaclip.matching.engine import Engine
from metaclip.matching.languages import LanguageModel
from metaclip.matching.spark_columns import language_column, match_column

_FIRST_PAIRS = 10_000
"""Pairs that are matched first, to detect early that no text has an entry."""

_ORDER = ("path", "page_url", "text_source", "warc_file", "warc_offset", "fetched_at", "source_id")
"""The sort order of equal pairs, of which the first stays; the last four columns break ties."""


@dataclass(frozen=True)
class ChosenLanguages:
    """The matches in languages that stay, and the counts by language; UNSET without a model.

    `dropped` is the number of pairs in other languages.
    """

    matches: DataFrame
    kept: dict[str, int] | UnsetType = UNSET
    others: dict[str, int] | UnsetType = UNSET
    dropped: int = 0


def match_unique_pairs(pairs: DataFrame, engine: Engine, crawl: str) -> DataFrame:
    """Return the unique pairs of a crawl whose text has an entry.

    Args:
        pairs: with `removed_by`; only pairs that no removal covers stay.

    Raises:
        InputError: no text has an entry.
    """
    match = match_column(pairs.sparkSession, engine)
    staying = pairs.where("size(removed_by) = 0").drop("removed_by")
    matches = find_matches(staying, match)
    # Nearly always the first pairs have a match. Their limit stops no worker midway.
    if not find_matches(staying.limit(_FIRST_PAIRS), match).count() and not matches.count():
        raise InputError(
            f"crawl {crawl}",
            "texts with entries of the metadata",
            f"0 of {pairs.count()} texts match",
            "is it the right list, and of the language of the texts?",
        )
    return keep_unique(matches)


def choose_languages(
    matches: DataFrame, model: LanguageModel | None, settings: LanguageSettings
) -> ChosenLanguages:
    """Return the matches in the languages that the settings keep; all without a model.

    Raises:
        InputError: no match is in a language that stays.
    """
    if model is None:
        return ChosenLanguages(matches)
    identify = language_column(matches.sparkSession, model)
    # On disk, so that the dropped ones are counted without matching again.
    marked = mark_languages(matches, identify, settings).persist(StorageLevel.DISK_ONLY)
    kept, others = (count_languages(marked, wanted=wanted) for wanted in (True, False))
    if not kept:
        found = ", ".join(others)
        raise InputError("languages", "matched texts in languages that stay", f"only {found}")
    staying = marked.where("wanted").drop("wanted")
    return ChosenLanguages(staying, kept, others, sum(others.values()))


def account_for_pairs(pairs: DataFrame, matched: int, other_language: int) -> dict[str, int]:
    """Return the number of pairs by outcome: duplicates and the reasons add up to `pairs`."""
    total, unique, removed = count_unique(pairs)
    return {
        "pairs": total,
        "unique_pairs": unique,
        "duplicates": total - unique,
        "no_match": unique - removed - other_language - matched,
        "other_language": other_language,
        "removed": removed,
        "matched": matched,
    }


def find_matches(pairs: DataFrame, match: Callable[[Column], Column]) -> DataFrame:
    """Return the pairs whose text has an entry, with `entry_ids`; not unique yet."""
    return pairs.withColumn("entry_ids", match(F.col("text"))).where(F.size("entry_ids") > 0)


def keep_unique(matches: DataFrame) -> DataFrame:
    """Return the columns of the table `matches` but for its partition columns.

    The equal pair with the least (path, page_url, text_source) stays, so the order of tasks
    has no effect. This follows matching, since half of the texts have no match.
    """
    return keep_first(matches, "pair_id").withColumn("language", F.lit(None).cast("string"))


def mark_languages(
    matches: DataFrame, identify: Callable[[Column], Column], settings: LanguageSettings
) -> DataFrame:
    """Add `language` to `matches`, and `wanted`: true for languages that the settings keep."""
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
    """Return the number of pairs of each language that is wanted, or that is not."""
    rows = marked.where(F.col("wanted") == wanted).groupBy("language").count()
    found = rows.orderBy(F.desc("count"), "language").collect()
    return {row.language or "unknown": row["count"] for row in found}


def keep_first(rows: DataFrame, *keys: str) -> DataFrame:
    """Return the first row, in the order of _ORDER, of each group with equal `keys`."""
    order = Window.partitionBy(*keys).orderBy(*_ORDER)
    ranked = rows.withColumn("_rank", F.row_number().over(order)).where(F.col("_rank") == 1)
    return ranked.drop("_rank")


def count_unique(pairs: DataFrame) -> tuple[int, int, int]:
    """Return the number of pairs, of unique pairs, and of those whose rows are all removed."""
    gone = F.every(F.size("removed_by") > 0).alias("gone")
    unique = pairs.groupBy("pair_id").agg(F.count(F.lit(1)).alias("times"), gone)
    total = F.coalesce(F.sum("times"), F.lit(0))
    [row] = unique.agg(total, F.count(F.lit(1)), F.count_if("gone")).collect()
    return row[0], row[1], row[2]
