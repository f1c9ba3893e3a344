"""What each t would give, before anything is sampled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from metaclip.balance.expectation import SUMS, Groups, Size
from metaclip.balance.probability import Floats
from metaclip.balance.thresholds import Counts, tail_share

Figures = dict[str, Any]

ALL = ("all", "all")
_KINDS = ("language", "source")


def group_by_origin(entries: pa.Table) -> tuple[list[tuple[str, str]], Groups]:
    """Return (kind, name) of each group, and the groups of each entry.

    The first group has all entries; then come the languages and the sources, by name. An
    entry without a language is of the language `none`.

    Args:
        entries: `language` and `source`, in the order of the ids.
    """
    names, columns = [ALL], [np.zeros(entries.num_rows, dtype=np.int32)]
    for kind in _KINDS:
        values = entries[kind].cast(pa.string()).fill_null("none").to_numpy(zero_copy_only=False)
        found, positions = np.unique(values.astype(str), return_inverse=True)
        columns.append((len(names) + positions).astype(np.int32))
        names += [(kind, str(value)) for value in found]
    return names, np.stack(columns, axis=1)


def describe_plan(
    ts: list[float], counts: Counts, names: list[tuple[str, str]], groups: Groups, sums: Floats
) -> list[Figures]:
    """Return the figures of each t: of all pairs, and `by_language` and `by_source`.

    Args:
        counts: entry counts, indexed by entry id.
        names, groups: see `group_by_origin`.
        sums: (t, group, SUMS) over the pool.
    """
    members = [counts[(groups == group).any(axis=1)] for group in range(len(names))]
    plan = []
    for t, of_groups in zip(ts, sums, strict=True):
        figures = [_describe(t, *group) for group in zip(members, of_groups, strict=True)]
        by_kind: dict[str, Figures] = {kind: {} for kind in _KINDS}
        for (kind, name), of_group in zip(names[1:], figures[1:], strict=True):
            by_kind[kind][name] = of_group
        plan.append({"t": t, **figures[0], **{f"by_{kind}": by_kind[kind] for kind in _KINDS}})
    return plan


def _describe(t: float, counts: Counts, sums: Floats) -> Figures:
    """Of one group: its tail share and head entries, pairs that have its entries, matches."""
    size, matches = Size.of(sums), dict(zip(SUMS[3:], sums[3:].tolist(), strict=True))
    return {
        "tail_share": tail_share(counts, t),
        "head_entries": int((counts >= t).sum()),
        "expected_size": size.expected,
        "expected_sd": size.sd,
        "actual_size": size.actual,
        "head_expected_matches": matches["head_expected"],
        "head_actual_matches": int(matches["head_actual"]),
        "tail_expected_matches": matches["tail_expected"],
        "tail_actual_matches": int(matches["tail_actual"]),
    }
