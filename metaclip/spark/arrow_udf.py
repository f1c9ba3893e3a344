"""A function over Arrow arrays as a column of Spark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
from pyspark.sql import Column
from pyspark.sql.functions import arrow_udf  # type: ignore[attr-defined]
from pyspark.sql.types import DataType


def arrow_column(function: Callable[..., pa.Array], returns: DataType) -> Callable[..., Column]:
    """Return `function` as one of columns: only its arguments cross into Python, and once.

    Declared non-deterministic, since Spark evaluates a deterministic one twice where its
    column is both filtered on and kept.
    """
    udf: Any = arrow_udf(function, returnType=returns)
    column: Callable[..., Column] = udf.asNondeterministic()
    return column
