"""Write the report of a curation (--curation NAME), maybe compared with another (--against)."""

import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.curation.report_folder import render_place, write_report
from metaclip.report.summaries import ReportSummary
from metaclip.warehouse.warehouse import Warehouse

FLAGS = {"curation": "balance.curation", "against": "report.against", "to": "report.to"}


def report_curation(config: Config, warehouse: Warehouse) -> ReportSummary:
    """Write the page and the charts of the curation `balance.curation`."""
    return write_report(config, warehouse)


if __name__ == "__main__":
    sys.exit(run_job("report_curation", __doc__, report_curation, flags=FLAGS, report=render_place))
