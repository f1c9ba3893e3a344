"""Write the report of a curation into a folder: the page, and its charts as SVG and PNG."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from pyspark.sql import SparkSession

from metaclip import __version__
from metaclip.config.settings import Config
from metaclip.curation.export_folder import Folder
from metaclip.curation.reopening import reopen_pool
from metaclip.report.chart_style import Chart
from metaclip.report.charts import draw_charts
from metaclip.report.curation import gather_report
from metaclip.report.page import render_page
from metaclip.report.summaries import ReportSummary
from metaclip.warehouse.lineage import find_curation
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)

PAGE = "report.html"


def write_report(config: Config, warehouse: Warehouse) -> ReportSummary:
    """Write the report of `balance.curation` to the folder `report.to`, all of it or nothing.

    Raises:
        InputError: no such curation, tables that hold other rows than those it was sampled
            from, another curation of other metadata, or a folder of something else.
    """
    name, against = config.balance.curation, config.report.against
    row = find_curation(warehouse, name)
    other = None if against is None else find_curation(warehouse, against)
    to = config.report.to or _default_folder(warehouse, name, against)
    folder = Folder(warehouse.spark, to, "report.to", "report")
    try:
        with warehouse.stage("gather figures"):
            report = gather_report(warehouse, row, reopen_pool(warehouse, row), other)
        with warehouse.stage("draw charts"):
            charts = draw_charts(report)
            page = render_page(report, charts).encode()
        folder.add_file(PAGE, page)
        _add_charts(folder, charts)
        manifest = {"curation": name, "curated_version": row.curated_version}
        folder.publish(json.dumps({"metaclip": __version__, **manifest}) + "\n")
    finally:
        folder.discard()
    log.info("a page of %s bytes and %d charts", f"{len(page):,}", len(charts))
    return ReportSummary(name, against, f"{to}/{PAGE}", len(page), [c.name for c in charts])


def write_charts(spark: SparkSession, to: str, charts: Sequence[Chart]) -> None:
    """Write the charts of a plan to the folder `plan.to`, all of them or nothing.

    Raises:
        InputError: the folder holds something else.
    """
    folder = Folder(spark, to, "plan.to", "plan")
    try:
        _add_charts(folder, charts)
        folder.publish(json.dumps({"metaclip": __version__}) + "\n")
    finally:
        folder.discard()


def _add_charts(folder: Folder, charts: Sequence[Chart]) -> None:
    for chart in charts:
        folder.add_file(f"{chart.name}.svg", chart.svg)
        folder.add_file(f"{chart.name}.png", chart.png)


def render_place(_: Warehouse, summary: ReportSummary) -> str:
    """Return where the page lies."""
    return f"\nThe report of curation {summary.curation}: {summary.page}"


def _default_folder(warehouse: Warehouse, name: str, against: str | None) -> str:
    compared = "" if against is None else f"-against-{against}"
    return f"{warehouse.root}/reports/{name}{compared}"
