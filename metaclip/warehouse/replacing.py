"""Replace rows of a table by files that Python wrote, in one commit.

Delta for Spark would run several jobs for it. A commit is refused where a file that could hold rows
to be replaced came or went since the replacement began.
"""

from __future__ import annotations

import json
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from metaclip.errors import ConflictError, InputError
from metaclip.warehouse.files import Selection, write_files
from metaclip.warehouse.storage import Storage
from metaclip.warehouse.table import Table, arrow_schema

_HOOKS = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)


@dataclass(frozen=True)
class _Held:
    """A file of a table, and the bounds of the column by which rows are selected, if known."""

    path: str
    size: int
    partition: tuple[tuple[str, str], ...]
    least: str | None
    greatest: str | None


class Replacement:
    """The replacement of rows of `table`.

    It begins when it is made: rows that another job writes later are a conflict.
    """

    def __init__(self, storage: Storage, table: Table, selection: Selection) -> None:
        self._storage, self._table, self._selection = storage, table, selection
        self._delta = _open(storage, table)
        self._held = self._find()

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
        while True:
            try:
                return self._delta.create_write_transaction(
                    actions,
                    "append",
                    self._delta.schema(),
                    list(self._table.partitioned_by),
                    commit_properties=properties,
                    post_commithook_properties=_HOOKS,
                )
            except CommitFailedError:
                self._require_unchanged()

    def _require_unchanged(self) -> None:
        """Take the newest version, unless some of the files changed."""
        held, before = self._held, self._delta.version()
        self._delta = _open(self._storage, self._table)
        self._held = self._find()
        if self._held != held:
            how = f"versions {before + 1} to {self._delta.version()}"
            raise conflict(self._table, self._selection.partition, how)

    def _find(self) -> list[_Held]:
        """Return the files that may have rows to be replaced, by path."""
        actions = pa.table(self._delta.get_add_actions(flatten=True)).to_pylist()
        files = [_held(action, self._table, self._selection.column) for action in actions]
        found = [file for file in files if _may_have(file, self._selection)]
        return sorted(found, key=lambda file: file.path)

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

    def _keep_others(self, file: _Held) -> list[dict[str, Any]] | None:
        """Write the rows of a file that stay, or return None where all of them do."""
        select, schema = self._selection.mask, arrow_schema(self._table.schema_without())
        with self._storage.files(self._table).open_input_file(file.path) as stream:
            source = pq.ParquetFile(stream, coerce_int96_timestamp_unit="us")
            values = source.iter_batches(columns=[self._selection.column])
            if not any(pc.any(select(rows)).as_py() for rows in values):
                return None
            rest = (rows.filter(pc.invert(select(rows))) for rows in source.iter_batches())
            whole = (_with_partition(rows, file) for rows in rest if rows.num_rows)
            rows = (batch.select(schema.names).cast(schema) for batch in whole)
            return write_files(rows, self._table, self._storage, Selection({}))


def conflict(table: Table, partition: Mapping[str, str], how: str) -> ConflictError:
    """Return the error for rows that another job wrote meanwhile."""
    return ConflictError(
        f"{table.name} {dict(partition)}: another job wrote it at the same time and won "
        f"({how}); nothing of this job was published, run it again"
    )


def _open(storage: Storage, table: Table) -> DeltaTable:
    """Return the newest version of a table whose files hold all rows as they are."""
    delta = storage.open(table)
    protocol = delta.protocol()
    if protocol.min_reader_version > 1:
        features = ", ".join(protocol.reader_features or ["column mapping"])
        raise InputError(
            f"write of table {table.name}",
            "a table of reader version 1, as jobs create it",
            features,
            "drop the feature (ALTER TABLE ... DROP FEATURE)",
        )
    return delta


def _with_partition(rows: pa.RecordBatch, file: _Held) -> pa.RecordBatch:
    for name, value in file.partition:
        rows = rows.append_column(name, pa.repeat(value, rows.num_rows))
    return rows


def _may_have(file: _Held, selection: Selection) -> bool:
    """Return whether a file may have some of the selected rows."""
    if not selection.partition.items() <= dict(file.partition).items():
        return False
    if selection.column is None or file.least is None or file.greatest is None:
        return True
    ordered = sorted(selection.values)
    index = bisect_left(ordered, file.least)
    return index < len(ordered) and ordered[index] <= file.greatest


def _held(action: Mapping[str, Any], table: Table, column: str | None) -> _Held:
    return _Held(
        path=action["path"],
        size=action["size_bytes"],
        partition=tuple((name, action[f"partition.{name}"]) for name in table.partitioned_by),
        least=action.get(f"min.{column}"),
        greatest=action.get(f"max.{column}"),
    )


def _add(file: Mapping[str, Any]) -> AddAction:
    partition = json.loads(file["partition"])
    now = _milliseconds()
    return AddAction(file["path"], file["size"], partition, now, True, file["stats"])


def _milliseconds() -> int:
    return int(time.time() * 1000)
