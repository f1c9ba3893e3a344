"""Merge candidates: order and ids are those of a plain sort, whatever the partitions."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from metaclip.metadata.merge import Candidates, SourceAccount, merge_candidates

FIRST = ["0", "cat", "the dog"]
REPEATED = ["cat", "owl", "fox", "Fox", "ähre", "東京", "𝒜"]
RANKED = dict.fromkeys(REPEATED, 9.0) | {f"word{n}": float(n % 5) for n in range(40)}
UNUSABLE = ["", " ", "--", "U.S.", "a\tb", "x" * 11, None]
WORDS = [*((word, 7.0) for word in REPEATED), *RANKED.items(), *((e, 99.0) for e in UNUSABLE)]


def merge(spark: SparkSession, partitions: int) -> tuple[pa.Table, dict[str, SourceAccount]]:
    """Merge both sources, in an order of the rows that the partitions decide."""
    rows = [(entry, 0, score) for entry, score in WORDS]
    random.Random(partitions).shuffle(rows)
    form = "entry string, rank int, score double"
    numbered = [(entry, rank, None) for rank, entry in enumerate(FIRST)]
    first = spark.createDataFrame(numbered, form).repartition(partitions)
    second = spark.createDataFrame(rows, form).repartition(partitions)
    sources = [
        Candidates("number", first),
        Candidates("unigram", second, top=30, words=True),
    ]
    return merge_candidates(sources, None, 10, limit=31)


@pytest.mark.parametrize("partitions", [1, 4, 32])
def test_a_merged_list_is_the_one_of_a_plain_sort(spark: SparkSession, partitions: int) -> None:
    ranked = sorted(RANKED.keys() - {*FIRST}, key=lambda word: (-RANKED[word], word.encode()))
    merged, accounts = merge(spark, partitions)
    assert merged["entry"].to_pylist() == [*FIRST, *ranked[:28]]
    assert merged["entry_id"].to_pylist() == list(range(31))
    assert merged["score"].to_pylist() == [None] * 3 + [RANKED[word] for word in ranked[:28]]
    assert accounts["unigram"] == SourceAccount(
        candidates=61,
        dropped={
            "blank": 2,
            "broken": 1,
            "control_character": 1,
            "punctuation": 1,
            "repeated": 7,
            "too_long": 1,
            "unmatchable": 1,
        },
        known=1,
        cut=18,
        added=28,
    )


def test_top_counts_what_a_source_adds(spark: SparkSession) -> None:
    form = "entry string, rank int, score double"
    first = spark.createDataFrame([("7", 0, None)], form)
    words = [("7", 0, 500.0), ("the", 0, 90.0), ("cat", 0, 80.0), ("dog", 0, 70.0)]
    second = Candidates("unigram", spark.createDataFrame(words, form), top=2, words=True)
    merged, accounts = merge_candidates([Candidates("number", first), second], None, 9, None)
    assert merged["entry"].to_pylist() == ["7", "the", "cat"]
    account = accounts["unigram"]
    assert (account.known, account.added, account.cut) == (1, 2, 1)
