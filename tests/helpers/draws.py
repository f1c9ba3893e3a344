"""Draws as Spark computes them, and tasks of Python as DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from metaclip.balance.draws import DrawnMatches, drawn_frame
from metaclip.balance.sampling import score
from metaclip.balance.thresholds import Counts
from metaclip.warehouse.files import Tasks
from metaclip.warehouse.tables import CURATED


def draw_column(seed: int) -> Column:
    """Return the draw of `pair_id` by the formula of the design."""
    hashed = F.xxhash64("pair_id", F.lit(seed).cast("bigint"))
    return F.shiftrightunsigned(hashed, 11) * F.lit(2.0**-53)


def frame_of(tasks: Tasks, schema: StructType) -> DataFrame:
    """Return the rows that tasks yield."""
    make_rows, names = tasks.make_rows, schema.names

    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for made in make_rows(batches):
            if isinstance(made, pa.RecordBatch):
                yield made.select(names)

    return tasks.given.mapInArrow(rows, schema)


def scored(matches: DataFrame | DrawnMatches, counts: Counts, t: float, seed: int = 0) -> DataFrame:
    """Return matches, of one crawl or with a column crawl, as `score` judges them."""
    drawn = matches if isinstance(matches, DrawnMatches) else drawn_frame(matches, seed)
    return frame_of(score(drawn, counts, t), CURATED.schema_without("curation"))
