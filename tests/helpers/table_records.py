"""Make records of any table, and compare those that several readers of Delta return."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from pyspark.sql.types import (
    ArrayType,
    DataType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructType,
    TimestampType,
)

from metaclip.warehouse.table import Table

CHANCE = random.Random(0)


def value(kind: DataType, nullable: bool = True) -> Any:
    """Return a value of a type of Spark, sometimes null or empty."""
    if nullable and CHANCE.random() < 0.2:
        return None
    match kind:
        case StringType():
            return "".join(CHANCE.choice("aé東😀 '\"\\\n%=/") for _ in range(CHANCE.randint(0, 40)))
        case IntegerType():
            return CHANCE.randint(-(2**31), 2**31 - 1)
        case LongType():
            return CHANCE.randint(-(2**63), 2**63 - 1)
        case DoubleType():
            return CHANCE.choice([0.0, -1.5, 5e-324, 1.7e308, CHANCE.random()])
        case TimestampType():
            return datetime.fromtimestamp(CHANCE.randint(0, 4 * 10**9), UTC)
        case ArrayType():
            return [value(kind.elementType, False) for _ in range(CHANCE.randint(0, 4))]
        case MapType():
            return {str(key): CHANCE.randint(0, 9) for key in range(CHANCE.randint(0, 3))}
        case StructType():
            return {field.name: value(field.dataType) for field in kind}
    raise AssertionError(kind)


def records(table: Table, count: int) -> list[dict[str, Any]]:
    """Return records of a table; those of its partition have one of two values."""
    return [
        {
            column.name: f"p{CHANCE.randint(0, 1)}"
            if column.name in table.partitioned_by
            else value(column.dataType, column.nullable)
            for column in table.schema
        }
        for _ in range(count)
    ]


def as_set(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr({name: plain(row[name]) for name in sorted(row)}) for row in rows)


def plain(found: Any) -> Any:
    """Return a value in the form that all readers share."""
    if isinstance(found, datetime):
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    if isinstance(found, dict) and found:
        return {key: plain(part) for key, part in sorted(found.items())}
    if isinstance(found, list) and found and isinstance(found[0], tuple):
        return dict(found)
    return [] if found == {} else found
