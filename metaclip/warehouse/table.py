"""Declare one Delta table, and check rows against the declaration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
from pyspark.sql import DataFrame
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
    constraints: Mapping[str, str] = field(default_factory=dict)
    skipped_by: tuple[str, ...] = ()

    def schema_without(self, *given: str) -> StructType:
        """Return the schema without the columns `given`, which a partition supplies.

        All are nullable, as Python's rows are: Delta itself checks NOT NULL.
        """
        columns = [column for column in self.schema if column.name not in given]
        return StructType([StructField(c.name, c.dataType, True) for c in columns])

    def check(self, frame: DataFrame, action: str) -> None:
        """Compare the columns of `frame` with the declared ones.

        Args:
            action: `read` or `write`, for the error.

        Raises:
            InputError: naming all differences.
        """
        declared = {column.name: column.dataType for column in self.schema}
        found = {column.name: column.dataType for column in frame.schema}
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
