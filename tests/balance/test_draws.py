"""Draws equal those of Spark's own hash, for any id and seed."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from metaclip.balance.draws import draws
from metaclip.errors import MetaclipError
from tests.helpers.draws import draw_column

SEEDS = [0, 1, 5, -1, 2**31, 2**63 - 1, -(2**63)]


def test_the_draw_of_the_worked_example() -> None:
    pair_ids = pa.array(["5f65a344f4d2ce087b81655d1c0f3547"])
    assert draws(pair_ids, 0).to_pylist() == [0.6244281616445617]


@pytest.mark.parametrize("seed", SEEDS)
def test_draws_are_those_of_spark(spark: SparkSession, seed: int) -> None:
    chance = random.Random(seed)
    ids = [f"{chance.getrandbits(128):032x}" for _ in range(1000)]
    ids += ["0" * 32, "f" * 32, "~" * 32]
    frame = spark.createDataFrame([(pair,) for pair in ids], "pair_id string").coalesce(1)
    expected = [row.draw for row in frame.select(draw_column(seed).alias("draw")).collect()]
    assert draws(pa.array(ids), seed).to_pylist() == expected
    assert draws(pa.array(ids).slice(7, 5), seed).to_pylist() == expected[7:12]
    assert all(0 <= draw < 1 for draw in expected)


def test_no_rows_have_no_draws() -> None:
    assert draws(pa.array([], pa.string()), 0).to_pylist() == []


@pytest.mark.parametrize("bad", ["", "5f65", "0" * 33, None])
def test_an_id_of_another_length_is_refused(bad: str | None) -> None:
    with pytest.raises(MetaclipError, match="expected 32 digits"):
        draws(pa.array(["0" * 32, bad]), 0)
