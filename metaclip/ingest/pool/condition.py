"""Check `import.where`, a Spark SQL condition on the columns of a pool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from py4j.java_gateway import JavaObject
from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType

from metaclip.errors import InputError

_EXPECTED = "a Spark SQL condition"


def columns_of(spark: SparkSession, where: str) -> list[str]:
    """Return the names of the columns that a condition reads, without a field's path.

    Raises:
        InputError: Spark can't parse it.
    """
    session: Any = spark._jsparkSession
    try:
        leaves = session.sessionState().sqlParser().parseExpression(where).collectLeaves()
    except ParseException as error:
        raise _refusal(error) from None
    found = [leaves.apply(index) for index in range(leaves.size())]
    names = [leaf.nameParts().head() for leaf in found if _is_column(leaf)]
    return list(dict.fromkeys(names))


def _is_column(leaf: JavaObject) -> bool:
    return str(leaf.getClass().getSimpleName()) == "UnresolvedAttribute"


def keep(rows: DataFrame, where: str, columns: Sequence[str]) -> DataFrame:
    """Return `rows` without the columns of the condition, and with its value as `keep`.

    Raises:
        InputError: it is no condition on these columns.
    """
    others = [F.col(f"`{name}`") for name in rows.columns if name not in columns]
    value: Column = F.expr(where)
    try:
        kind = rows.select(value.alias("keep")).schema["keep"].dataType
        if not isinstance(kind, BooleanType):
            raise InputError("import.where", _EXPECTED, f"an expression of type {kind.typeName()}")
        return rows.select(*others, F.coalesce(value, F.lit(False)).alias("keep"))
    except AnalysisException as error:
        raise _refusal(error) from None


def _refusal(error: Exception) -> InputError:
    return InputError("import.where", _EXPECTED, _line(error))


def _line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
