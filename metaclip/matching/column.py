"""The matching column: an engine, broadcast, over a column of texts in Spark."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from pyspark.sql import Column, SparkSession
from pyspark.sql.types import ArrayType, IntegerType

from metaclip.columns import arrow_column
from metaclip.matching.engine import Engine


def match_column(spark: SparkSession, engine: Engine) -> Callable[[Column], Column]:
    """Return a function from a column of texts to one of entry ids, array<int>.

    The engine reaches the workers as a broadcast variable; PySpark keeps its decoded value
    for the life of a worker.
    """
    shared = spark.sparkContext.broadcast(engine)

    def match(texts: pa.Array) -> pa.Array:
        return shared.value.match(texts)

    return arrow_column(match, ArrayType(IntegerType(), containsNull=False))
