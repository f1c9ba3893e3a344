"""Import a list of entries (JSON, text or Parquet) as one version of the table `metadata`."""

import logging
import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.errors import InputError
from metaclip.metadata.entries import metadata_version, read_entries
from metaclip.report.summaries import MetadataSummary
from metaclip.warehouse.tables import METADATA
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def import_metadata(config: Config, warehouse: Warehouse) -> MetadataSummary:
    """Read and check the list `metadata.file`, and write it under its version."""
    if config.metadata.file is None:
        raise InputError("metadata.file", "a list of entries", "null")
    entries = read_entries(config.metadata.file)
    version = metadata_version(entries["entry"].to_pylist())
    rows = warehouse.spark.createDataFrame(entries)
    warehouse.replace(METADATA, rows, {"metadata_version": version}, {})
    log.info("%s entries, version %s", f"{entries.num_rows:,}", version)
    return MetadataSummary(version, entries.num_rows)


if __name__ == "__main__":
    sys.exit(run_job("import_metadata", __doc__, import_metadata))
