"""Ready pools of pairs (LAION, DataComp, img2dataset output) to rows of `extractions`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from metaclip.crawl.files.listing import SourceFile
from metaclip.errors import InputError, root_cause
from metaclip.warehouse.ids import image_id_column, pair_id_column
from metaclip.warehouse.tables import FILE, PAIR

_FORMATS = {"parquet": "parquet", "csv": "csv", "tsv": "csv", "jsonl": "json", "ndjson": "json"}
_SUFFIX = re.compile(r"\.(parquet|csv|tsv|jsonl|ndjson)(\.(gz|bz2|zst))?\Z")
_COLUMNS = {
    "url": ("url", "URL"),
    "text": ("text", "TEXT", "caption"),
    "source_id": ("uid", "key"),
}
_BAD = "_corrupt_record"


def is_pool(files: str | Sequence[str]) -> bool:
    """Return whether `crawl.files` names a pool of pairs rather than crawl files."""
    names = [files] if isinstance(files, str) else files
    return bool(names) and all(_SUFFIX.search(name) for name in names)


def read_pool(spark: SparkSession, files: Sequence[SourceFile], where: str | None) -> DataFrame:
    """Return the rows of `extractions` (pairs and the account of each file) of a pool.

    URL and text stand as they are. Of the input's rows (`records`), those that `where`
    excludes and those that can't be read are dropped records; the others are `pages` with
    one image each, dropped as `no_url` or `no_text` where that is null or blank.

    Raises:
        InputError: unknown or mixed formats, no URL or text column, or a bad condition.
    """
    rows = _mark_paths(spark, _read_files(spark, files), files)
    names = {kind: _find_column(rows, kind) for kind in _COLUMNS}
    for kind in ("url", "text"):
        if names[kind] is None:
            raise InputError(
                f"pool {files[0].path}",
                f"a column {' or '.join(_COLUMNS[kind])}",
                f"the columns {', '.join(c for c in rows.columns if not c.startswith('_'))}",
            )
    state = _state(rows, names, where)
    try:
        judged = rows.select(
            F.col("_path").alias("path"), _pair(names).alias("pair"), state.alias("state")
        )
    except AnalysisException as error:
        reason = str(error).splitlines()[0]
        raise InputError("import.where", "a Spark SQL condition", reason) from None
    kept = judged.where(F.col("state") == "kept")
    pairs = kept.select(
        F.lit("pair").alias("kind"), "path", "pair", F.lit(None).cast(FILE).alias("file")
    )
    return pairs.unionByName(_accounts(spark, judged, files))


def _read_files(spark: SparkSession, files: Sequence[SourceFile]) -> DataFrame:
    suffixes = {match[1] for file in files if (match := _SUFFIX.search(file.path))}
    unknown = [file.path for file in files if not _SUFFIX.search(file.path)]
    if unknown or len(suffixes) != 1:
        raise InputError(
            "crawl.files",
            "a pool in one format: .parquet, .csv, .tsv or .jsonl",
            unknown[0] if unknown else ", ".join(sorted(suffixes)),
        )
    suffix = suffixes.pop()
    reader = spark.read.format(_FORMATS[suffix])
    if _FORMATS[suffix] == "csv":
        options = {"header": "true", "quote": '"', "escape": '"', "multiLine": "true"}
        reader = reader.options(**options, sep="\t" if suffix == "tsv" else ",")
    if _FORMATS[suffix] == "parquet":
        # Else the columns are those of the first file, and another file's are lost.
        reader = reader.option("mergeSchema", "true")
    urls = [_spark_url(file) for file in files]
    try:
        return reader.load(urls)
    except (AnalysisException, Py4JJavaError) as error:
        java = isinstance(error, Py4JJavaError)
        reason = root_cause(error) if java else str(error).splitlines()[0]
        raise InputError(f"pool {files[0].path}", f"readable {suffix} files", reason) from None


def _spark_url(file: SourceFile) -> str:
    """Hadoop's names: s3a:// for s3://; a path's glob characters are meant as they are."""
    url = re.sub(r"\As3://", "s3a://", file.url)
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", url)


def _mark_paths(spark: SparkSession, rows: DataFrame, files: Sequence[SourceFile]) -> DataFrame:
    """Add `_path`, the stable name of the file that a row came from."""
    by_url = [(re.sub(r"\As3://", "s3a://", file.url), file.path) for file in files]
    names = F.broadcast(spark.createDataFrame(by_url, "_url string, _path string"))
    full = F.regexp_replace(F.col("_metadata.file_path"), r"^file:/*", "/")
    decoded = F.url_decode(F.regexp_replace(full, r"\+", "%2B"))
    return rows.withColumn("_url", decoded).join(names, on="_url", how="inner")


def _find_column(rows: DataFrame, kind: str) -> str | None:
    return next((name for name in _COLUMNS[kind] if name in rows.columns), None)


def _state(rows: DataFrame, names: dict[str, str | None], where: str | None) -> Column:
    """Return `kept` or the reason why a row gives no pair."""
    wanted = F.coalesce(F.expr(where), F.lit(False)) if where else F.lit(True)
    bad = F.col(_BAD).isNotNull() if _BAD in rows.columns else F.lit(False)
    return (
        F.when(bad, "bad_record")
        .when(~wanted, "where")
        .when(_blank(str(names["url"])), "no_url")
        .when(_blank(str(names["text"])), "no_text")
        .otherwise("kept")
    )


def _blank(name: str) -> Column:
    return F.col(f"`{name}`").isNull() | (F.trim(F.col(f"`{name}`").cast("string")) == "")


def _pair(names: dict[str, str | None]) -> Column:
    url = F.col(f"`{names['url']}`").cast("string")
    text = F.col(f"`{names['text']}`").cast("string")
    given = F.col(f"`{names['source_id']}`") if names["source_id"] else F.lit(None)
    values = {
        "pair_id": pair_id_column(url, text),
        "image_id": image_id_column(url),
        "image_url": url,
        "text": text,
        "source_id": given,
    }
    given_or_null = (values.get(field.name, F.lit(None)) for field in PAIR)
    return F.struct(*map(_typed, PAIR, given_or_null))


def _typed(field: StructField, value: Column) -> Column:
    return value.cast(field.dataType).alias(field.name)


def _accounts(spark: SparkSession, judged: DataFrame, files: Sequence[SourceFile]) -> DataFrame:
    """Return one `file` row for each file, also for one without rows."""
    reasons = {reason: F.count_if(F.col("state") == reason) for reason in _REASONS}
    counted = judged.groupBy("path").agg(
        F.count(F.lit(1)).alias("records"),
        *(count.alias(reason) for reason, count in reasons.items()),
    )
    asked = spark.createDataFrame(
        [(file.path, file.size) for file in files], "path string, bytes bigint"
    )
    joined = asked.join(counted, on="path", how="left").na.fill(0, ["records", *_REASONS])
    pages = F.col("records") - F.col("bad_record") - F.col("where")
    values = {
        "status": F.when(F.col("kept") > 0, "done").otherwise("failed"),
        "bytes": F.col("bytes"),
        "records": F.col("records"),
        "pages": pages,
        "images": pages,
        "images_kept": F.col("kept"),
        "lazy_images": F.lit(0),
        "pairs": F.col("kept"),
        "dropped_records": _counts_map(("bad_record", "where")),
        "dropped_images": _counts_map(("no_url", "no_text")),
        "error": F.when(F.col("kept") == 0, "no_pairs"),
        "seconds": F.lit(None),
        "finished_at": F.current_timestamp(),
    }
    fields = [_typed(field, values[field.name]) for field in FILE]
    return joined.select(
        F.lit("file").alias("kind"),
        "path",
        F.lit(None).cast(PAIR).alias("pair"),
        F.struct(*fields).alias("file"),
    )


_REASONS = ("kept", "bad_record", "where", "no_url", "no_text")


def _counts_map(reasons: Sequence[str]) -> Column:
    entries = [
        F.struct(F.lit(reason).alias("reason"), F.col(reason).alias("count")) for reason in reasons
    ]
    return F.map_filter(F.map_from_entries(F.array(*entries)), lambda _, count: count > 0)
