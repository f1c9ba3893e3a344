"""Replace rows of a table by files that Python wrote, in one commit.

Delta for Spark would run several jobs for it. A commit is refused where a file that could hold rows
to be replaced came or went since the replacement began.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from metaclip.errors import ConflictError
from metaclip.warehouse.files import write_files
from metaclip.warehouse.scanning import with_partition
from metaclip.warehouse.selection import Selection
from metaclip.warehouse.storage import Storage, TableFile, list_files, require_plain
from metaclip.warehouse.table import Table, arrow_schema

_HOOKS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)


class Replacement:
    """The replacement of rows of `table`.

    It begins when it is made: rows that another job writes later are a conflict.
    """

    def __init__(self, storage: Storage, table: Table, selection: Selection) -> None:
        self._storage, self._table, self._selection = storage, table, selection
        self._delta = storage.open(table)
        self._held = self._find(self._delta)

    def commit(self, added: Sequence[Mapping[str, Any]], note: str) -> None:
        """Publish files, rows of ADDED, in place of the rows that are there.

        Raises:
            ConflictError: another job wrote some of these rows since.
        """
        removed, kept = self._remove()
        actions: list[AddAction | RemoveAction] = [*map(_add, [*added, *kept]), *removed]
        rows = sum(json.loads(file["stats"])["numRecords"] for file in added)
        properties = CommitProperties(
            {"userMetadata": note, "operationMetrics": {"numOutputRows": str(rows)}},
            max_commit_retries=0,
        )
        delta = self._delta
        while True:
            try:
                return delta.create_write_transaction(
                    actions,
                    "append",
                    delta.schema(),
                    list(self._table.partitioned_by),
                    commit_properties=properties,
                    post_commithook_properties=_HOOKS,
                )
            except CommitFailedError:
                delta = self._reopen()

    def _reopen(self) -> DeltaTable:
        """Return the newest version, unless some of the files changed."""
        delta = self._storage.open(self._table)
        if self._find(delta) != self._held:
            raise conflict(self._table, self._selection.partition, f"version {delta.version()}")
        return delta

    def _find(self, delta: DeltaTable) -> list[TableFile]:
        """Return the files that may have rows to be replaced, by path."""
        require_plain(delta, self._table)
        files = list_files(delta, self._table, self._selection.column)
        return [file for file in files if _may_have(file, self._selection)]

    def _remove(self) -> tuple[list[RemoveAction], list[dict[str, Any]]]:
        """Return what removes the rows, and new files, rows of ADDED, that keep other rows."""
        removed, kept = [], []
        for file in self._held:
            # Delta for Spark cuts long values, and then the two differ.
            one = file.least is not None and file.least == file.greatest
            if self._selection.column is not None and not one:
                others = self._keep_others(file)
                if others is None:
                    continue
                kept += others
            now = _milliseconds()
            removed.append(RemoveAction(file.path, True, now, file.size, dict(file.partition)))
        return removed, kept

    def _keep_others(self, file: TableFile) -> list[dict[str, Any]] | None:
        """Write the rows of a file that stay, or return None where all of them do."""
        select, schema = self._selection.mask, arrow_schema(self._table.schema_without())
        with self._storage.files(self._table).open_input_file(file.path) as stream:
            source = pq.ParquetFile(stream, coerce_int96_timestamp_unit="us")
            values = source.iter_batches(columns=[self._selection.column])
            if not any(pc.any(select(rows)).as_py() for rows in values):
                return None
            # Spark's own rewrites have the partition's columns in the file, too.
            inside = [name for name in schema.names if name not in self._table.partitioned_by]
            batches = source.iter_batches(columns=inside)
            rest = (rows.filter(pc.invert(select(rows))) for rows in batches)
            whole = (with_partition(rows, file, schema.names) for rows in rest if rows.num_rows)
            rows = (batch.cast(schema) for batch in whole)
            return write_files(rows, self._table, self._storage, Selection({}))


def conflict(table: Table, partition: Mapping[str, str], how: str) -> ConflictError:
    """Return the error for rows that another job wrote meanwhile."""
    return ConflictError(
        f"{table.name} {dict(partition)}: another job wrote it at the same time and won "
        f"({how}); nothing of this job was published, run it again"
    )


def _may_have(file: TableFile, selection: Selection) -> bool:
    """Return whether a file may have some of the selected rows."""
    if not file.lies_in(selection.partition):
        return False
    if selection.column is None or file.least is None or file.greatest is None:
        return True
    index = bisect_left(selection.values, file.least)
    return index < len(selection.values) and selection.values[index] <= file.greatest


def _add(file: Mapping[str, Any]) -> AddAction:
    partition = json.loads(file["partition"])
    now = _milliseconds()
    return AddAction(file["path"], file["size"], partition, now, True, file["stats"])


def _milliseconds() -> int:
    return int(time.time() * 1000)
