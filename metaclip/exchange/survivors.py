"""Lists of what survived a download, and the rows of a curation that they name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from metaclip.errors import InputError, root_cause

SETTING = "balance.survivors"
_FORMATS = {"parquet": "parquet", "csv": "csv", "txt": "text"}
_SUFFIX = re.compile(r"\.(parquet|csv|txt)(\.(gz|bz2|zst))?\Z")
_KEYS = {
    # What a line of text is, where no first line says so.
    "pair_id": r"[0-9a-f]{32}",
    "image_id": r"[0-9a-f]{24}",
    "image_url": r"\S+://.*",
    "source_id": None,
}
_ONE_KEY = f"one of the columns {', '.join(_KEYS)}"


@dataclass(frozen=True)
class Listed:
    """The ids of a list, as they stand there, and the column of a curation that they are of."""

    key: str
    ids: DataFrame


def read_survivors(spark: SparkSession, files: str | Sequence[str]) -> Listed:
    """Return the list that `files` hold: paths or globs of one format, as Spark takes them.

    Parquet and CSV have one of the columns pair_id, image_id, image_url and source_id;
    text names it in the first line, or is told by the form of that line. The metadata that
    img2dataset writes (`url` and `status`) list images, by URL, whose status is success:
    whatever other columns it was asked to copy there.

    Raises:
        InputError: files that are not there or can't be read, of another format or of
            several, and no key column or more than one.
    """
    names = [files] if isinstance(files, str) else list(files)
    rows = _read(spark, names)
    if rows.columns == ["value"]:
        return _from_lines(rows)
    if {"url", "status"} <= set(rows.columns):
        good = rows.where(F.col("status") == "success")
        return Listed("image_url", good.select(F.col("url").cast("string").alias("id")))
    keys = [name for name in _KEYS if name in rows.columns]
    if len(keys) != 1:
        found = " and ".join(keys) or f"the columns {', '.join(rows.columns) or 'none'}"
        hint = "keep the one that was checked" if keys else ""
        raise InputError(SETTING, _ONE_KEY, found, hint)
    return Listed(keys[0], rows.select(F.col(keys[0]).cast("string").alias("id")))


def _read(spark: SparkSession, files: list[str]) -> DataFrame:
    kinds = {match[1] if (match := _SUFFIX.search(file)) else file for file in files}
    kind = kinds.pop()
    if kinds or kind not in _FORMATS:
        found = ", ".join(sorted({kind, *kinds}))
        raise InputError(SETTING, "files in one format: .parquet, .csv or .txt", found)
    reader = spark.read.format(_FORMATS[kind])
    if kind == "csv":
        reader = reader.options(header="true", quote='"', escape='"', multiLine="true")
    try:
        return reader.load(files)
    except (AnalysisException, Py4JJavaError) as error:
        java = isinstance(error, Py4JJavaError)
        reason = root_cause(error) if java else str(error).splitlines()[0]
        raise InputError(SETTING, f"readable {kind} files", reason) from None


def _from_lines(rows: DataFrame) -> Listed:
    lines = rows.select(F.trim("value").alias("id")).where("id != ''")
    first = lines.first()
    text = first.id if first else "no line"
    if text in _KEYS:
        return Listed(text, lines.where(F.col("id") != text))
    for key, form in _KEYS.items():
        if form and re.fullmatch(form, text):
            return Listed(key, lines)
    raise InputError(SETTING, f"a first line that names its key, {', '.join(_KEYS)}", text[:60])


def keep_survivors(
    curated: DataFrame, listed: Listed, curation: str
) -> tuple[DataFrame, dict[str, Any]]:
    """Return the rows of a curation that a list names, and the account of the list.

    An image or a source stands for all its pairs. An id may stand there several times
    (`survivors_repeated` counts how often). One that the curation has not is refused: the
    list is of another curation or damaged, and what it says of this one can't be trusted.

    Raises:
        InputError: no ids, or ids that the curation has not.
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
            f"{account.unknown} of {account.ids} that it has not, as {account.example}",
            "is the list of another curation, or older than this one?",
        )
    ids = once.select(F.col("id").alias(listed.key))
    survivors = curated.join(ids, on=listed.key, how="left_semi")
    return survivors, {
        "survivors_key": listed.key,
        "survivors_listed": account.ids,
        "survivors_repeated": account.rows - account.ids,
        "survivors": survivors.count(),
    }
