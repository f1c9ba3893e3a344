"""Write the reference of drop reasons from their declarations."""

from __future__ import annotations

from collections.abc import Mapping

from writing import code, page, table

from metaclip.crawl import drop_reasons

_INTRODUCTION = """\
Every input is accounted for. The ledger (rows of kind `file` in `extractions`) counts, for each
file, dropped records and images by reason; the first reason that applies counts. The summaries of
the jobs add them up. Settings named here are those of `crawl.extraction.limits`."""
_SECTIONS = (
    (
        "Records",
        "`dropped_records`: records = pages + others + Σ dropped_records.",
        drop_reasons.RECORDS,
    ),
    ("Images", "`dropped_images`: images = images_kept + Σ dropped_images.", drop_reasons.IMAGES),
    (
        "Pairs",
        f"The summary of match_entries: pairs = {' + '.join(drop_reasons.PAIRS)} + matched.",
        drop_reasons.PAIRS,
    ),
    (
        "Files",
        "`error` of a file that is `failed` (it gave no pair) or `partial` (the pairs of its whole "
        "records are kept). An error of a server or disk is recorded in its own words, such as "
        "`404 Not Found`.",
        drop_reasons.FILES,
    ),
)


def render() -> str:
    """Return the page."""
    return page("Drop reasons", _INTRODUCTION, *(_section(*one) for one in _SECTIONS))


def _section(title: str, text: str, reasons: Mapping[str, str]) -> str:
    rows = ([code(reason), explanation] for reason, explanation in reasons.items())
    return f"## {title}\n\n{text}\n\n" + table(["reason", "applies where"], rows)
