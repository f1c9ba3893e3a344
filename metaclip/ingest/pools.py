"""Read ready pools of pairs (LAION, DataComp, img2dataset's input) in Spark tasks."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import pyarrow as pa
from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from metaclip.config.crawl import ImportSettings, RequestSettings
from metaclip.config.settings import Config
from metaclip.crawl.files.listing import SourceFile
from metaclip.errors import InputError, root_cause
from metaclip.ingest.crawl_files import Reader
from metaclip.ingest.pool.columns import Where
from metaclip.ingest.pool.condition import columns_of, keep
from metaclip.ingest.pool.describing import TYPES_DDL, types_reader
from metaclip.ingest.pool.finishing import finish_rows
from metaclip.ingest.pool.kinds import require_pool
from metaclip.ingest.pool.opening import UNREADABLE, FormError, open_local
from metaclip.ingest.pool.reading import read_pool_file, read_records, row_schema
from metaclip.ingest.pool.where_types import common_type
from metaclip.spark.progress import ProgressAccumulator
from metaclip.warehouse.tasks import ArrowMap, Tasks

_LOOKED_AT = 3
"""Files whose form is checked before anything is written."""
_DATA_EXCEPTION = re.compile(r"SQLSTATE: 22")
"""A value that an operation of the condition can't take (SQL's class 22)."""


def pool_reader(config: Config, spark: SparkSession) -> Reader:
    """Return the reader of a pool's files.

    Raises:
        InputError: `import.where` can't be parsed.
    """
    pool = _Pool(config, spark)
    return Reader("import_pairs", pool.tasks, pool.check, pool.explain, read_as(config.import_))


def read_as(settings: ImportSettings) -> str:
    """Return 16 hex digits that name the settings on which the rows of a file depend."""
    text = msgspec.json.encode(settings, order="sorted")
    return hashlib.sha256(text).hexdigest()[:16]


class _Pool:
    """The steps from indices of files to rows, with or without a condition."""

    def __init__(self, config: Config, spark: SparkSession) -> None:
        self.settings, self.requests = config.import_, config.crawl.requests
        self.spark, self.batch_files = spark, config.crawl.batch_files
        settings = self.settings
        self.names = columns_of(spark, settings.where) if settings.where is not None else []
        self._types: dict[tuple[str, ...], Where] = {}

    def check(self, files: Sequence[SourceFile]) -> None:
        """Refuse files of several kinds, a form that the settings do not tell, a condition."""
        require_pool(files, self.settings)
        _check_form(files[:_LOOKED_AT], self.settings, self.requests)
        if self.settings.where is not None:
            first = files[: self.batch_files]
            self._judged(self.spark.range(0, len(first), 1, len(first)), first)

    def tasks(
        self, indices: DataFrame, files: Sequence[SourceFile], progress: ProgressAccumulator
    ) -> Tasks:
        """Return what tasks are given, and what makes rows of EXTRACTIONS of it."""
        finish = _finish(files, read_as(self.settings), progress)
        if self.settings.where is not None:
            return Tasks(self._judged(indices, files), finish)
        read = _read(files, self.settings, self.requests, {})
        return Tasks(indices, lambda batches: finish(read(batches)))

    def explain(self, error: Exception) -> InputError | None:
        """Return the refusal for a condition that some row has no value for."""
        if self.settings.where is None or not _DATA_EXCEPTION.search(str(error)):
            return None
        reason = root_cause(error) if isinstance(error, Py4JJavaError) else str(error)
        reason = re.sub(r"\A\S*: ", "", reason.splitlines()[0])
        hint = "cast by try_cast(... AS ...), which gives null"
        return InputError(
            "import.where", "a condition that every row has a value for", reason, hint
        )

    def _judged(self, indices: DataFrame, files: Sequence[SourceFile]) -> DataFrame:
        """Return judged rows, with the value of the condition as `keep`."""
        where = self._where(indices, files)
        schema = from_arrow_schema(row_schema(where), prefer_timestamp_ntz=True)
        rows = indices.mapInArrow(_read(files, self.settings, self.requests, where), schema)
        return keep(rows, str(self.settings.where))

    def _where(self, indices: DataFrame, files: Sequence[SourceFile]) -> Where:
        """Return the types of the condition's columns over all of these files."""
        key = tuple(file.path for file in files)
        if key not in self._types:
            read = types_reader(files, self.settings, self.requests, self.names)
            found: dict[str, list[pa.DataType]] = {}
            for row in indices.mapInArrow(read, TYPES_DDL).distinct().collect():
                kind = pa.ipc.read_schema(pa.py_buffer(row.type)).field(0).type
                found.setdefault(row.name, []).append(kind)
            missing = [name for name in self.names if name not in found]
            if missing and not self._types:
                raise InputError(
                    "import.where",
                    "a Spark SQL condition on columns of the pool",
                    f"no column {missing[0]}",
                )
            self._types[key] = {name: common_type(found.get(name, [])) for name in self.names}
        return self._types[key]


def _check_form(
    files: Sequence[SourceFile], settings: ImportSettings, requests: RequestSettings
) -> None:
    """Refuse local files none of which has the form that the settings tell.

    A single one of another form fails by itself, as a damaged one does.
    """
    refused: list[InputError] = []
    for file in files:
        if "://" in file.url:
            return
        try:
            with open_local(file.url, requests) as stream:
                next(read_records(stream, file, settings, {}), None)
        except FormError as error:
            where = f"pool {file.path}"
            refused.append(InputError(where, error.expected, error.found, error.hint))
        except UNREADABLE:
            return
        else:
            return
    if refused:
        raise refused[0]


def _read(
    files: Sequence[SourceFile],
    settings: ImportSettings,
    requests: RequestSettings,
    where: Where,
) -> ArrowMap:
    """Return the function for mapInArrow that turns indices of files into judged rows."""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch.column(0).to_pylist():
                yield from read_pool_file(index, files[index], settings, requests, where)

    return read


def _finish(files: Sequence[SourceFile], settings: str, progress: ProgressAccumulator) -> ArrowMap:
    """Return the function for mapInArrow that turns judged rows into rows of EXTRACTIONS."""

    def finish(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return finish_rows(batches, files, settings, progress)

    return finish
