"""Write the reference of tables from their declarations."""

from __future__ import annotations

from collections.abc import Iterator

from pyspark.sql.types import StructType
from writing import code, page, table

from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import TABLES

_INTRODUCTION = """\
Each table is a Delta table in a folder of its name below `warehouse`. A column of a struct is
listed as `struct.column`. Every job checks the columns it reads and writes."""


def render() -> str:
    """Return the page."""
    return page("Tables", _INTRODUCTION, *map(_section, TABLES))


def _section(declared: Table) -> str:
    partitions = ", ".join(map(code, declared.partitioned_by)) or "nothing"
    facts = f"Written by {declared.made_by}; partitioned by {partitions}."
    rows = table(["column", "type", "null", "holds"], _columns(declared.schema))
    rules = [f"Constraint `{name}`: `{rule.sql}`." for name, rule in declared.constraints.items()]
    return "\n\n".join([f"## {declared.name}", declared.comment, facts, rows, *rules])


def _columns(schema: StructType, struct: str = "") -> Iterator[list[str]]:
    for field in schema:
        name, kind = struct + field.name, field.dataType
        shown = "struct" if isinstance(kind, StructType) else kind.simpleString()
        comment = field.metadata.get("comment", "")
        yield [code(name), shown, "yes" if field.nullable else "no", comment]
        if isinstance(kind, StructType):
            yield from _columns(kind, f"{name}.")
