"""Describe the curation at each of several thresholds, before anything is sampled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from msgspec import Struct

from metaclip.balance.expectation import SUMS, Groups, Size
from metaclip.balance.probability import Floats
from metaclip.balance.thresholds import Counts, tail_share

ALL = ("all", "all")
"""Kind and name of the group of all entries."""
_KINDS = ("language", "source")


class Figures(Struct, frozen=True, kw_only=True):
    """Figures of one group of entries at one t.

    Sizes are numbers of pairs with an entry of the group; matches are those that are kept.
    """

    tail_share: float
    head_entries: int
    expected_size: float
    expected_sd: float
    actual_size: int
    head_expected_matches: float
    head_actual_matches: int
    tail_expected_matches: float
    tail_actual_matches: int


class PlanRow(Figures, frozen=True, kw_only=True):
    """Figures of all entries at t, and of those of each language and each source."""

    t: float
    by_language: dict[str, Figures]
    by_source: dict[str, Figures]


def group_by_origin(entries: pa.Table) -> tuple[list[tuple[str, str]], Groups]:
    """Return (kind, name) of each group, and the groups of each entry.

    The first group has all entries; the languages and the sources follow, by name. The
    language of an entry without one is `none`.

    Args:
        entries: `language` and `source`, in the order of the ids.
    """
    names, columns = [ALL], [np.zeros(entries.num_rows, dtype=np.int32)]
    for kind in _KINDS:
        values = entries[kind].cast(pa.string()).fill_null("none").to_numpy(zero_copy_only=False)
        found, indices = np.unique(values.astype(str), return_inverse=True)
        columns.append((len(names) + indices).astype(np.int32))
        names += [(kind, str(value)) for value in found]
    return names, np.stack(columns, axis=1)


def describe_plan(
    ts: Sequence[float],
    counts: Counts,
    names: Sequence[tuple[str, str]],
    groups: Groups,
    sums: Floats,
) -> list[PlanRow]:
    """Return the figures of each t.

    Args:
        counts: entry counts, indexed by entry id.
        names, groups: see `group_by_origin`.
        sums: (t, group, SUMS) over the inputs of the curation.
    """
    members = [counts[(groups == group).any(axis=1)] for group in range(len(names))]
    plan = []
    for t, sums_of_t in zip(ts, sums, strict=True):
        figures = [_describe(t, *group) for group in zip(members, sums_of_t, strict=True)]
        by_kind: dict[str, dict[str, Figures]] = {kind: {} for kind in _KINDS}
        for (kind, name), group_figures in zip(names[1:], figures[1:], strict=True):
            by_kind[kind][name] = group_figures
        plan.append(
            PlanRow(
                t=t,
                by_language=by_kind["language"],
                by_source=by_kind["source"],
                **{name: getattr(figures[0], name) for name in Figures.__struct_fields__},
            )
        )
    return plan


def _describe(t: float, counts: Counts, sums: Floats) -> Figures:
    """Return the figures of one group from its counts and its row of SUMS."""
    size, matches = Size.of(sums), dict(zip(SUMS[3:], sums[3:].tolist(), strict=True))
    return Figures(
        tail_share=tail_share(counts, t),
        head_entries=int((counts >= t).sum()),
        expected_size=size.expected,
        expected_sd=size.sd,
        actual_size=size.actual,
        head_expected_matches=matches["head_expected"],
        head_actual_matches=int(matches["head_actual"]),
        tail_expected_matches=matches["tail_expected"],
        tail_actual_matches=int(matches["tail_actual"]),
    )
