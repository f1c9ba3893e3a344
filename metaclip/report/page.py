"""Render the report of a curation as one HTML page that needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from metaclip.report.chart_style import Chart
from metaclip.report.curation import CurationReport
from metaclip.report.funnel import Funnel

_Line = tuple[str, str, int, dict[str, int]]
"""Name, kind, number and drops of a step."""


@dataclass(frozen=True)
class Step:
    """One line of the funnel.

    Attributes:
        kind: what is counted; a bar compares lines of the same kind.
        share: the part of the kind's first line.
        drops: what did not reach this line, by reason.
    """

    name: str
    kind: str
    number: int
    share: float
    drops: dict[str, int]


def render_page(report: CurationReport, charts: Sequence[Chart]) -> str:
    """Return the page. Every text from a crawl is escaped; scripts and styles are its own."""
    environment = Environment(
        loader=PackageLoader("metaclip.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["percent"] = lambda share: f"{share:.1%}"
    template = environment.get_template("report.html")
    return template.render(
        report=report,
        row=report.row,
        entries=report.entries,
        against=report.against,
        steps=list_steps(report.funnel),
        charts={chart.name: chart for chart in charts},
        inline={chart.name: Markup(chart.inline) for chart in charts},
    )


def list_steps(funnel: Funnel) -> list[Step]:
    """Return the lines of the funnel, from files to curated pairs."""
    files = funnel.reasons("status")
    lines: list[_Line] = [
        ("files asked for", "file", sum(files.values()), {}),
        ("files read", "file", files.get("done", 0), _without(files, "done")),
        ("records", "record", funnel.read("records"), {}),
        (
            "pages",
            "record",
            funnel.read("pages"),
            {**funnel.reasons("dropped_records"), "no page": funnel.total("others")},
        ),
        ("images", "image", funnel.read("images"), {}),
        ("images kept", "image", funnel.read("images_kept"), funnel.reasons("dropped_images")),
        ("pairs", "pair", funnel.read("pairs"), {}),
        (
            "unique pairs",
            "pair",
            funnel.total("unique_pairs"),
            {"duplicate": funnel.total("duplicates")},
        ),
        (
            "matched pairs",
            "pair",
            funnel.total("matched"),
            {"not matched": funnel.total("not_matched")},
        ),
        *_list_samples(funnel),
    ]
    first: dict[str, int] = {}
    steps = []
    for name, kind, number, drops in lines:
        whole = first.setdefault(kind, number)
        shown = {reason: count for reason, count in drops.items() if count > 0}
        steps.append(Step(name, kind, number, number / whole if whole else 0.0, shown))
    return steps


def _list_samples(funnel: Funnel) -> list[_Line]:
    """Return the lines of the pool, where it was counted, and of the curation."""
    curated, removed = funnel.curated, {"removed since": funnel.removed}
    if funnel.pool is None:
        return [("curated pairs", "pair", curated, removed)]
    apart = "in several crawls, or another text of the image"
    return [
        (
            "pool of the curation",
            "pair",
            funnel.pool,
            {apart: funnel.total("matched") - funnel.pool},
        ),
        (
            "curated pairs",
            "pair",
            curated,
            {"not drawn": funnel.pool - curated - funnel.removed, **removed},
        ),
    ]


def _without(counts: dict[str, int], key: str) -> dict[str, int]:
    return {name: count for name, count in counts.items() if name != key}
