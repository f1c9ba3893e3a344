"""Read lists of images that survived a download, and keep their rows of a curation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from metaclip.errors import InputError
from metaclip.ingest.id_lists import find_column, read_files

SETTING = "balance.survivors"
_KEYS = {
    # The form of a line, for text without a header.
    "pair_id": r"[0-9a-f]{32}",
    "image_id": r"[0-9a-f]{24}",
    "image_url": r"\S+://.*",
    "source_id": None,
}


@dataclass(frozen=True)
class Survivors:
    """The ids of a list, and the column of a curation that they belong to."""

    key: str
    ids: DataFrame


class SurvivorAccount(Struct, frozen=True):
    """The list's key column, its ids, how often ids repeat, and the rows that they keep."""

    survivors_key: str
    survivors_listed: int
    survivors_repeated: int
    survivors: int


def read_survivors(spark: SparkSession, files: str | Sequence[str]) -> Survivors:
    """Return the list that `files` hold: paths or globs of one format, as Spark takes them.

    Parquet and CSV have one of the columns pair_id, image_id, image_url and source_id;
    text names it in the first line, or is told by the form of that line. The metadata that
    img2dataset writes (`url` and `status`) list images, by URL, whose status is success:
    whatever other columns it was asked to copy there.

    Raises:
        InputError: files that are not there or can't be read, of another format or of
            several, and no key column or more than one.
    """
    rows = read_files(spark, files, SETTING)
    if rows.columns == ["value"]:
        return _from_lines(rows)
    if {"url", "status"} <= set(rows.columns):
        good = rows.where(F.col("status") == "success")
        return Survivors("image_url", good.select(F.col("url").cast("string").alias("id")))
    key = find_column(rows, SETTING, _KEYS)
    return Survivors(key, rows.select(F.col(key).cast("string").alias("id")))


def _from_lines(rows: DataFrame) -> Survivors:
    lines = rows.select(F.trim("value").alias("id")).where("id != ''")
    first = lines.first()
    text = first.id if first else "no line"
    if text in _KEYS:
        return Survivors(text, lines.where(F.col("id") != text))
    for key, form in _KEYS.items():
        if form and re.fullmatch(form, text):
            return Survivors(key, lines)
    raise InputError(SETTING, f"a first line that names its key, {', '.join(_KEYS)}", text[:60])


def keep_survivors(
    curated: DataFrame, listed: Survivors, curation: str
) -> tuple[DataFrame, SurvivorAccount]:
    """Return the rows of a curation that a list names, and the account of the list.

    An image or a source covers all its pairs. A repeated id counts once
    (`survivors_repeated` has their number). An id that the curation lacks is refused: the
    list belongs to another curation, or is damaged.

    Raises:
        InputError: no ids, or ids that the curation lacks.
    """
    known = curated.select(F.col(listed.key).alias("id"), F.lit(True).alias("known")).distinct()
    once = listed.ids.groupBy("id").agg(F.count(F.lit(1)).alias("times"))
    unknown = F.col("known").isNull()
    sums = once.join(known, on="id", how="left").agg(
        F.coalesce(F.sum("times"), F.lit(0)).alias("rows"),
        F.count(F.lit(1)).alias("ids"),
        F.count_if(unknown).alias("unknown"),
        F.min(F.when(unknown, F.coalesce("id", F.lit("null")))).alias("example"),
    )
    account = sums.collect()[0]
    if not account.rows:
        raise InputError(SETTING, "at least one survivor", "none")
    if account.unknown:
        raise InputError(
            SETTING,
            f"{listed.key} of {curation}",
            f"{account.unknown} of {account.ids} that it has not, such as {account.example}",
            "is the list of another curation, or of before pairs were removed from it?",
        )
    ids = once.select(F.col("id").alias(listed.key))
    survivors = curated.join(ids, on=listed.key, how="left_semi")
    return survivors, SurvivorAccount(
        survivors_key=listed.key,
        survivors_listed=account.ids,
        survivors_repeated=account.rows - account.ids,
        survivors=survivors.count(),
    )
