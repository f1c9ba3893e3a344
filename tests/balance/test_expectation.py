"""The sums over a pool against a loop over pairs and groups, and against every outcome."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from metaclip.balance.expectation import SIZES, SUMS, Groups, group_by_entry, sum_rows
from metaclip.balance.planning import ALL, describe_plan, group_by_origin
from metaclip.balance.probability import Floats
from tests.helpers.balance_twins import slow_keep_probability

ENTRIES = 6
COUNTS = st.lists(st.integers(1, 30), min_size=ENTRIES, max_size=ENTRIES)
ROW = st.tuples(
    st.lists(st.integers(0, ENTRIES - 1), min_size=1, unique=True).map(sorted),
    st.integers(0, 2**53 - 1).map(lambda bits: bits * 2.0**-53),
    st.integers(1, 3),
)
"""Ids, draw, and the number of rows that share it."""
Rows = Sequence[tuple[list[int], float, int]]
T = st.lists(st.floats(min_value=0.01, max_value=40), min_size=1, max_size=3)
ORIGINS = pa.table(
    {
        "language": pa.array(["en", None, "de", "en", "de", None]),
        "source": pa.array(["wordnet", "title", "title", "wordnet", "number", "title"]),
    }
)


def add_up(
    rows: Rows,
    counts: list[int],
    ts: list[float],
    groups: Groups,
    split: int = 1,
    names: Sequence[str] = SUMS,
) -> Floats:
    """Return the sums of Spark's tasks, from batches of `split` rows."""
    result = np.zeros((len(ts), int(groups.max()) + 1, len(names)))
    parts = [rows[at : at + split] for at in range(0, len(rows), split)]
    batches = [
        pa.record_batch(
            [
                pa.array([ids for ids, _, _ in part], pa.list_(pa.int32())),
                pa.array([draw for _, draw, _ in part]),
                pa.array([shared for _, _, shared in part]),
            ],
            ["entry_ids", "draw", "draw_rows"],
        )
        for part in parts
    ]
    for found in sum_rows(batches, np.array(counts, np.float64), ts, groups, names):
        for row in found.to_pylist():
            result[row["t"], row["group"]] += [row[name] for name in names]
    return result


def slow_sums(rows: Rows, counts: list[int], t: float, members: set[int]) -> list[float]:
    """Return SUMS of one group, computed pair by pair."""
    sums = dict.fromkeys(SUMS, 0.0)
    for ids, draw, shared in rows:
        keep = slow_keep_probability([counts[entry] for entry in ids], t)
        found = [entry for entry in ids if entry in members]
        if found:
            sums["expected_size"] += keep
            sums["variance"] += shared * keep * (1 - keep)
            sums["actual_size"] += draw < keep
        for entry in found:
            side = "head" if counts[entry] >= t else "tail"
            sums[f"{side}_expected"] += keep
            sums[f"{side}_actual"] += draw < keep
    return list(sums.values())


@settings(max_examples=60)
@given(st.lists(ROW, min_size=1, max_size=12), COUNTS, T, st.integers(1, 4))
def test_sums_of_every_group_are_those_of_a_loop_over_pairs(
    rows: Rows, counts: list[int], ts: list[float], split: int
) -> None:
    names, groups = group_by_origin(ORIGINS)
    assert names == [
        ALL,
        *(("language", name) for name in ("de", "en", "none")),
        *(("source", name) for name in ("number", "title", "wordnet")),
    ]
    sums = add_up(rows, counts, ts, groups, split)
    for n, (kind, name) in enumerate(names):
        values = None if kind == "all" else ORIGINS[kind].fill_null("none").to_pylist()
        members = {e for e in range(ENTRIES) if values is None or values[e] == name}
        for at, t in enumerate(ts):
            assert np.allclose(sums[at, n], slow_sums(rows, counts, t, members), rtol=1e-12)
    by_entry = add_up(rows, counts, ts, group_by_entry(np.array(counts)), split)
    assert np.array_equal(by_entry[:, 0], sums[:, 0])
    sizes = add_up(rows, counts, ts, group_by_entry(np.array(counts)), split, SIZES)
    assert np.array_equal(sizes, by_entry[:, :, : len(SIZES)])
    for entry in range(ENTRIES):
        for at, t in enumerate(ts):
            expected = slow_sums(rows, counts, t, {entry})
            assert np.allclose(by_entry[at, 1 + entry], expected, rtol=1e-12)


@settings(max_examples=30)
@given(st.lists(ROW, min_size=1, max_size=6), COUNTS, st.floats(min_value=0.1, max_value=30))
def test_expected_size_and_variance_are_those_of_all_outcomes(
    rows: Rows, counts: list[int], t: float
) -> None:
    """Weigh each set of kept pairs by its probability; a pair's rows go together."""
    keeps = [slow_keep_probability([counts[entry] for entry in ids], t) for ids, _, _ in rows]
    shared = [rows_of_pair for _, _, rows_of_pair in rows]
    mean = square = 0.0
    for outcome in itertools.product((0, 1), repeat=len(rows)):
        chance = math.prod(k if kept else 1 - k for k, kept in zip(keeps, outcome, strict=True))
        size = sum(n * kept for n, kept in zip(shared, outcome, strict=True))
        mean += chance * size
        square += chance * size * size
    pool = [row for row in rows for _ in range(row[2])]
    sums = add_up(pool, counts, [t], group_by_entry(np.array(counts)))[0, 0]
    assert math.isclose(sums[0], mean, rel_tol=1e-9)
    assert math.isclose(sums[1], square - mean * mean, rel_tol=1e-6, abs_tol=1e-9)


def test_a_plan_has_the_figures_computed_by_hand() -> None:
    """Counts 4 and 1 at t = 2: the pair of both is always kept, the others with 1/2."""
    rows = [([0, 1], 0.9, 1), ([0], 0.4, 1), ([0], 0.6, 1), ([0], 0.7, 1)]
    counts = [4, 1]
    names, groups = group_by_origin(ORIGINS.slice(0, 2))
    sums = add_up(rows, counts, [2.0], groups)
    [row] = describe_plan([2.0], np.array(counts), names, groups, sums)
    figures = to_builtins(row)
    title = figures["by_source"]["title"]
    assert set(figures["by_source"]) == {"title", "wordnet"}
    assert set(figures["by_language"]) == {"en", "none"}
    assert (figures["t"], figures["tail_share"], figures["head_entries"]) == (2.0, 0.2, 1)
    assert (figures["expected_size"], figures["actual_size"]) == (2.5, 2)
    assert figures["expected_sd"] == math.sqrt(3 / 4)
    assert (figures["head_expected_matches"], figures["tail_expected_matches"]) == (2.5, 1.0)
    assert (figures["head_actual_matches"], figures["tail_actual_matches"]) == (2, 1)
    assert (title["tail_share"], title["head_entries"], title["expected_size"]) == (1.0, 0, 1.0)


def test_no_rows_give_sums_of_0() -> None:
    sums = add_up([], [1] * ENTRIES, [1.0], group_by_origin(ORIGINS)[1])
    assert not sums.any()
