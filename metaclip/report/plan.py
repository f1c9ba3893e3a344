"""Render a plan as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from metaclip.balance.planning import Figures, PlanRow

_HEADER = (
    f"{'t':>14}  {'entries of':<22}{'tail share':>10}{'head entries':>14}"
    f"{'expected size':>17}{'± sd':>9}{'actual size':>14}"
    f"{'head matches':>18}{'tail matches':>18}"
)


def render_plan(plan: Sequence[PlanRow], chosen: float | None) -> str:
    """Return the table of a plan: a line a t for all pairs, more by language and source.

    A grouping with one group only would repeat the line above, so it is left out.
    """
    lines = ["", _HEADER]
    for row in plan:
        mark = "*" if row.t == chosen else ""
        lines.append(_line(f"{mark}{row.t:.6g}", "all", row))
        for kind, groups in (("language", row.by_language), ("source", row.by_source)):
            if len(groups) > 1:
                lines += [_line("", f"{kind} {name}", figures) for name, figures in groups.items()]
    if chosen is not None:
        lines += ["", f"* the t that `balance` asks for: {chosen:.17g}"]
    return "\n".join(lines)


def _line(t: str, name: str, figures: Figures) -> str:
    return (
        f"{t:>14}  {name[:21]:<22}{figures.tail_share:>10.4f}{figures.head_entries:>14,}"
        f"{figures.expected_size:>17,.1f}{figures.expected_sd:>9,.1f}"
        f"{figures.actual_size:>14,}{figures.head_expected_matches:>18,.1f}"
        f"{figures.tail_expected_matches:>18,.1f}"
    )
