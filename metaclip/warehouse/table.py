"""Declare one Delta table, and check rows against the declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import DataType, StructField, StructType

from metaclip.errors import InputError


def column(name: str, kind: DataType, comment: str) -> StructField:
    """Return a column that may be null."""
    return StructField(name, kind, True, {"comment": comment})


def required(name: str, kind: DataType, comment: str) -> StructField:
    """Return a column that is NOT NULL."""
    return StructField(name, kind, False, {"comment": comment})


def arrow_schema(schema: StructType) -> pa.Schema:
    """Return the Arrow schema of the rows that Python workers hand to Spark as `schema`."""
    return to_arrow_schema(schema)


class Constraint(NamedTuple):
    """A condition on each row of a table: in SQL for Delta, and on rows that Python writes."""

    sql: str
    holds: Callable[[pa.RecordBatch], pa.BooleanArray]


@dataclass(frozen=True)
class Table:
    """One Delta table: its columns, the jobs that write it, its partitions and constraints.

    Delta keeps statistics of the columns `skipped_by`, so that queries skip files by them.
    """

    name: str
    comment: str
    made_by: str
    schema: StructType
    partitioned_by: tuple[str, ...] = ()
    constraints: Mapping[str, Constraint] = field(default_factory=dict)
    skipped_by: tuple[str, ...] = ()

    def schema_without(self, *given: str) -> StructType:
        """Return the schema without the columns `given`, which a partition supplies.

        All are nullable, as Python's rows are: the write checks NOT NULL.
        """
        columns = [column for column in self.schema if column.name not in given]
        return StructType([StructField(c.name, c.dataType, True) for c in columns])

    def rows(self, records: Sequence[Mapping[str, object]], *given: str) -> pa.Table:
        """Return records as rows of the schema without the columns `given`."""
        return pa.Table.from_pylist(list(records), schema=arrow_schema(self.schema_without(*given)))

    def check(self, schema: StructType, action: str) -> None:
        """Compare the columns of `schema` with the declared ones.

        Args:
            action: `read` or `write`, for the error.

        Raises:
            InputError: naming all differences.
        """
        declared = {column.name: column.dataType for column in self.schema}
        found = {column.name: column.dataType for column in schema}
        differences = [f"no column {name}" for name in declared if name not in found]
        differences += [
            f"column {name} which is not declared" for name in found if name not in declared
        ]
        differences += [
            f"column {name} {found[name].simpleString()} instead of {kind.simpleString()}"
            for name, kind in declared.items()
            if name in found and found[name].simpleString() != kind.simpleString()
        ]
        if differences:
            raise InputError(
                f"{action} of table {self.name}",
                "the declared columns",
                ", ".join(differences),
                "the table was made by another program or version" if action == "read" else "",
            )
