"""Entry counts equal those of a plain counter."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from pyspark.sql import SparkSession

from metaclip.balance import counting
from metaclip.errors import MetaclipError
from metaclip.warehouse.tasks import Tasks

ENTRIES = 40


def matches() -> list[list[int]]:
    """Return 200 lists of one to nine ids below 30, so that some entries have none."""
    chance = random.Random(0)
    return [sorted(chance.sample(range(30), chance.randint(1, 9))) for _ in range(200)]


def tasks(spark: SparkSession, rows: list[list[int]]) -> Tasks:
    """Return the rows in four tasks."""
    frame = spark.createDataFrame([(ids,) for ids in rows], "entry_ids array<int>")
    return Tasks(frame.repartition(4), iter)


def test_the_counts_are_those_of_a_counter(spark: SparkSession) -> None:
    rows = matches()
    found = counting.count_matches(tasks(spark, rows), ENTRIES)
    expected = Counter(entry for ids in rows for entry in ids)
    assert found.tolist() == [expected[entry] for entry in range(ENTRIES)]
    table = counting.counts_table(found)
    assert table["entry_id"].to_pylist() == list(range(ENTRIES))
    twice = counting.add_counts([table, table])
    assert twice.tolist() == (2 * found).tolist()


def test_no_matches_have_counts_of_zero(spark: SparkSession) -> None:
    assert counting.count_matches(tasks(spark, []), ENTRIES).tolist() == [0] * ENTRIES


def test_counts_that_do_not_add_up_are_refused(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = counting._counts_of
    monkeypatch.setattr(
        counting, "_counts_of", lambda ids, numbers, size: whole(ids[1:], numbers[1:], size)
    )
    with pytest.raises(MetaclipError, match="add up to"):
        counting.count_matches(tasks(spark, matches()), ENTRIES)
