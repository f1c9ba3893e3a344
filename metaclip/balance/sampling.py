"""Draw a balanced sample in Spark: draws, keep probabilities, the t of an exact size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from metaclip.balance.draws import DrawnMatches
from metaclip.balance.probability import enters_at, keep_probability
from metaclip.balance.thresholds import Counts
from metaclip.errors import InputError
from metaclip.warehouse.tables import MATCHES
from metaclip.warehouse.tasks import Tasks

_COLUMNS = [name for name in MATCHES.schema.names if name not in ("metadata_version", "spacing")]
"""Columns of a curated pair that are those of its match."""
_DIGIT_BITS = 21
"""Bits of a histogram's digit: a positive double has 63, so three passes find any rank."""


def keep_one_row_per_pair(matches: DataFrame) -> DataFrame:
    """Return `matches` of several crawls with one row a pair, that of the least crawl name."""
    order = Window.partitionBy("pair_id").orderBy("crawl")
    return matches.withColumn("_rank", F.row_number().over(order)).where("_rank = 1").drop("_rank")


def keep_one_text_per_image(matches: DataFrame, seed: int) -> DataFrame:
    """Return `matches` with one text of each image, drawn uniformly by a hash of its own.

    A text that several crawls have stays in each of them: its rows share the hash.
    """
    hashed = F.xxhash64("pair_id", F.lit("text"), F.lit(seed).cast("bigint"))
    order = Window.partitionBy("image_id").orderBy(hashed, "pair_id")
    return matches.withColumn("_rank", F.rank().over(order)).where("_rank = 1").drop("_rank")


def count_shared_draws(matches: DataFrame) -> DataFrame:
    """Add `draw_rows`: the number of rows of a pair, in several crawls, that share its draw."""
    rows = F.count(F.lit(1)).over(Window.partitionBy("pair_id"))
    return matches.withColumn("draw_rows", rows)


def sample(matches: DrawnMatches, counts: Counts, t: float) -> Tasks:
    """Return tasks that yield the rows of `curated`: the matches that are kept at t."""
    given, make_rows, _ = matches.tasks(*_COLUMNS)
    shared = given.sparkSession.sparkContext.broadcast(counts.astype(np.float64))

    def keep(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in make_rows(batches):
            judged = keep_probability(rows.column("entry_ids"), shared.value, t)
            kept = pc.less(rows.column("draw"), judged)
            rows = rows.append_column("keep_probability", judged).filter(kept)
            enters = enters_at(rows.column("entry_ids"), shared.value, rows.column("draw"))
            yield rows.append_column("enters_at", enters)

    return Tasks(given, keep)


def t_from_size(matches: DrawnMatches, counts: Counts, size: int) -> float:
    """Return the t that keeps exactly `size` rows: the size-th smallest `enters_at`.

    Three histograms of the bits find it; no value of a row is collected. Rows that share one
    draw enter together, so under `dedup: crawl` it may keep a few rows more.

    Raises:
        InputError: there are fewer rows than `size`.
    """
    given, make_rows, _ = matches.tasks("entry_ids")
    shared = given.sparkSession.sparkContext.broadcast(counts.astype(np.float64))

    def enter_bits(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in make_rows(batches):
            enters = enters_at(rows.column("entry_ids"), shared.value, rows.column("draw"))
            yield pa.RecordBatch.from_arrays([enters.view(pa.int64())], ["bits"])

    ranked = given.mapInArrow(enter_bits, "bits bigint")
    prefix, rank = 0, size
    for shift in (2 * _DIGIT_BITS, _DIGIT_BITS, 0):
        inside = ranked.where(F.shiftright("bits", shift + _DIGIT_BITS) == prefix)
        histogram = inside.groupBy(F.shiftright("bits", shift).alias("digit")).count()
        rows = sorted((row["digit"], row["count"]) for row in histogram.collect())
        digits = np.array([digit for digit, _ in rows], dtype=np.int64)
        cumulative = np.cumsum(np.array([count for _, count in rows], dtype=np.int64))
        if not rows or cumulative[-1] < rank:
            largest = int(cumulative[-1]) if rows else 0
            raise InputError(
                "balance.size", f"at most {largest}, the number of matched pairs", str(size)
            )
        index = int(np.searchsorted(cumulative, rank))
        rank -= int(cumulative[index - 1]) if index else 0
        prefix = int(digits[index])
    return float(np.array([prefix], dtype=np.int64).view(np.float64)[0])
