"""Read the matches that a curation is sampled from, with their draws."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame

from metaclip.balance.sampling import (
    conditioned_draw,
    count_shared_draws,
    draw_column,
    keep_one_row_per_pair,
    keep_one_text_per_image,
)
from metaclip.curation.survivors import SurvivorAccount, keep_survivors, read_survivors
from metaclip.warehouse.tables import CURATED, MATCHES
from metaclip.warehouse.views import read_crawls
from metaclip.warehouse.warehouse import Warehouse


def read_matches(
    warehouse: Warehouse,
    version: str,
    spacing: str,
    crawls: Sequence[str],
    seed: int,
    *,
    unique: bool,
) -> DataFrame:
    """Return the matches of crawls, with the draws of a seed.

    Args:
        version: the metadata version.
        unique: keep the row of the least crawl name of each pair.
    """
    matches = read_crawls(warehouse, MATCHES, version, spacing, crawls)
    matches = matches.drop("metadata_version", "spacing")
    if unique and len(crawls) > 1:
        matches = keep_one_row_per_pair(matches)
    return matches.withColumn("draw", draw_column(seed))


def read_surviving_matches(
    warehouse: Warehouse, parent: str, files: str | Sequence[str]
) -> tuple[DataFrame, SurvivorAccount]:
    """Return the rows of a curation that a list of survivors names, with their draws.

    Raises:
        InputError: the list can't be read, or is not of this curation.
    """
    listed = read_survivors(warehouse.spark, files)
    curated = warehouse.read_partition(CURATED, {"curation": parent})
    survivors, account = keep_survivors(curated, listed, f"curation {parent}")
    matches = survivors.withColumn("draw", conditioned_draw())
    return matches.drop("curation", "keep_probability", "enters_at"), account


def choose_texts(matches: DataFrame, texts_per_image: str, seed: int, *, unique: bool) -> DataFrame:
    """Return `matches` with `draw_rows`; where `texts_per_image` is one, one text of each image.

    Args:
        unique: no two rows share a pair.
    """
    if texts_per_image == "one":
        matches = keep_one_text_per_image(matches, seed)
    return count_shared_draws(matches, unique)
