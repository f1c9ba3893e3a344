"""Read the tables and views of a warehouse by their names, or by their crawls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from metaclip.errors import InputError
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import EXTRACTIONS, FILE, PAIR, TABLES
from metaclip.warehouse.warehouse import Warehouse

_TABLES = {table.name: table for table in TABLES}


class View(NamedTuple):
    """A view over `extractions`: the kind of its rows, their columns, and a comment."""

    kind: str
    columns: StructType
    comment: str


VIEWS = {
    "pairs": View("pair", PAIR, "Pairs of all crawls, not unique."),
    "crawl_files": View("file", FILE, "The ledger: one row for each file that was asked for."),
}
"""The views of a warehouse by name."""


def read_view(warehouse: Warehouse, name: str) -> DataFrame:
    """Return the rows of `pairs` or `crawl_files` of all crawls, with their crawl and path."""
    kind = VIEWS[name].kind
    rows = warehouse.read(EXTRACTIONS).where(f"kind = '{kind}'")
    return rows.select("crawl", "path", f"{kind}.*")


def read_crawls(
    warehouse: Warehouse, table: Table, version: str, spacing: str, crawls: Sequence[str]
) -> DataFrame:
    """Return the rows of `matches` or `entry_counts` of crawls, matched with one version."""
    of_version = (F.col("metadata_version") == version) & (F.col("spacing") == spacing)
    return warehouse.read(table).where(of_version & F.col("crawl").isin(list(crawls)))


class NamedTables(Warehouse):
    """A warehouse whose tables and views are read by name: `warehouse["curated"]`.

    The view `pairs` holds the pairs of all crawls, not unique; `crawl_files` holds the
    ledger, one row for each file.
    """

    def __getitem__(self, name: str) -> DataFrame:
        """Return the newest version of a table or view.

        Raises:
            InputError: there is no such table, or no job has written it yet.
        """
        if name in VIEWS:
            return read_view(self, name)
        if name in _TABLES:
            return self.read(_TABLES[name])
        names = ", ".join([*_TABLES, *VIEWS])
        raise InputError(f"warehouse {self.root}", f"one of {names}", name)

    def names(self) -> list[str]:
        """Return the names of the tables and views that exist."""
        found = [table.name for table in TABLES if self.exists(table)]
        return [*found, *(VIEWS if EXTRACTIONS.name in found else ())]
