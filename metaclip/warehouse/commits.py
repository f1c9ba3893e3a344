"""Read the notes that our commits left in the Delta log of a table, the newest commit first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from delta.tables import DeltaTable
from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

_OURS = '{"metaclip": '
"""Prefix of the userMetadata of our own commits."""
_RECENT = 20
"""Commits that are read one by one; the others come from the table's history, in one query."""


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
    """The commits of the tables of one warehouse, each read once."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._recent: dict[tuple[str, int], _Commit | None] = {}
        self._histories: dict[tuple[str, int], list[_Commit]] = {}

    def find_change(self, path: str, version: int, partition: Mapping[str, str]) -> Change | None:
        """Return the last commit of ours to `partition` up to `version` of the table at `path`."""
        for commit in self._newest_first(path, version):
            # Others may write userMetadata too, in forms of their own.
            if not commit.note.startswith(_OURS):
                continue
            note = json.loads(commit.note)
            if note["partition"] == dict(partition):
                application = note.get("application", "")
                return Change(commit.version, note["inputs"], application, commit.rows)
        return None

    def partitions(self, path: str, version: int) -> list[dict[str, str]]:
        """Return the partitions that our commits wrote, up to `version`, the newest first."""
        notes = (commit.note for commit in self._newest_first(path, version))
        found = [json.loads(note)["partition"] for note in notes if note.startswith(_OURS)]
        return list({tuple(sorted(part.items())): part for part in found if part}.values())

    def _newest_first(self, path: str, version: int) -> Iterator[_Commit]:
        oldest = max(0, version - _RECENT + 1)
        for number in range(version, oldest - 1, -1):
            commit = self._read(path, number)
            if commit is None:  # somebody cleaned the log
                return
            yield commit
        if oldest:
            yield from self._history(path, oldest)

    def _read(self, path: str, version: int) -> _Commit | None:
        """Return the commit of a version; None where its file is gone."""
        key = (path, version)
        if key not in self._recent:
            line = _first_line(self._spark, f"{path}/_delta_log/{version:020}.json")
            # Delta for Spark, which wrote our commits, puts commitInfo first.
            self._recent[key] = None if line is None else _parse(version, line)
        return self._recent[key]

    def _history(self, path: str, before: int) -> list[_Commit]:
        """Return all commits before a version, the newest first."""
        key = (path, before)
        if key not in self._histories:
            rows = DeltaTable.forPath(self._spark, path).history().where(f"version < {before}")
            commits = rows.select("version", "userMetadata").orderBy("version", ascending=False)
            self._histories[key] = [
                _Commit(row.version, row.userMetadata or "", None) for row in commits.collect()
            ]
        return self._histories[key]


def _parse(version: int, line: str) -> _Commit:
    info = json.loads(line).get("commitInfo", {})
    # A MERGE or DELETE also counts the rows that it rewrites.
    written = info.get("operation") == "WRITE"
    rows = info.get("operationMetrics", {}).get("numOutputRows") if written else None
    return _Commit(version, info.get("userMetadata") or "", None if rows is None else int(rows))


def _first_line(spark: SparkSession, file: str) -> str | None:
    """Return the first line of a file, for which no Spark job runs; None without the file."""
    jvm: Any = spark._jvm
    try:
        path = jvm.org.apache.hadoop.fs.Path(file)
        stream = path.getFileSystem(spark._jsc.hadoopConfiguration()).open(path)
    except Py4JJavaError as error:
        if error.java_exception.getClass().getSimpleName() != "FileNotFoundException":
            raise
        return None
    reader = jvm.java.io.BufferedReader(jvm.java.io.InputStreamReader(stream, "UTF-8"))
    try:
        line: str | None = reader.readLine()
        return line
    finally:
        reader.close()
