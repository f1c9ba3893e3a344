"""Draws, keep probabilities and the exact size of a balanced sample, in Spark."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DoubleType, LongType

from metaclip.balance.probability import enters_at, keep_probability
from metaclip.balance.thresholds import Counts
from metaclip.columns import arrow_column
from metaclip.errors import InputError

_DIGIT_BITS = 21
"""A positive double has 63 bits: three passes of histograms over 21 bits find any rank."""


@dataclass(frozen=True)
class Size:
    """How many pairs a sample has: expected, its standard deviation, and really."""

    expected: float
    sd: float
    actual: int


def draw_column(seed: int) -> Column:
    """Return the draw of each pair: 53 bits of a hash of `pair_id` and the seed, in [0, 1)."""
    hashed = F.xxhash64("pair_id", F.lit(seed).cast("bigint"))
    return F.shiftrightunsigned(hashed, 11) * F.lit(2.0**-53)


def keep_one_row_per_pair(matches: DataFrame) -> DataFrame:
    """Return `matches` of several crawls with the row of the least crawl name of each pair."""
    order = Window.partitionBy("pair_id").orderBy("crawl")
    return matches.withColumn("_rank", F.row_number().over(order)).where("_rank = 1").drop("_rank")


def score(matches: DataFrame, counts: Counts, t: float, seed: int) -> DataFrame:
    """Add `draw`, `keep_probability` at t and `enters_at` to `matches`."""
    shared = matches.sparkSession.sparkContext.broadcast(counts.astype(np.float64))

    def keep(entry_ids: pa.Array) -> pa.Array:
        return keep_probability(entry_ids, shared.value, t)

    probability = arrow_column(keep, DoubleType())
    return _enter(matches, shared, seed).withColumn("keep_probability", probability("entry_ids"))


def _enter(matches: DataFrame, shared: object, seed: int) -> DataFrame:
    def enter(entry_ids: pa.Array, draws: pa.Array) -> pa.Array:
        return enters_at(entry_ids, shared.value, draws)  # type: ignore[attr-defined]

    entrance = arrow_column(enter, DoubleType())
    drawn = matches.withColumn("draw", draw_column(seed))
    return drawn.withColumn("enters_at", entrance("entry_ids", "draw"))


def measure(scored: DataFrame, t: float, unique: bool) -> Size:
    """Return the size of the sample at t.

    Args:
        unique: whether each pair has one row. Of a pair that several crawls bring
            (`dedup: crawl`) all rows share one draw, so that they are kept or dropped
            together: the variance is that of their sum.
    """
    kept = (F.col("enters_at") <= t).cast("bigint")
    if unique:
        pairs = scored.select("keep_probability", F.lit(1).alias("rows"), kept.alias("kept"))
    else:
        pairs = scored.groupBy("pair_id").agg(
            F.max("keep_probability").alias("keep_probability"),
            F.count(F.lit(1)).alias("rows"),
            F.sum(kept).alias("kept"),
        )
    k, rows = F.col("keep_probability"), F.col("rows")
    row = pairs.agg(
        F.sum(rows * k).alias("expected"),
        F.sum(rows * rows * k * (1 - k)).alias("variance"),
        F.sum("kept").alias("actual"),
    ).collect()[0]
    return Size(row.expected, float(np.sqrt(row.variance)), row.actual)


def count_curation(scored: DataFrame, counts: DataFrame, t: float) -> DataFrame:
    """Return the table `curation_counts` but for the curation's name.

    Args:
        scored: all matches with keep_probability and enters_at.
        counts: (entry_id, count) that the probabilities came from.
    """
    found = scored.select(
        F.explode("entry_ids").alias("entry_id"),
        "keep_probability",
        (F.col("enters_at") <= t).cast("bigint").alias("kept"),
    )
    sums = found.groupBy("entry_id").agg(
        F.sum("keep_probability").alias("expected"), F.sum("kept").alias("kept")
    )
    return counts.join(sums, on="entry_id", how="left").select(
        "entry_id",
        "count",
        (t / F.greatest(F.lit(t), F.col("count").cast("double"))).alias("probability"),
        F.coalesce("expected", F.lit(0.0)).alias("expected"),
        F.coalesce("kept", F.lit(0).cast("bigint")).alias("kept"),
    )


def t_from_size(matches: DataFrame, counts: Counts, size: int, seed: int) -> float:
    """Return the t that keeps exactly `size` rows: the size-th smallest `enters_at`.

    Passes of histograms over the leading bits; no value of a row is ever collected.

    Raises:
        InputError: there are fewer rows than `size`.
    """
    shared = matches.sparkSession.sparkContext.broadcast(counts.astype(np.float64))

    def enter_bits(entry_ids: pa.Array, draws: pa.Array) -> pa.Array:
        return enters_at(entry_ids, shared.value, draws).view(pa.int64())

    udf = arrow_column(enter_bits, LongType())
    ranked = matches.select(udf("entry_ids", draw_column(seed)).alias("bits"))
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
