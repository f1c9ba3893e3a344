"""Read the tables of a warehouse by their names, as a notebook does."""

from __future__ import annotations

from pyspark.sql import DataFrame

from metaclip.errors import InputError
from metaclip.warehouse.tables import EXTRACTIONS, TABLES
from metaclip.warehouse.warehouse import Warehouse

_TABLES = {table.name: table for table in TABLES}
_KINDS = {"pairs": "pair", "crawl_files": "file"}
"""The kind of the rows of `extractions` that each view shows."""


def read_view(warehouse: Warehouse, name: str) -> DataFrame:
    """Return the rows of `pairs` or `crawl_files` of all crawls, with their crawl and path."""
    kind = _KINDS[name]
    rows = warehouse.read(EXTRACTIONS).where(f"kind = '{kind}'")
    return rows.select("crawl", "path", f"{kind}.*")


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
        if name in _KINDS:
            return read_view(self, name)
        if name in _TABLES:
            return self.read(_TABLES[name])
        names = ", ".join([*_TABLES, *_KINDS])
        raise InputError(f"warehouse {self.root}", f"one of {names}", name)

    def names(self) -> list[str]:
        """Return the names of the tables and views that exist."""
        found = [table.name for table in TABLES if self.exists(table)]
        return [*found, *(_KINDS if EXTRACTIONS.name in found else ())]
