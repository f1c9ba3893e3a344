"""Draw the charts of a report: the paper's figure, ranks, shares, deviations, distributions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.ticker import PercentFormatter

from metaclip.balance.thresholds import Counts
from metaclip.report.chart_style import (
    AFTER,
    BEFORE,
    INK,
    MUTED,
    OTHER,
    Canvas,
    Chart,
    label,
    log_axis,
    number_axis,
    short,
)
from metaclip.report.curation import Comparison, CurationReport
from metaclip.report.distributions import LENGTHS, MOST_MATCHES, Bar
from metaclip.report.entry_figures import EntryFigures, cumulative_curve, rank_curve

_SCATTER = 400
"""Entries in the chart of expected against kept."""
_BARS = 20
"""Bars of a chart by name; the others are added up."""


def draw_charts(report: CurationReport) -> list[Chart]:
    """Return all charts of a report, in the order of the page."""
    entries, found = report.entries, report.distributions
    return [
        draw_cumulative(entries, report.against),
        draw_ranks(entries, report.against),
        draw_shares(entries, report.against),
        draw_expected(entries),
        draw_deviations(entries),
        draw_columns("matches-per-text", "Matches per text", "matches", _match_bars(found.matches)),
        draw_columns(
            "text-lengths", "Text lengths", "characters, from", _length_bars(found.lengths)
        ),
        draw_bars("languages", "Languages of the texts", "pairs", found.languages),
        draw_bars(
            "sources",
            "Sources of the entries",
            "matches",
            [Bar(group.name, group.before, group.after) for group in report.lists.sources],
        ),
        draw_bars("hosts", "Hosts of the images", "pairs", found.hosts),
    ]


def _sides(entries: EntryFigures, against: Comparison | None) -> list[tuple[str, Counts, str]]:
    """Return name, counts and colour of the pool, the curation and the compared one."""
    sides = [("pool", entries.counts, BEFORE), ("curation", entries.kept, AFTER)]
    return sides if against is None else [*sides, (against.name, against.kept, OTHER)]


def draw_cumulative(entries: EntryFigures, against: Comparison | None) -> Chart:
    """Draw matches accumulated over the entries, from the tail to the head (paper, figure 2)."""
    order = np.argsort(entries.counts, kind="stable")
    order = order[entries.counts[order] > 0]
    canvas = Canvas()
    axes = canvas.axes
    for name, counts, colour in _sides(entries, against):
        axes.plot(*cumulative_curve(order, counts), color=colour, lw=2, label=label(name))
    tail = int((entries.counts[order] < entries.t).sum())
    axes.axvline(tail, color=INK, lw=1, ls="--")
    axes.annotate(
        f"t = {short(entries.t)}",
        (tail, 1.0),
        (-4, -2),
        textcoords="offset points",
        ha="right",
        va="top",
    )
    axes.set(xlabel="entries with a match, by count in the pool", ylabel="share of matches")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    number_axis(axes, x=True)
    axes.legend(loc="center left")
    text = (
        f"The {tail:,} tail entries below t = {entries.t:.6g} have "
        f"{entries.tail_share(entries.counts):.1%} of the matches in the pool and "
        f"{entries.tail_share(entries.kept):.1%} in the curation."
    )
    return canvas.finish("cumulative", "Cumulative matches by entry", text)


def draw_ranks(entries: EntryFigures, against: Comparison | None) -> Chart:
    """Draw counts by rank on log axes."""
    canvas = Canvas()
    axes = canvas.axes
    for name, counts, colour in _sides(entries, against):
        axes.plot(*rank_curve(counts), color=colour, lw=2, label=label(name))
    axes.axhline(entries.t, color=INK, lw=1, ls="--")
    log_axis(axes, x=True, y=True)
    axes.annotate(f"t = {short(entries.t)}", (1, entries.t), (2, 3), textcoords="offset points")
    axes.set(xlabel="rank of the entry", ylabel="pairs with the entry")
    axes.legend(loc="upper right")
    largest = (int(counts.max(initial=0)) for counts in (entries.counts, entries.kept))
    text = "The largest entry has {:,} pairs in the pool and {:,} in the curation.".format(*largest)
    return canvas.finish("ranks", "Entry counts by rank", text)


def draw_shares(entries: EntryFigures, against: Comparison | None) -> Chart:
    """Draw the shares of head and tail as one bar each."""
    rows = _sides(entries, against)
    canvas = Canvas(1.1 + 0.45 * len(rows))
    axes = canvas.axes
    shares = [entries.tail_share(counts) for _, counts, _ in rows]
    names = [label(name) for name, _, _ in rows]
    axes.barh(names, shares, color=AFTER, label="tail", height=0.6)
    axes.barh(
        names, [1 - share for share in shares], left=shares, color=BEFORE, label="head", height=0.6
    )
    for position, share in enumerate(shares):
        axes.annotate(
            f"{share:.1%}", (share, position), (4, 0), textcoords="offset points", va="center"
        )
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set(xlim=(0, 1), xlabel="share of matches")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    canvas.figure.legend(loc="outside upper right", ncols=2)
    text = "Share of the matches that falls on tail entries, whose count is below t."
    return canvas.finish("head-and-tail", "Head and tail", text)


def draw_expected(entries: EntryFigures) -> Chart:
    """Draw kept against expected pairs of some entries, with one standard deviation."""
    at = np.flatnonzero(entries.expected > 0)
    at = at[np.argsort(-entries.expected[at], kind="stable")]
    # Even on a log axis: all large entries, and fewer of the many small ones.
    chosen = (
        at[np.unique(np.geomspace(1, len(at), _SCATTER).astype(np.int64)) - 1] if len(at) else at
    )
    expected, kept, sd = entries.expected[chosen], entries.kept[chosen], entries.sd[chosen]
    canvas = Canvas()
    axes = canvas.axes
    shown = kept > 0
    line = np.array([0.8, max(1.0, entries.expected.max(initial=1.0)) * 1.3])
    axes.plot(line, line, color=MUTED, lw=1)
    axes.errorbar(
        expected[shown],
        kept[shown],
        xerr=sd[shown],
        fmt="o",
        ms=3.5,
        color=AFTER,
        elinewidth=1,
        label="entry, ± 1 sd",
    )
    log_axis(axes, x=True, y=True)
    axes.set(xlabel="expected pairs", ylabel="kept pairs", xlim=line, ylim=line)
    axes.legend(loc="upper left")
    text = f"{int(shown.sum()):,} of {len(at):,} entries with a match; the line is expected = kept."
    return canvas.finish("expected-and-kept", "Expected and kept pairs by entry", text)


def draw_deviations(entries: EntryFigures) -> Chart:
    """Draw the distribution of (kept - expected) / sd beside the normal one."""
    values = entries.deviations
    canvas = Canvas()
    axes = canvas.axes
    edges = np.linspace(-5, 5, 41)
    axes.hist(np.clip(values, -4.99, 4.99), edges.tolist(), color=AFTER, label="entries")
    normal = np.exp(-(edges**2) / 2) / math.sqrt(2 * math.pi) * len(values) * (edges[1] - edges[0])
    axes.plot(edges, normal, color=INK, lw=1.5, label="normal distribution")
    axes.set(xlabel="(kept − expected) / sd", ylabel="entries")
    number_axis(axes, y=True)
    axes.legend(loc="upper left")
    text = (
        f"Chance moves {len(values):,} entries: {entries.outside(2):,} lie outside 2 sd, "
        f"{entries.outside(3):,} outside 3 sd."
    )
    return canvas.finish("deviations", "Deviation from what was expected", text)


def draw_columns(name: str, title: str, unit: str, bars: Sequence[Bar]) -> Chart:
    """Draw pairs before and after as columns, in the order of the values."""
    canvas = Canvas()
    axes = canvas.axes
    at = np.arange(len(bars))
    axes.bar(at - 0.2, [bar.before for bar in bars], 0.4, color=BEFORE, label="pool")
    axes.bar(at + 0.2, [bar.after for bar in bars], 0.4, color=AFTER, label="curation")
    step = max(1, math.ceil(len(bars) / 11))
    axes.set_xticks(at[::step], [bar.value for bar in bars][::step])
    axes.grid(visible=False, axis="x")
    axes.set(xlabel=unit, ylabel="pairs")
    number_axis(axes, y=True)
    axes.legend(loc="upper right")
    before, after = (sum(getattr(bar, side) for bar in bars) for side in ("before", "after"))
    return canvas.finish(name, title, f"{before:,} pairs in the pool, {after:,} in the curation.")


def draw_bars(name: str, title: str, unit: str, bars: Sequence[Bar]) -> Chart:
    """Draw numbers before and after as bars, one for each name; the last adds up the others."""
    shown, rest = list(bars[:_BARS]), bars[_BARS:]
    if rest:
        rest_sums = sum(bar.before for bar in rest), sum(bar.after for bar in rest)
        shown.append(Bar(f"{len(rest):,} others", *rest_sums))
    canvas = Canvas(1.2 + 0.3 * max(1, len(shown)))
    axes = canvas.axes
    at = np.arange(len(shown))
    axes.barh(at - 0.2, [bar.before for bar in shown], 0.4, color=BEFORE, label="pool")
    axes.barh(at + 0.2, [bar.after for bar in shown], 0.4, color=AFTER, label="curation")
    axes.set_yticks(at, [label(bar.value) for bar in shown])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set(xlabel=unit)
    number_axis(axes, x=True)
    axes.locator_params(axis="x", nbins=5)
    canvas.figure.legend(loc="outside upper right", ncols=2)
    return canvas.finish(name, title, f"{unit.capitalize()} in the pool and in the curation.")


def _match_bars(bars: Sequence[Bar]) -> list[Bar]:
    """Return a bar for each number of matches up to the largest, gaps included."""
    found = {int(bar.value): bar for bar in bars}
    numbers = range(1, max(found, default=0) + 1)
    filled = [found.get(number, Bar(str(number), 0, 0)) for number in numbers]
    last = f"{MOST_MATCHES}+"
    return [Bar(last, b.before, b.after) if b.value == str(MOST_MATCHES) else b for b in filled]


def _length_bars(bars: Sequence[Bar]) -> list[Bar]:
    """Return a bar for each range of lengths, named by its least length."""
    found = {int(bar.value): bar for bar in bars}
    used = [least for least in LENGTHS if least <= max(found, default=0)]
    none = Bar("", 0, 0)
    bars = [found.get(least, none) for least in used]
    return [Bar(short(least), bar.before, bar.after) for least, bar in zip(used, bars, strict=True)]
