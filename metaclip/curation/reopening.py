"""Reopen the pool that a published curation was sampled from."""

from __future__ import annotations

from msgspec import Struct, json
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from metaclip.balance.sampling import (
    conditioned_draw,
    count_shared_draws,
    draw_column,
    keep_one_row_per_pair,
    keep_one_text_per_image,
)
from metaclip.curation.survivors import keep_survivors, read_survivors
from metaclip.warehouse.tables import CURATED, MATCHES
from metaclip.warehouse.warehouse import Warehouse


class _Balance(Struct, frozen=True):
    """The settings of a curation that its row in `curations` holds in `config` alone."""

    texts_per_image: str = "all"
    survivors: str | list[str] = []


class _Recorded(Struct, frozen=True):
    balance: _Balance = _Balance()


def reopen_pool(warehouse: Warehouse, curation: Row) -> DataFrame:
    """Return the rows that a curation was sampled from, as the tables hold them today.

    Later versions of the tables may hold other rows. The caller compares the counts.

    Args:
        curation: the curation's row of `curations`.

    Returns:
        The columns of `matches` without its metadata version and spacing, `draw` and `draw_rows`.

    Raises:
        InputError: the list of a parent's survivors is no longer there.
    """
    balance = json.decode(curation.config, type=_Recorded).balance
    if curation.parent is None:
        matches = _open_crawls(warehouse, curation)
    else:
        matches = _open_survivors(warehouse, curation, balance)
    if balance.texts_per_image == "one":
        matches = keep_one_text_per_image(matches, curation.seed)
    unique = curation.dedup == "all" or len(curation.crawls) == 1
    return count_shared_draws(matches, unique)


def _open_crawls(warehouse: Warehouse, curation: Row) -> DataFrame:
    chosen = (
        (F.col("metadata_version") == curation.metadata_version)
        & (F.col("spacing") == curation.spacing)
        & F.col("crawl").isin(curation.crawls)
    )
    matches = warehouse.read(MATCHES).where(chosen).drop("metadata_version", "spacing")
    if curation.dedup == "all" and len(curation.crawls) > 1:
        matches = keep_one_row_per_pair(matches)
    return matches.withColumn("draw", draw_column(curation.seed))


def _open_survivors(warehouse: Warehouse, curation: Row, balance: _Balance) -> DataFrame:
    parent = warehouse.read_partition(CURATED, {"curation": curation.parent})
    listed = read_survivors(warehouse.spark, balance.survivors)
    survivors, _ = keep_survivors(parent, listed, f"curation {curation.parent}")
    survivors = survivors.withColumn("draw", conditioned_draw())
    return survivors.drop("curation", "keep_probability", "enters_at")
