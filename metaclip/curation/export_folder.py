"""Publish a folder whole, on any file system of Hadoop: local, hdfs://, s3a://."""

from __future__ import annotations

import tempfile
import uuid
from pathlib import Path
from typing import Any

from py4j.java_gateway import JavaObject
from py4j.protocol import Py4JJavaError
from pyspark.errors import IllegalArgumentException
from pyspark.sql import DataFrame, SparkSession

from metaclip.errors import InputError

_DONE = "_SUCCESS"
_PART = "part-*.parquet"


class Folder:
    """A staging folder beside its target, renamed when it is complete.

    Its last file is `_SUCCESS`: on stores without an atomic rename, a folder without it is
    not complete. A run that ends early leaves nothing at the target.
    """

    def __init__(
        self, spark: SparkSession, target: str, setting: str, kind: str = "export"
    ) -> None:
        """Begin a folder for `target`, which must be new, empty or an older one of its kind.

        Raises:
            InputError: there is something else at the target, or it can't be reached.
        """
        self._jvm: Any = spark._jvm
        self._manifest = f"_{kind}.json"
        try:
            self._target = self._path(target)
            self._system = self._target.getFileSystem(spark._jsc.hadoopConfiguration())
            free = self._is_free()
        except (Py4JJavaError, IllegalArgumentException) as error:
            words = error.java_exception.getMessage() if isinstance(error, Py4JJavaError) else error
            reason = str(words).splitlines()[0]
            raise InputError(
                f"{setting} {target}", "a folder that Hadoop can reach", reason
            ) from None
        if not free:
            raise InputError(
                f"{setting} {target}", f"a new or empty folder, or an older {kind}", "another"
            )
        self._target = self._system.makeQualified(self._target)
        name = f".{self._target.getName()}-{uuid.uuid4().hex[:8]}"
        self._staging = self._path(self._target.getParent(), name)

    def write_text(self, name: str, text: str) -> None:
        """Write a small text, in UTF-8."""
        self.add_file(name, text.encode())

    def add_file(self, name: str, data: bytes) -> None:
        """Write a file from its bytes."""
        with tempfile.TemporaryDirectory() as local:
            file = Path(local) / "file"
            file.write_bytes(data)
            source = self._path(f"file://{file}")
            self._system.copyFromLocalFile(True, True, source, self._path(self._staging, name))

    def write_parquet(self, name: str, rows: DataFrame, files: int) -> None:
        """Write `rows` as files 00000.parquet and so on below `name`, by their column `file`.

        The rows of each file are in one partition, in their order.
        """
        parts = self._path(self._staging, f"_{name}")
        writer = rows.write.mode("overwrite").partitionBy("file")
        writer.option("compression", "zstd").parquet(parts.toString())
        folder = self._path(self._staging, name)
        self._system.mkdirs(folder)
        for number in range(files):
            found = self._system.globStatus(self._path(parts, f"file={number}", _PART))
            assert len(found) == 1, f"file {number} of {name} has {len(found)} parts"
            self._rename(found[0].getPath(), self._path(folder, f"{number:05}.parquet"))
        self._system.delete(parts, True)

    def publish(self, manifest: str) -> None:
        """Replace the target by the staging folder."""
        self.write_text(self._manifest, manifest)
        self._system.delete(self._target, True)
        self._rename(self._staging, self._target)
        self._system.create(self._path(self._target, _DONE), True).close()

    def discard(self) -> None:
        """Delete the staging folder, unless it was published."""
        self._system.delete(self._staging, True)

    def _is_free(self) -> bool:
        if not self._system.exists(self._target):
            return True
        if not self._system.getFileStatus(self._target).isDirectory():
            return False
        ours = self._system.exists(self._path(self._target, self._manifest))
        return ours or not len(self._system.listStatus(self._target))

    def _rename(self, source: JavaObject, target: JavaObject) -> None:
        assert self._system.rename(source, target), f"{source} could not be renamed to {target}"

    def _path(self, first: str | JavaObject, *names: str) -> JavaObject:
        return self._jvm.org.apache.hadoop.fs.Path(first, *(["/".join(names)] if names else []))
