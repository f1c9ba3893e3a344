"""Count words and adjacent words of texts in the table `ngram_counts`."""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from metaclip.errors import InputError
from metaclip.metadata.input_files import InputFile, spark_path
from metaclip.metadata.tokens import split_segments
from metaclip.warehouse.table import arrow_schema
from metaclip.warehouse.tables import NGRAM_COUNTS
from metaclip.warehouse.warehouse import Warehouse

_KEYS_IN_MEMORY = 400_000
"""Distinct words and bigrams that a worker holds, near 100 MB, before it hands them on."""
_SCHEMA = arrow_schema(NGRAM_COUNTS.schema_without("corpus"))

log = logging.getLogger(__name__)

Ngram = tuple[str, str | None]


def stage_counts(warehouse: Warehouse, corpus: str, texts: DataFrame) -> None:
    """Count the texts into the partition `corpus`, unless it is there."""
    if warehouse.last_change(NGRAM_COUNTS, {"corpus": corpus}) is not None:
        log.info("words of corpus %s are counted already", corpus)
        return
    warehouse.replace(NGRAM_COUNTS, count_ngrams(texts), {"corpus": corpus}, {})


def count_ngrams(texts: DataFrame) -> DataFrame:
    """Return the counts (first, second, count) of words and bigrams of the column text."""
    partial = texts.select("text").mapInArrow(count_batches, NGRAM_COUNTS.schema_without("corpus"))
    return partial.groupBy("first", "second").agg(F.sum("count").alias("count"))


def count_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the counts of a task's texts, in parts that fit into memory."""
    counts: Counter[Ngram] = Counter()
    for batch in batches:
        for text in batch["text"].to_pylist():
            counts.update(ngrams(text or ""))
            if len(counts) > _KEYS_IN_MEMORY:
                yield from _to_batches(counts)
                counts.clear()
    yield from _to_batches(counts)


def ngrams(text: str) -> Iterator[Ngram]:
    """Yield each word with None, and each pair of adjacent words."""
    for segment in split_segments(text):
        for word in segment:
            yield word, None
        yield from itertools.pairwise(segment)


def _to_batches(counts: Counter[Ngram]) -> Iterator[pa.RecordBatch]:
    if counts:
        first, second = zip(*counts, strict=True)
        columns = [pa.array(first), pa.array(second, pa.string()), pa.array(counts.values())]
        yield pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def read_unigrams(warehouse: Warehouse, corpus: str) -> DataFrame:
    """Return the words of a corpus: word, count."""
    rows = warehouse.read_partition(NGRAM_COUNTS, {"corpus": corpus}).where("second is null")
    return rows.select(F.col("first").alias("word"), "count")


def read_bigrams(warehouse: Warehouse, corpus: str) -> DataFrame:
    """Return the bigrams of a corpus: first, second, count."""
    rows = warehouse.read_partition(NGRAM_COUNTS, {"corpus": corpus}).where("second is not null")
    return rows.select("first", "second", "count")


def read_text_column(spark: SparkSession, files: Sequence[InputFile], column: str) -> DataFrame:
    """Return the texts of Parquet files or JSON lines, as rows with the column text.

    Raises:
        InputError: files of several kinds or of another one, no such column, or no string.
    """
    where = "build.wikipedia.texts"
    kinds = {_kind(file.name) for file in files}
    if len(kinds) > 1 or "" in kinds:
        names = ", ".join(file.name for file in files[:3])
        raise InputError(where, "files .parquet, or .jsonl or .json (also .gz)", names)
    paths = [spark_path(file) for file in files]
    try:
        rows = spark.read.parquet(*paths) if kinds == {"parquet"} else spark.read.json(paths)
        texts = rows.select(F.col(f"`{column}`").alias("text"))
    except AnalysisException as error:
        reason = str(error).splitlines()[0]
        raise InputError(where, f"a column {column}", reason) from None
    if texts.schema["text"].dataType.simpleString() != "string":
        found = texts.schema["text"].dataType.simpleString()
        raise InputError("build.wikipedia.text_column", "a column of strings", found)
    return texts.where("text is not null")


def _kind(name: str) -> str:
    name = name.removesuffix(".gz")
    if name.endswith(".parquet"):
        return "parquet"
    return "json" if name.endswith((".jsonl", ".json")) else ""


def read_ready_counts(spark: SparkSession, files: Sequence[InputFile]) -> DataFrame:
    """Return the words of files with ready counts: word, count.

    A line is a word, a semicolon, comma or tab, and a count. The row without a word covers the
    lines of another form.
    """
    lines = spark.read.text([spark_path(file) for file in files])
    form = r"^(.*)[;,\t]\s*(\d{1,18})\s*$"
    word, count = F.regexp_extract("value", form, 1), F.regexp_extract("value", form, 2)
    parsed = lines.select(
        F.when(count != "", word).alias("word"),
        F.when(count != "", count.cast("bigint")).alias("count"),
    )
    return parsed.groupBy("word").agg(F.sum("count").alias("count"))
