"""Check `import.where`, a Spark SQL condition on the columns of a pool."""

from __future__ import annotations

from typing import Any

from py4j.java_gateway import JavaObject
from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import BooleanType

from metaclip.errors import InputError
from metaclip.ingest.pool.reading import OURS

_EXPECTED = "a Spark SQL condition"
_STRINGS = tuple(OURS + name for name in ("url", "text", "source_id"))


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
    names = [str(leaf.nameParts().head()) for leaf in found if _is_column(leaf)]
    return list({name.lower(): name for name in reversed(names)}.values())


def _is_column(leaf: JavaObject) -> bool:
    return str(leaf.getClass().getSimpleName()) == "UnresolvedAttribute"


def keep(rows: DataFrame, where: str) -> DataFrame:
    """Return our columns of `rows`, and the value of the condition on the others as `keep`.

    Raises:
        InputError: it is no condition on these columns.
    """
    others = [name for name in rows.columns if name.startswith(OURS)]
    value: Column = F.expr(where)
    try:
        kind = rows.select(value.alias("keep")).schema["keep"].dataType
        if not isinstance(kind, BooleanType):
            raise InputError("import.where", _EXPECTED, f"an expression of type {kind.typeName()}")
        kept = rows.select(*others, F.coalesce(value, F.lit(False)).alias(f"{OURS}keep"))
    except AnalysisException as error:
        raise _refusal(error) from None
    # The strings of other rows need not cross into Python.
    return kept.select(
        *(
            F.when(F.col(f"{OURS}keep"), F.col(name)).alias(name) if name in _STRINGS else name
            for name in kept.columns
        )
    )


def _refusal(error: Exception) -> InputError:
    return InputError("import.where", _EXPECTED, _line(error))


def _line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
