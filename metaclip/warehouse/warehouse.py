"""Read the tables of one warehouse at their newest version; replace them by the partition."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from delta import exceptions as delta_exceptions
from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, IllegalArgumentException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from metaclip import __version__
from metaclip.errors import ConflictError, InputError
from metaclip.warehouse.commits import Change, CommitLog
from metaclip.warehouse.table import Table

_PROPERTIES = {
    # The log records the inputs of each partition, so it is kept.
    "delta.logRetentionDuration": "interval 36500 days",
}

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


class Warehouse:
    """The tables below one root folder, for one job and its settings.

    `seconds` has, by the name of each stage so far, how long it took.
    """

    def __init__(self, spark: SparkSession, root: str, job: str, config_digest: str) -> None:
        self.spark, self.root = spark, _qualify(spark, root)
        self._commit = {"metaclip": __version__, "job": job, "config": config_digest}
        self._commit["application"] = str(spark.sparkContext.applicationId)
        self.seconds: dict[str, float] = {}
        self.current: str | None = None
        """The stage that runs now."""
        self._log = CommitLog(spark)
        self._checked: set[str] = set()

    def path(self, table: Table) -> str:
        """Return where `table` lies."""
        return f"{self.root}/{table.name}"

    def exists(self, table: Table) -> bool:
        """Return whether `table` was created."""
        return bool(DeltaTable.isDeltaTable(self.spark, self.path(table)))

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
        if not self.exists(table):
            raise InputError(
                f"warehouse {self.root}",
                f"a table {table.name}",
                "none",
                f"run {table.made_by} first",
            )
        reader = self.spark.read.format("delta").option("versionAsOf", self.version(table))
        frame = reader.load(self.path(table))
        table.check(frame, "read")
        return frame.select(*table.schema.names)

    def read_partition(self, table: Table, partition: Partition) -> DataFrame:
        """Return the rows of one partition of `table` at its version of now."""
        rows = self.read(table)
        for column, value in partition.items():
            rows = rows.where(F.col(column) == value)
        return rows

    def version(self, table: Table) -> int:
        """Return the newest version of `table`; Delta's kernel reads the log without a job."""
        jvm: Any = self.spark._jvm
        engine = jvm.io.delta.kernel.defaults.engine.DefaultEngine.create(
            self.spark._jsc.hadoopConfiguration()
        )
        kernel = jvm.io.delta.kernel.Table.forPath(engine, self.path(table))
        return int(kernel.getLatestSnapshot(engine).getVersion())

    def last_change(self, table: Table, partition: Partition) -> Change | None:
        """Return the last commit by one of our jobs to `partition`, or None.

        Commits that move rows without changing them (OPTIMIZE) carry no partition of ours.
        """
        if not self.exists(table):
            return None
        return self._log.find_change(self.path(table), self.version(table), partition)

    def written_partitions(self, table: Table) -> list[dict[str, str]]:
        """Return the partitions of `table` that our jobs have written, the newest first."""
        if not self.exists(table):
            return []
        return self._log.partitions(self.path(table), self.version(table))

    def count_rows(self, table: Table, partition: Partition) -> int:
        """Return the number of rows of one partition, from the log where the last commit has it."""
        change = self.last_change(table, partition)
        if change is None or change.rows is None:
            return self.read_partition(table, partition).count()
        return change.rows

    def frame(self, rows: pa.Table) -> DataFrame:
        """Return the rows of an Arrow table as one file's: Spark would slice them by its cores."""
        frame: DataFrame = self.spark.createDataFrame(rows).coalesce(1)
        return frame

    def replace(
        self,
        table: Table,
        rows: DataFrame,
        partition: Partition,
        inputs: Versions,
        paths: Sequence[str] = (),
    ) -> None:
        """Replace `partition` of `table` by `rows`, whole, in one commit.

        Args:
            partition: values of partition columns; `rows` need not have them.
            inputs: the version of each input, as `table` or `table/partition` to version.
            paths: replace only the rows of these values of the column `path`.

        Raises:
            InputError: the columns are not the declared ones.
            ConflictError: another job wrote the same partition at the same time.
        """
        for column, value in partition.items():
            rows = rows.withColumn(column, F.lit(value))
        table.check(rows, "write")
        self.create(table)
        terms = [f"{column} = {quote(value)}" for column, value in partition.items()]
        if paths:
            terms.append(f"path in ({', '.join(map(quote, paths))})")
            # Another path would be null, which Delta refuses.
            rows = rows.withColumn("path", F.when(F.col("path").isin(*paths), F.col("path")))
        with self.stage(f"write {table.name}"), self.committing(table, partition, inputs):
            (
                rows.select(*table.schema.names)
                .write.format("delta")
                .mode("overwrite")
                .option("replaceWhere", " and ".join(terms))
                .save(self.path(table))
            )

    @contextmanager
    def committing(
        self, table: Table, partition: Partition, inputs: Mapping[str, int]
    ) -> Iterator[DeltaTable]:
        """Give `table` for one commit, which is noted as the last change of `partition`.

        Raises:
            ConflictError: another job wrote the same rows at the same time.
        """
        commit = {**self._commit, "partition": dict(partition), "inputs": dict(inputs)}
        self.spark.conf.set(_NOTE, json.dumps(commit))
        try:
            yield DeltaTable.forPath(self.spark, self.path(table))
        except _CONFLICTS as error:
            raise _conflict(table, partition, type(error).__name__) from None
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
            raise _conflict(table, partition, f"by {found}")
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
        """Create `table` from its declaration: a plain first write would drop NOT NULL."""
        if table.name in self._checked:
            return
        if self.exists(table):
            found = DeltaTable.forPath(self.spark, self.path(table)).toDF()
            table.check(found, "read")
            self._checked.add(table.name)
            return
        builder = (
            DeltaTable.createIfNotExists(self.spark)
            .location(self.path(table))
            .comment(table.comment)
            .addColumns(table.schema)
        )
        if table.partitioned_by:
            builder = builder.partitionedBy(*table.partitioned_by)
        skipped = {"delta.dataSkippingNumIndexedCols": "0"}
        if table.skipped_by:
            skipped = {"delta.dataSkippingStatsColumns": ", ".join(table.skipped_by)}
        for key, value in {**_PROPERTIES, **skipped}.items():
            builder = builder.property(key, value)
        for name, condition in table.constraints.items():
            builder = builder.property(f"delta.constraints.{name}", condition)
        try:
            try:
                builder.execute()
            except AnalysisException:
                if not self._remove_empty_log(table):
                    raise
                builder.execute()
        except _CONFLICTS:
            return  # another job made it at the same time
        except AnalysisException as error:
            raise InputError(
                f"warehouse {self.root}",
                f"a table or nothing at {table.name}",
                str(error).splitlines()[0],
            ) from None

    def _remove_empty_log(self, table: Table) -> bool:
        """Remove a log without a commit, and return whether there was one.

        A job that is killed while it creates a table leaves one, which Delta takes for a table.
        """
        jvm: Any = self.spark._jvm
        log = jvm.org.apache.hadoop.fs.Path(self.path(table), "_delta_log")
        system = log.getFileSystem(self.spark._jsc.hadoopConfiguration())
        if not system.exists(log):
            return False
        files = [file for file in system.listStatus(log) if file.isFile()]
        # A commit that was not renamed into place has a hidden name.
        if any(not file.getPath().getName().startswith(".") for file in files):
            return False
        return bool(system.delete(log, True))


def _conflict(table: Table, partition: Partition, how: str) -> ConflictError:
    return ConflictError(
        f"{table.name} {dict(partition)}: another job wrote it at the same time and won "
        f"({how}); nothing of this job was published, run it again"
    )


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
    return name.removeprefix("file:").rstrip("/") or "/"


def quote(value: str) -> str:
    """Return a string as SQL writes it."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
