"""Draws as Spark computes them, and tasks of Python as DataFrames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from metaclip.balance.draws import DrawnMatches, drawn_frame
from metaclip.balance.probability import enters_at, keep_probability
from metaclip.balance.thresholds import Counts
from metaclip.warehouse.tables import CURATED
from metaclip.warehouse.tasks import Tasks


def draw_column(seed: int) -> Column:
    """Return the draw of `pair_id` by the formula of the design."""
    hashed = F.xxhash64("pair_id", F.lit(seed).cast("bigint"))
    return F.shiftrightunsigned(hashed, 11) * F.lit(2.0**-53)


def frame_of(tasks: Tasks, schema: StructType) -> DataFrame:
    """Return the rows that tasks yield."""
    make_rows, names = tasks.make_rows, schema.names

    def rows(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return (made.select(names) for made in make_rows(batches))

    return tasks.given.mapInArrow(rows, schema)


def scored(matches: DataFrame | DrawnMatches, counts: Counts, t: float, seed: int = 0) -> DataFrame:
    """Return all matches with `keep_probability` at t and `enters_at`.

    Args:
        matches: drawn, or rows of which the draws are those of `seed`.
    """
    drawn = matches if isinstance(matches, DrawnMatches) else drawn_frame(matches, seed)
    columns = [name for name in CURATED.schema.names if name in drawn.frame().columns]
    given, make_rows, _ = drawn.tasks(*columns)
    numbers = counts.astype(np.float64)

    def judge(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in make_rows(batches):
            ids = rows.column("entry_ids")
            judged = rows.append_column("keep_probability", keep_probability(ids, numbers, t))
            entrances = enters_at(ids, numbers, rows.column("draw"))
            yield judged.append_column("enters_at", entrances)

    return frame_of(Tasks(given, judge), CURATED.schema_without("curation"))
