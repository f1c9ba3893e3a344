"""Read the notes that our commits left in the Delta log of a table, the newest commit first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from metaclip.warehouse.storage import Storage
from metaclip.warehouse.table import Table

_OURS = '{"metaclip": '
"""Prefix of the userMetadata of our own commits."""
_RECENT = 20
"""Commits that are read first; a commit is a request each, and most questions end here."""


@dataclass(frozen=True)
class Change:
    """The last commit that wrote a partition.

    The table's version, the versions of its inputs, the Spark application that wrote it, and
    the rows that it replaced the partition by, where Delta recorded them.
    """

    version: int
    inputs: Mapping[str, int]
    application: str
    rows: int | None = None


@dataclass(frozen=True)
class _Commit:
    version: int
    note: str
    rows: int | None


class CommitLog:
    """The commits of the tables of one warehouse, each version of a table read once."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._read: dict[tuple[str, int], dict[int | None, list[_Commit]]] = {}

    def find_change(self, table: Table, partition: Mapping[str, str]) -> Change | None:
        """Return the last commit of ours to `partition` of `table`."""
        for commit in self._newest_first(table):
            # Others may write userMetadata too, in forms of their own.
            if not commit.note.startswith(_OURS):
                continue
            note = json.loads(commit.note)
            if note["partition"] == dict(partition):
                application = note.get("application", "")
                return Change(commit.version, note["inputs"], application, commit.rows)
        return None

    def partitions(self, table: Table) -> list[dict[str, str]]:
        """Return the partitions that our commits wrote, the newest first."""
        notes = (commit.note for commit in self._newest_first(table))
        found = [json.loads(note)["partition"] for note in notes if note.startswith(_OURS)]
        return list({tuple(sorted(part.items())): part for part in found if part}.values())

    def _newest_first(self, table: Table) -> Iterator[_Commit]:
        delta = self._storage.open(table)
        known = self._read.setdefault((table.name, delta.version()), {})
        for limit in (_RECENT, None):
            if limit not in known:
                known[limit] = [_parse(info) for info in delta.history(limit)]
            yield from known[limit][_RECENT if limit is None else 0 :]
            if len(known[limit]) < _RECENT:
                return


def _parse(info: Mapping[str, Any]) -> _Commit:
    # A MERGE or DELETE also counts the rows that it rewrites.
    written = info.get("operation") == "WRITE"
    rows = info.get("operationMetrics", {}).get("numOutputRows") if written else None
    note = info.get("userMetadata") or ""
    return _Commit(info["version"], note, None if rows is None else int(rows))
