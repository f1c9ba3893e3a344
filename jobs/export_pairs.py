"""Export a curation for training tools: images in Parquet files, counts, DataComp's uids."""

import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.curation.export import export_curation
from metaclip.report.summaries import ExportSummary
from metaclip.warehouse.warehouse import Warehouse


def export_pairs(config: Config, warehouse: Warehouse) -> ExportSummary:
    """Write the curation `balance.curation` to the folder `export.to`, all of it or nothing."""
    return export_curation(config, warehouse)


if __name__ == "__main__":
    sys.exit(run_job("export_pairs", __doc__, export_pairs))
