"""Find entries and languages in a column of texts, by a broadcast engine or model."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from pyspark.sql import Column, SparkSession
from pyspark.sql.types import ArrayType, DoubleType, IntegerType, StringType, StructType

from metaclip.matching.engine import Engine
from metaclip.matching.languages import LanguageModel
from metaclip.spark.arrow_udf import arrow_column


def match_column(spark: SparkSession, engine: Engine) -> Callable[[Column], Column]:
    """Return a function from a column of texts to one of entry ids, array<int>.

    The engine reaches the workers as a broadcast variable; PySpark keeps its decoded value
    for the life of a worker.
    """
    shared = spark.sparkContext.broadcast(engine)

    def match(texts: pa.Array) -> pa.Array:
        return shared.value.match(texts)

    return arrow_column(match, ArrayType(IntegerType(), containsNull=False))


def language_column(spark: SparkSession, model: LanguageModel) -> Callable[[Column], Column]:
    """Return a function from a column of texts to one of struct<language, score>."""
    shared = spark.sparkContext.broadcast(model)

    def identify(texts: pa.Array) -> pa.Array:
        return shared.value.identify(texts)

    result = StructType().add("language", StringType()).add("score", DoubleType())
    return arrow_column(identify, result)
