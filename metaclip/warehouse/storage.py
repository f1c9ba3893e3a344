"""Reach the files of a warehouse from Python, in the driver and in workers, without the JVM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pyarrow as pa
from deltalake import DeltaTable, Schema
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import (
    FileSelector,
    FileSystem,
    LocalFileSystem,
    PyFileSystem,
    SubTreeFileSystem,
)
from pyspark.sql import SparkSession

from metaclip.errors import InputError
from metaclip.warehouse.table import Table

_PROPERTIES = {
    # The log records the inputs of each partition, so it is kept.
    "delta.logRetentionDuration": "interval 36500 days",
}

_S3A_OPTIONS = {
    "access.key": "aws_access_key_id",
    "secret.key": "aws_secret_access_key",
    "session.token": "aws_session_token",
    "endpoint.region": "aws_region",
}


class TableFile(NamedTuple):
    """A file of a table: its path below the table, its bytes, and its partition.

    `least` and `greatest` are the bounds of one column, where the log has them.
    """

    path: str
    size: int
    partition: tuple[tuple[str, str], ...]
    least: str | None = None
    greatest: str | None = None

    def lies_in(self, partition: Mapping[str, str]) -> bool:
        """Return whether the file is one of a partition."""
        return partition.items() <= dict(self.partition).items()


@dataclass(frozen=True)
class Storage:
    """The folder of a warehouse, and the options by which deltalake opens what is below it.

    Tasks get a copy. Without options, keys come from the places where the AWS SDK looks.
    """

    root: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def path(self, table: Table) -> str:
        """Return where `table` lies."""
        return f"{self.root}/{table.name}"

    def exists(self, table: Table) -> bool:
        """Return whether `table` was created."""
        return DeltaTable.is_deltatable(self.path(table), dict(self.options))

    def open(self, table: Table) -> DeltaTable:
        """Return the newest version of `table`."""
        return DeltaTable(self.path(table), storage_options=dict(self.options))

    def create(self, table: Table) -> None:
        """Create `table` from its declaration, unless it is there.

        Raises:
            InputError: its folder has something else.
        """
        self._require_table_or_nothing(table)
        skipped = {"delta.dataSkippingNumIndexedCols": "0"}
        if table.skipped_by:
            skipped = {"delta.dataSkippingStatsColumns": ",".join(table.skipped_by)}
        delta = DeltaTable.create(
            self.path(table),
            Schema.from_json(table.schema.json()),
            mode="ignore",
            partition_by=list(table.partitioned_by),
            description=table.comment,
            configuration={**_PROPERTIES, **skipped},
            storage_options=dict(self.options),
        )
        missing = {
            name: constraint.sql
            for name, constraint in table.constraints.items()
            if f"delta.constraints.{name}" not in delta.metadata().configuration
        }
        if missing:
            delta.alter.add_constraint(missing)

    def _require_table_or_nothing(self, table: Table) -> None:
        if self.exists(table):
            return
        listed = self.files(table).get_file_info(FileSelector(""))
        # A job that was killed while it created the table may leave a log without a commit.
        others = sorted({file.path for file in listed} - {"_delta_log"})
        if others:
            where = f"warehouse {self.root}"
            raise InputError(where, f"a table or nothing at {table.name}", others[0])

    def files(self, table: Table) -> FileSystem:
        """Return the folder of `table`."""
        if "://" not in self.root:
            # Arrow's own files need no threads of deltalake's in each worker.
            Path(self.path(table)).mkdir(parents=True, exist_ok=True)
            return SubTreeFileSystem(self.path(table), LocalFileSystem())
        return PyFileSystem(DeltaStorageHandler(self.path(table), dict(self.options)))


def require_plain(delta: DeltaTable, table: Table) -> None:
    """Raise InputError where a feature of Delta changes what a file of `table` holds."""
    protocol = delta.protocol()
    if protocol.min_reader_version > 1:
        raise InputError(
            f"table {table.name}",
            "a table of reader version 1, as jobs create it",
            ", ".join(protocol.reader_features or ["column mapping"]),
            "drop the feature (ALTER TABLE ... DROP FEATURE)",
        )


def list_files(delta: DeltaTable, table: Table, column: str | None = None) -> list[TableFile]:
    """Return the files of a table by path, with the bounds of `column`."""
    actions = pa.table(delta.get_add_actions(flatten=True)).to_pylist()
    files = [
        TableFile(
            action["path"],
            action["size_bytes"],
            tuple((name, action[f"partition.{name}"]) for name in table.partitioned_by),
            action.get(f"min.{column}"),
            action.get(f"max.{column}"),
        )
        for action in actions
    ]
    return sorted(files)


def storage_options(spark: SparkSession, root: str) -> dict[str, str]:
    """Return the options of `s3a://` that Hadoop's settings name, as deltalake calls them."""
    url = urlsplit(root)
    if url.scheme != "s3a":
        return {}
    hadoop: Any = spark._jsc.hadoopConfiguration()

    def get(name: str) -> str | None:
        # A bucket may have settings of its own, and secrets may lie in Hadoop's key store.
        for key in (f"fs.s3a.bucket.{url.netloc}.{name}", f"fs.s3a.{name}"):
            if (value := hadoop.getPassword(key)) is not None:
                return "".join(value)
        return None

    options = {theirs: value for name, theirs in _S3A_OPTIONS.items() if (value := get(name))}
    endpoint = get("endpoint")
    if endpoint and endpoint != "s3.amazonaws.com":
        secure = (get("connection.ssl.enabled") or "true").lower() == "true"
        if "://" not in endpoint:
            endpoint = f"{'https' if secure else 'http'}://{endpoint}"
        options["aws_endpoint_url"] = endpoint
        options["aws_allow_http"] = str(endpoint.startswith("http://")).lower()
    if (get("path.style.access") or "false").lower() != "true":
        options["aws_virtual_hosted_style_request"] = "true"
    if "Anonymous" in (get("aws.credentials.provider") or ""):
        options["aws_skip_signature"] = "true"
    return options
