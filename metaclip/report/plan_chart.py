"""Draw a plan: size, tail share and head entries against t."""

from __future__ import annotations

from collections.abc import Sequence

from metaclip.balance.planning import PlanRow
from metaclip.report.chart_style import AFTER, INK, OTHER, Canvas, Chart, log_axis, short


def draw_plan(plan: Sequence[PlanRow], chosen: float | None) -> list[Chart]:
    """Return the charts of a plan; a line marks the chosen t."""
    return [
        _draw_size(plan, chosen),
        _draw_line(
            "plan-tail-share",
            "Tail share against t",
            "share of matches in the tail",
            [(row.t, row.tail_share) for row in plan],
            chosen,
        ),
        _draw_line(
            "plan-head-entries",
            "Head entries against t",
            "entries with count ≥ t",
            [(row.t, row.head_entries) for row in plan],
            chosen,
        ),
    ]


def _draw_size(plan: Sequence[PlanRow], chosen: float | None) -> Chart:
    """Draw the expected size with twice its standard deviation, and the actual size."""
    canvas = Canvas()
    ts, sizes = [row.t for row in plan], [row.expected_size for row in plan]
    deviations = [2 * row.expected_sd for row in plan]
    canvas.axes.errorbar(
        ts, sizes, yerr=deviations, color=AFTER, capsize=3, label="expected, ± 2 sd"
    )
    actual = [row.actual_size for row in plan]
    canvas.axes.plot(ts, actual, "o", ms=4, color=OTHER, label="actual")
    log_axis(canvas.axes, x=True, y=True)
    canvas.axes.set(xlabel="threshold t", ylabel="pairs")
    canvas.axes.legend(loc="upper left")
    _mark(canvas, chosen)
    text = f"{len(plan)} values of t, from {short(ts[0])} to {short(ts[-1])}."
    return canvas.finish("plan-size", "Size against t", text)


def _draw_line(
    name: str,
    title: str,
    unit: str,
    points: Sequence[tuple[float, float]],
    chosen: float | None,
) -> Chart:
    canvas = Canvas()
    canvas.axes.plot(*zip(*points, strict=True), "o-", ms=4, color=AFTER)
    log_axis(canvas.axes, x=True)
    canvas.axes.set(xlabel="threshold t", ylabel=unit)
    _mark(canvas, chosen)
    return canvas.finish(name, title, f"{unit} at {len(points)} values of t.")


def _mark(canvas: Canvas, chosen: float | None) -> None:
    if chosen is not None:
        canvas.axes.axvline(chosen, color=INK, lw=1, ls="--")
