"""Read the tables of one warehouse at their newest version; replace them by the partition."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import pyarrow as pa
from delta import exceptions as delta_exceptions
from delta.tables import DeltaTable as SparkTable
from deltalake import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import IllegalArgumentException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from metaclip import __version__
from metaclip.errors import InputError
from metaclip.warehouse.commits import Change, CommitLog
from metaclip.warehouse.files import ADDED, file_writer, write_files
from metaclip.warehouse.replacing import Replacement, conflict
from metaclip.warehouse.scanning import divide_files, read_parts
from metaclip.warehouse.selection import select
from metaclip.warehouse.storage import Storage, list_files, require_plain, storage_options
from metaclip.warehouse.table import Table
from metaclip.warehouse.tasks import Tasks

_CONFLICTS = (
    delta_exceptions.DeltaConcurrentModificationException,
    delta_exceptions.ConcurrentWriteException,
    delta_exceptions.MetadataChangedException,
    delta_exceptions.ProtocolChangedException,
    delta_exceptions.ConcurrentAppendException,
    delta_exceptions.ConcurrentDeleteReadException,
    delta_exceptions.ConcurrentDeleteDeleteException,
    delta_exceptions.ConcurrentTransactionException,
)

_NOTE = "spark.databricks.delta.commitInfo.userMetadata"

Partition = Mapping[str, str]
Versions = Mapping[str, int]


class Draft(NamedTuple):
    """Rows that were written and are not published yet, and what their tasks noted."""

    table: Table
    partition: Partition
    replacement: Replacement
    files: list[dict[str, Any]]
    notes: list[str]


class Warehouse:
    """The tables below one root folder, for one job and its settings.

    `seconds` has, by the name of each stage so far, how long it took. `read_tables` and
    `written_tables` name the tables that the job used so far.
    """

    def __init__(self, spark: SparkSession, root: str, job: str, config_digest: str) -> None:
        self.spark, self.root = spark, _qualify(spark, root)
        self.storage = Storage(self.root, storage_options(spark, self.root))
        self._commit = {"metaclip": __version__, "job": job, "config": config_digest}
        self._commit["application"] = str(spark.sparkContext.applicationId)
        self.seconds: dict[str, float] = {}
        self.current: str | None = None
        """The stage that runs now."""
        self.read_tables: set[str] = set()
        self.written_tables: set[str] = set()
        self._log = CommitLog(self.storage)
        self._checked: set[str] = set()

    def path(self, table: Table) -> str:
        """Return where `table` lies."""
        return self.storage.path(table)

    def exists(self, table: Table) -> bool:
        """Return whether `table` was created."""
        return self.storage.exists(table)

    def require_writable(self) -> None:
        """Raise InputError unless files can be made under the root."""
        jvm: Any = self.spark._jvm
        try:
            probe = jvm.org.apache.hadoop.fs.Path(self.root, "_writable")
            system = probe.getFileSystem(self.spark._jsc.hadoopConfiguration())
            system.create(probe, True).close()
            system.delete(probe, False)
        except Py4JJavaError as error:
            reason = str(error.java_exception.getMessage()).splitlines()[0]
            raise InputError(
                f"warehouse {self.root}", "a folder that can be written", reason
            ) from None

    def read(self, table: Table) -> DataFrame:
        """Return `table` at its version of now, whatever is written later.

        Raises:
            InputError: there is no such table, or its schema is not the declared one.
        """
        version = self._open(table).version()
        reader = self.spark.read.format("delta").option("versionAsOf", version)
        return reader.load(self.path(table)).select(*table.schema.names)

    def read_partition(self, table: Table, partition: Partition) -> DataFrame:
        """Return the rows of one partition of `table` at its version of now."""
        rows = self.read(table)
        for column, value in partition.items():
            rows = rows.where(F.col(column) == value)
        return rows

    def read_rows(
        self, table: Table, partition: Partition, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Return the rows of one partition, all in the driver's memory, without a Spark job.

        Raises:
            InputError: as `read`.
        """
        terms = [(column, "=", value) for column, value in partition.items()]
        names = list(columns or table.schema.names)
        delta = self._open(table)
        require_plain(delta, table)
        return delta.to_pyarrow_table(columns=names, filters=terms or None)

    def _open(self, table: Table) -> DeltaTable:
        if not self.exists(table):
            raise InputError(
                f"warehouse {self.root}",
                f"a table {table.name}",
                "none",
                f"run {table.made_by} first",
            )
        delta = self.storage.open(table)
        table.check(_schema_of(delta), "read")
        self.read_tables.add(table.name)
        return delta

    def version(self, table: Table) -> int:
        """Return the newest version of `table`."""
        return self.storage.open(table).version()

    def last_change(self, table: Table, partition: Partition) -> Change | None:
        """Return the last commit by one of our jobs to `partition`, or None.

        Commits that move rows without changing them (OPTIMIZE) carry no partition of ours.
        """
        return self._log.find_change(table, partition) if self.exists(table) else None

    def written_partitions(self, table: Table) -> list[dict[str, str]]:
        """Return the partitions of `table` that our jobs have written, the newest first."""
        return self._log.partitions(table) if self.exists(table) else []

    def count_rows(self, table: Table, partition: Partition) -> int:
        """Return the number of rows of one partition, from the log where the last commit has it."""
        change = self.last_change(table, partition)
        if change is None or change.rows is None:
            return self.read_partition(table, partition).count()
        return change.rows

    def scan(self, table: Table, partition: Partition, columns: Sequence[str]) -> Tasks:
        """Return tasks that read one partition of `table` at its version of now, in Python.

        Raises:
            InputError: as `read`.
        """
        delta = self._open(table)
        require_plain(delta, table)
        storage, session = self.storage, self.spark._jsparkSession
        files = list_files(delta, table)
        largest = int(session.sessionState().conf().filesMaxPartitionBytes())
        cores = self.spark.sparkContext.defaultParallelism
        parts = divide_files([f for f in files if f.lies_in(partition)], largest, cores)

        def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for index in batch.column(0).to_pylist():
                    yield from read_parts(parts[index], table, storage, columns)

        return Tasks(self.spark.range(0, len(parts), 1, max(1, len(parts))), read)

    def replace(
        self,
        table: Table,
        rows: DataFrame | Tasks | pa.Table,
        partition: Partition,
        inputs: Versions,
        paths: Sequence[str] | None = None,
    ) -> None:
        """Replace `partition` of `table` by `rows`, whole, in one commit.

        Rows are written where they are: Spark writes its own, Python those that it makes, in tasks
        or in the driver.

        Args:
            rows: with the columns that `partition` does not give.
            inputs: the version of each input, as `table` or `table/partition` to version.
            paths: replace only the rows of these values of the column `path`; for rows of Python.

        Raises:
            InputError: the columns are not the declared ones.
            ConflictError: another job wrote the same rows at the same time.
        """
        if not isinstance(rows, DataFrame):
            self.publish(self.write(table, rows, partition, paths), inputs)
            return
        self.create(table)
        with self.stage(f"write {table.name}"):
            self._replace_by_spark(table, rows, partition, inputs)

    def write(
        self,
        table: Table,
        rows: Tasks | pa.Table,
        partition: Partition,
        paths: Sequence[str] | None = None,
    ) -> Draft:
        """Write the files of a replacement, which `publish` commits; for rows of Python."""
        self.create(table)
        with self.stage(f"write {table.name}"):
            selection = select(table, partition, paths)
            replacement = Replacement(self.storage, table, selection)
            if isinstance(rows, pa.Table):
                files = write_files(rows.to_batches(), table, self.storage, selection)
                return Draft(table, partition, replacement, files, [])
            write = file_writer(rows, table, self.storage, selection)
            found = rows.given.mapInArrow(write, from_arrow_schema(ADDED)).collect()
            files = [row.asDict() for row in found if row.note is None]
            notes = [row.note for row in found if row.note is not None]
            return Draft(table, partition, replacement, files, notes)

    def publish(self, draft: Draft, inputs: Versions) -> None:
        """Commit files that were written.

        Raises:
            ConflictError: another job wrote the same rows at the same time.
        """
        with self.stage(f"write {draft.table.name}"):
            draft.replacement.commit(draft.files, self._note(draft.table, draft.partition, inputs))

    def _replace_by_spark(
        self, table: Table, rows: DataFrame, partition: Partition, inputs: Versions
    ) -> None:
        for column, value in partition.items():
            rows = rows.withColumn(column, F.lit(value))
        table.check(rows.schema, "write")
        terms = [f"{column} = {quote(value)}" for column, value in partition.items()]
        with self.committing(table, partition, inputs):
            (
                rows.select(*table.schema.names)
                .write.format("delta")
                .mode("overwrite")
                .option("replaceWhere", " and ".join(terms))
                .save(self.path(table))
            )

    def _note(self, table: Table, partition: Partition, inputs: Versions) -> str:
        """Return the userMetadata of a commit to `table`."""
        self.written_tables.add(table.name)
        return json.dumps({**self._commit, "partition": dict(partition), "inputs": dict(inputs)})

    @contextmanager
    def committing(
        self, table: Table, partition: Partition, inputs: Mapping[str, int]
    ) -> Iterator[SparkTable]:
        """Give `table` for one commit of Spark's, which is noted as the last change of `partition`.

        Raises:
            ConflictError: another job wrote the same rows at the same time.
        """
        self.spark.conf.set(_NOTE, self._note(table, partition, inputs))
        try:
            yield SparkTable.forPath(self.spark, self.path(table))
        except _CONFLICTS as error:
            raise conflict(table, partition, type(error).__name__) from None
        finally:
            self.spark.conf.unset(_NOTE)

    def require_own(self, table: Table, partition: Partition) -> int:
        """Return the version in which this application wrote `partition` of `table`.

        Raises:
            ConflictError: another one wrote it since.
        """
        change = self.last_change(table, partition)
        if change is None or change.application != self._commit["application"]:
            found = "nobody" if change is None else change.application
            raise conflict(table, partition, f"by {found}")
        return change.version

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, and name it in Spark's pages and event log."""
        context, started = self.spark.sparkContext, time.monotonic()
        context.setJobDescription(name)
        before, self.current = self.current, name
        try:
            yield
        finally:
            self.current = before
            context.setLocalProperty("spark.job.description", None)  # type: ignore[arg-type]
            taken = time.monotonic() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + taken

    def create(self, table: Table) -> None:
        """Create `table` from its declaration, or check the one that is there.

        Raises:
            InputError: there is one whose schema is not the declared one.
        """
        if table.name in self._checked:
            return
        self.storage.create(table)
        self._open(table)
        self._checked.add(table.name)


def _schema_of(delta: DeltaTable) -> StructType:
    return StructType.fromJson(json.loads(delta.schema().to_json()))


def _qualify(spark: SparkSession, root: str) -> str:
    """Return the full name of a folder: a relative one would be taken for a table's name."""
    jvm: Any = spark._jvm
    try:
        path = jvm.org.apache.hadoop.fs.Path(root)
        system = path.getFileSystem(spark._jsc.hadoopConfiguration())
        name = str(system.makeQualified(path).toString())
    except (Py4JJavaError, IllegalArgumentException) as error:
        words = error.java_exception.getMessage() if isinstance(error, Py4JJavaError) else error
        reason = str(words).splitlines()[0]
        raise InputError(f"warehouse {root}", "a folder that Hadoop can reach", reason) from None
    if "%" in name:
        # deltalake would take %20 for a space in some of its requests.
        raise InputError(f"warehouse {root}", "a path without %", name)
    return name.removeprefix("file:").rstrip("/") or "/"


def quote(value: str) -> str:
    """Return a string as SQL writes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
