"""Lists of ids that come in from outside: Parquet or CSV with a key column, or plain text."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from metaclip.errors import InputError, root_cause

_FORMATS = {"parquet": "parquet", "csv": "csv", "txt": "text"}
_SUFFIX = re.compile(r"\.(parquet|csv|txt)(\.(gz|bz2|zst))?\Z")


@dataclass(frozen=True)
class Listed:
    """The values of a list (column `value`, unique, none blank), and which kind they are of."""

    kind: str
    values: DataFrame


def read_list(
    spark: SparkSession, files: str | Sequence[str], setting: str, kinds: Mapping[str, str]
) -> Listed:
    """Return the list that `files` hold: paths or globs of one format, as Spark takes them.

    Args:
        setting: what errors name.
        kinds: the form of each kind, a regular expression of Java. Parquet and CSV have a
            column of one kind's name; a line of text is of the first kind whose form it has.

    Raises:
        InputError: files that are not there or can't be read, several formats or kinds, no
            column of a kind, or no values.
    """
    rows = read_files(spark, files, setting)
    try:
        if rows.columns == ["value"]:
            listed = _from_lines(rows, setting, kinds)
        else:
            name = find_column(rows, setting, kinds)
            listed = Listed(name, _values(rows, F.col(name).cast("string")))
        empty = listed.values.isEmpty()
    except Py4JJavaError as error:
        raise InputError(setting, "readable files", root_cause(error)) from None
    if empty:
        raise InputError(setting, f"at least one {listed.kind}", "none")
    return listed


def read_files(spark: SparkSession, files: str | Sequence[str], setting: str) -> DataFrame:
    """Return the rows of files in one format; of text the lines, as column `value`.

    Raises:
        InputError: files that are not there or can't be read, or several formats.
    """
    names = [files] if isinstance(files, str) else list(files)
    kinds = {match[1] if (match := _SUFFIX.search(name)) else name for name in names}
    if len(kinds) != 1 or not kinds <= _FORMATS.keys():
        found = ", ".join(sorted(kinds)) or "none"
        raise InputError(setting, "files in one format: .parquet, .csv or .txt", found)
    kind = _FORMATS[kinds.pop()]
    reader = spark.read.format(kind)
    if kind == "csv":
        reader = reader.options(header="true", quote='"', escape='"', multiLine="true")
    try:
        return reader.load(names)
    except (AnalysisException, Py4JJavaError) as error:
        java = isinstance(error, Py4JJavaError)
        reason = root_cause(error) if java else str(error).splitlines()[0]
        raise InputError(setting, f"readable {kind} files", reason) from None


def find_column(rows: DataFrame, setting: str, names: Collection[str]) -> str:
    """Return the one of `names` that is a column of `rows`, with a value in some row.

    Where pyarrow cut columns from a file of Spark's, the file's metadata still names them, and
    Spark reads them as nulls.

    Raises:
        InputError: none of them, or several, which need not agree.
    """
    found = [name for name in names if name in rows.columns]
    if len(found) > 1:
        filled = rows.agg(*(F.count(name).alias(name) for name in found)).collect()[0]
        found = [name for name in found if filled[name]] or found
    if len(found) != 1:
        shown = " and ".join(found) or f"the columns {', '.join(rows.columns) or 'none'}"
        hint = "a list has one of them" if found else ""
        raise InputError(setting, f"one of the columns {', '.join(names)}", shown, hint)
    return found[0]


def _from_lines(rows: DataFrame, setting: str, kinds: Mapping[str, str]) -> Listed:
    lines = _values(rows, F.col("value"))
    kind = F.coalesce(*(F.when(F.col("value").rlike(form), name) for name, form in kinds.items()))
    examples = lines.groupBy(kind.alias("kind")).agg(F.min("value").alias("value")).collect()
    found = {row.kind: row.value[:60] for row in examples}
    if None in found:
        raise InputError(setting, f"lines of the form of {', '.join(kinds)}", found[None])
    if len(found) > 1:
        shown = " and ".join(f"{name} ({value})" for name, value in sorted(found.items()))
        raise InputError(setting, "lines of one kind", shown, "make a list of each kind")
    return Listed(next(iter(found), "line"), lines)


def _values(rows: DataFrame, value: Column) -> DataFrame:
    return rows.select(F.trim(value).alias("value")).where("value != ''").distinct()
