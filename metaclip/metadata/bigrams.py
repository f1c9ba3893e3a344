"""Score bigrams by pointwise mutual information (PMI).

PMI = log2(n12 N / (n1 n2)), base 2: n12 is the count of the bigram, n1 and n2 are the counts of
its words, and N is the number of all words, as in NLTK's `BigramAssocMeasures.pmi` (Church and
Hanks 1990).
"""

from __future__ import annotations

import math

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from metaclip.errors import InputError
from metaclip.metadata.tokens import JOINED


def highest_pmi(words: int, min_count: int) -> float:
    """Return the largest PMI of a bigram that occurs `min_count` times among N words.

    Neither word is rarer than the bigram, so that PMI is at most log2(N / n12).
    """
    return math.log2(words / min_count) if words else 0.0


def require_reachable(min_pmi: float, words: int, min_count: int) -> None:
    """Raise InputError where no bigram that is frequent enough can have so high a PMI."""
    highest = highest_pmi(words, min_count)
    if min_pmi > highest:
        raise InputError(
            "build.bigrams.min_pmi",
            f"at most {highest:.2f}, the PMI of a bigram that occurs {min_count:,} times and its "
            f"words nowhere else among {words:,} words",
            f"{min_pmi:g}, which needs a count of at most {words / 2**min_pmi:.2g}",
            "lower it or build.bigrams.min_count, or set build.bigrams.top instead",
        )


def pmi_column(both: Column, first: Column, second: Column, words: int) -> Column:
    """Return the PMI in bits; the products need more than 64 bits, hence doubles."""
    return F.log2(both.cast("double") * F.lit(float(words))) - F.log2(
        first.cast("double") * second.cast("double")
    )


def score_bigrams(bigrams: DataFrame, unigrams: DataFrame, words: int) -> DataFrame:
    """Return `bigrams` (first, second, count) with the column `score`, their PMI."""
    first = unigrams.select(F.col("word").alias("first"), F.col("count").alias("first_count"))
    second = unigrams.select(F.col("word").alias("second"), F.col("count").alias("second_count"))
    joined = bigrams.join(first, "first", how="inner").join(second, "second", how="inner")
    score = pmi_column(F.col("count"), F.col("first_count"), F.col("second_count"), words)
    return joined.select("first", "second", "count", score.alias("score"))


def join_words(first: Column, second: Column) -> Column:
    """Return a bigram as texts have it: without a space between scripts that have none."""
    together = first.rlike(f"{JOINED}$") & second.rlike(f"^{JOINED}")
    return F.when(together, F.concat(first, second)).otherwise(F.concat_ws(" ", first, second))
