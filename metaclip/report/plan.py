"""A plan as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_HEADER = (
    f"{'t':>14}  {'entries of':<22}{'tail share':>10}{'head entries':>14}"
    f"{'expected size':>17}{'± sd':>9}{'actual size':>14}"
    f"{'head matches':>18}{'tail matches':>18}"
)


def render_plan(plan: Sequence[dict[str, Any]], chosen: float | None) -> str:
    """Return the table of a plan: a line a t for all pairs, more by language and source.

    Sizes are of pairs with an entry of the line's language or source; matches are what is
    expected to be kept. A grouping with one group only would repeat the line above.
    """
    lines = ["", _HEADER]
    for figures in plan:
        mark = "*" if figures["t"] == chosen else ""
        lines.append(_line(f"{mark}{figures['t']:.6g}", "all", figures))
        for kind in ("language", "source"):
            groups = figures[f"by_{kind}"]
            if len(groups) > 1:
                lines += [_line("", f"{kind} {name}", of) for name, of in groups.items()]
    if chosen is not None:
        lines += ["", f"* what `balance` asks for: t = {chosen:.17g}"]
    return "\n".join(lines)


def _line(t: str, name: str, figures: dict[str, Any]) -> str:
    return (
        f"{t:>14}  {name[:21]:<22}{figures['tail_share']:>10.4f}{figures['head_entries']:>14,}"
        f"{figures['expected_size']:>17,.1f}{figures['expected_sd']:>9,.1f}"
        f"{figures['actual_size']:>14,}{figures['head_expected_matches']:>18,.1f}"
        f"{figures['tail_expected_matches']:>18,.1f}"
    )
