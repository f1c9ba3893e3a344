"""Name rows of a table that are written together, or replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from metaclip.errors import MetaclipError
from metaclip.warehouse.table import Table


@dataclass(frozen=True)
class Selection:
    """Rows of a table: those of a partition, and in it those with one of the values of a column.

    The values are sorted.
    """

    partition: Mapping[str, str]
    column: str | None = None
    values: Sequence[str] = ()

    def mask(self, rows: pa.RecordBatch) -> pa.BooleanArray:
        """Return true for each of the rows that has one of the values."""
        return pc.is_in(rows.column(self.column), pa.array(self.values, pa.string()))

    def complete(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Return rows with the column, where they may lack it since it has one value.

        Raises:
            MetaclipError: a row that is not selected.
        """
        if self.column is None:
            return rows
        if self.column not in rows.schema.names:
            [value] = self.values
            return rows.append_column(self.column, pa.repeat(value, rows.num_rows))
        if not pc.all(self.mask(rows)).as_py():
            raise MetaclipError(f"write of other values of {self.column} than are replaced")
        return rows


def select(table: Table, partition: Mapping[str, str], paths: Sequence[str] | None) -> Selection:
    """Return the rows of a partition, or of `paths` in it.

    A table without partitions has a column with the value that `partition` gives.
    """
    inside = {name: value for name, value in partition.items() if name in table.partitioned_by}
    if paths is not None:
        return Selection(inside, "path", sorted(paths))
    for column in partition.keys() - inside.keys():
        return Selection(inside, column, [partition[column]])
    return Selection(inside)
