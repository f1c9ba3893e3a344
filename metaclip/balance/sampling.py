"""Draw a balanced sample in Spark: draws, keep probabilities, the t of an exact size."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StructType

from metaclip.balance.probability import enters_at, keep_probability
from metaclip.balance.thresholds import Counts
from metaclip.errors import InputError
from metaclip.spark.arrow_udf import arrow_column

_DIGIT_BITS = 21
"""Bits of a histogram's digit: a positive double has 63, so three passes find any rank."""


def draw_column(seed: int) -> Column:
    """Return the draw of each pair: 53 bits of a hash of `pair_id` and the seed, in [0, 1)."""
    hashed = F.xxhash64("pair_id", F.lit(seed).cast("bigint"))
    return F.shiftrightunsigned(hashed, 11) * F.lit(2.0**-53)


def conditioned_draw() -> Column:
    """Return the draw of a pair of a curation, given that it was kept: in [0, 1) again.

    It is uniform, since a kept pair's draw is uniform below its keep probability. In floating
    point it is below 1 too, as the quotient of any double and the next larger one is.
    """
    return F.col("draw") / F.col("keep_probability")


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


def count_shared_draws(matches: DataFrame, unique: bool) -> DataFrame:
    """Add `draw_rows`: the number of rows of a pair, in several crawls, that share its draw."""
    rows = F.count(F.lit(1)).over(Window.partitionBy("pair_id"))
    return matches.withColumn("draw_rows", F.lit(1).cast("bigint") if unique else rows)


def score(matches: DataFrame, counts: Counts, t: float) -> DataFrame:
    """Add `keep_probability` at t and `enters_at` to matches with their draws."""
    shared = matches.sparkSession.sparkContext.broadcast(counts.astype(np.float64))

    def judge(entry_ids: pa.Array, draws: pa.Array) -> pa.Array:
        keep = keep_probability(entry_ids, shared.value, t)
        enters = enters_at(entry_ids, shared.value, draws)
        return pa.StructArray.from_arrays([keep, enters], ["keep_probability", "enters_at"])

    # One UDF for both: the ids pass into Python once.
    both = StructType.fromDDL("keep_probability double, enters_at double")
    judged = matches.withColumn("_judged", arrow_column(judge, both)("entry_ids", "draw"))
    return judged.select("*", "_judged.*").drop("_judged")


def t_from_size(matches: DataFrame, counts: Counts, size: int) -> float:
    """Return the t that keeps exactly `size` rows: the size-th smallest `enters_at`.

    Three histograms of the bits find it; no value of a row is collected. Rows that share one
    draw enter together, so under `dedup: crawl` it may keep a few rows more.

    Raises:
        InputError: there are fewer rows than `size`.
    """
    shared = matches.sparkSession.sparkContext.broadcast(counts.astype(np.float64))

    def enter_bits(entry_ids: pa.Array, draws: pa.Array) -> pa.Array:
        return enters_at(entry_ids, shared.value, draws).view(pa.int64())

    bits = arrow_column(enter_bits, LongType())("entry_ids", "draw")
    ranked = matches.select(bits.alias("bits"))
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
