"""Compute the size of a sample at each of several t, of all pairs and by groups of entries.

One pass over the rows; the loops are compiled. A worker holds one table of sums, whose
size depends on the t's and the groups, not on the number of pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyspark.sql import functions as F

from metaclip.balance.draws import DrawnMatches
from metaclip.balance.probability import Floats, Ids, Offsets, drop_probability, flatten
from metaclip.balance.thresholds import Counts, entry_probabilities
from metaclip.jit.compiler import compiled

Groups = NDArray[np.int32]
"""(entries, kinds): the group of each entry in each kind of grouping."""


@dataclass(frozen=True)
class Size:
    """Number of pairs of a sample: expected, with its standard deviation, and actual."""

    expected: float
    sd: float
    actual: int

    @classmethod
    def of(cls, sums: Floats) -> Size:
        """Return the size that one row of SUMS gives."""
        return cls(float(sums[0]), float(np.sqrt(sums[1])), int(sums[2]))


SUMS = (
    "expected_size",
    "variance",
    "actual_size",
    "head_expected",
    "head_actual",
    "tail_expected",
    "tail_actual",
)
"""Sums over the pairs with an entry of the group, then over matches with an entry of the group:
`head` where the entry's count is at least t, `tail` below."""
SIZES = SUMS[:3]
"""The sums over pairs, which are all that is asked of single entries."""

_BATCH_GROUPS = 1 << 15
"""Groups whose sums are given to Spark at a time, so that no worker holds all of them twice."""


@compiled
def _add(
    offsets: Offsets,
    ids: Ids,
    counts: Floats,
    draws: Floats,
    shared: Counts,
    ts: Floats,
    groups: Groups,
    sums: Floats,
) -> None:
    """Add the rows of one batch to `sums` (t, group, SUMS or SIZES)."""
    sides = sums.shape[2] > 3
    last = np.full(sums.shape[1], -1, np.int64)  # the last row and t that had a group
    for row in range(len(offsets) - 1):
        start, end = offsets[row], offsets[row + 1]
        for n in range(len(ts)):
            keep = 1.0 - drop_probability(ids, start, end, counts, ts[n])
            kept = 1.0 if draws[row] < keep else 0.0
            variance = shared[row] * keep * (1.0 - keep)
            for position in range(start, end):
                entry = ids[position]
                side = 3 if counts[entry] >= ts[n] else 5
                for kind in range(groups.shape[1]):
                    group = groups[entry, kind]
                    to = sums[n, group]
                    if sides:
                        to[side] += keep
                        to[side + 1] += kept
                    if last[group] != row * len(ts) + n:
                        last[group] = row * len(ts) + n
                        to[0] += keep
                        to[1] += variance
                        to[2] += kept


def sum_rows(
    batches: Iterable[pa.RecordBatch],
    counts: Floats,
    ts: Sequence[float],
    groups: Groups,
    names: Sequence[str],
) -> Iterator[pa.RecordBatch]:
    """Yield batches (t, group, *names) with the sums over all rows of `batches`.

    Args:
        batches: with entry_ids (list<int32>, none empty), draw and draw_rows.
        counts: entry counts, indexed by entry id.
        ts: above 0. In the result `t` is the index here.
        groups: see Groups. The result has only groups that some row has.
        names: SUMS or SIZES.
    """
    sums = np.zeros((len(ts), int(groups.max()) + 1, len(names)))
    for batch in batches:
        draws, shared = (batch[name].to_numpy(False) for name in ("draw", "draw_rows"))
        offsets, ids = flatten(batch["entry_ids"])
        _add(offsets, ids, counts, draws, shared, np.array(ts), groups, sums)
    for start in range(0, sums.shape[1], _BATCH_GROUPS):
        part = sums[:, start : start + _BATCH_GROUPS]
        t, group = np.nonzero(part[:, :, 0])
        columns = [t.astype(np.int32), (start + group).astype(np.int32), *part[t, group].T]
        yield pa.RecordBatch.from_arrays([pa.array(c) for c in columns], ["t", "group", *names])


def expect(
    matches: DrawnMatches,
    counts: Counts,
    ts: Sequence[float],
    groups: Groups,
    names: Sequence[str],
) -> Floats:
    """Return the sums (t, group, names) over all rows of a pool's matches.

    `variance` is exact. Rows that share one draw (`draw_rows` of them) are kept or dropped
    together: the variance is that of their sum.

    Args:
        counts, ts, groups, names: as in `sum_rows`.
    """
    given, make_rows, _ = matches.tasks("entry_ids")
    values = given.sparkSession.sparkContext.broadcast((counts.astype(np.float64), groups))

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return sum_rows(make_rows(batches), values.value[0], ts, values.value[1], names)

    schema = "t int, group int, " + ", ".join(f"{name} double" for name in names)
    parts = given.mapInArrow(work, schema)
    rows = parts.groupBy("t", "group").agg(*(F.sum(name).alias(name) for name in names)).toArrow()
    result = np.zeros((len(ts), int(groups.max()) + 1, len(names)))
    indices = rows["t"].to_numpy(), rows["group"].to_numpy()
    result[indices] = np.column_stack([rows[name].to_numpy() for name in names])
    return result


def group_by_entry(counts: Counts) -> Groups:
    """Return groups: 0 of all entries, 1 + entry_id of that entry alone."""
    ids = np.arange(len(counts), dtype=np.int32)
    return np.stack([np.zeros_like(ids), 1 + ids], axis=1)


def count_curation(sums: Floats, counts: Counts, t: float) -> pa.Table:
    """Return the table `curation_counts`, without the name of the curation.

    Args:
        sums: (group, SIZES) at t over the groups of `group_by_entry`.
        counts: the entry counts of the probabilities, indexed by entry id.
    """
    return pa.table(
        {
            "entry_id": np.arange(len(counts), dtype=np.int32),
            "count": counts,
            "probability": entry_probabilities(counts, t),
            "expected": sums[1:, SIZES.index("expected_size")],
            "kept": sums[1:, SIZES.index("actual_size")].astype(np.int64),
        }
    )
