"""Import a list of entries (JSON, text or Parquet) as one version of the table `metadata`."""

import sys

from metaclip.application import Summary, log, run_job
from metaclip.config.settings import Config
from metaclip.errors import InputError
from metaclip.metadata.entries import metadata_version, read_entries
from metaclip.warehouse.tables import METADATA
from metaclip.warehouse.warehouse import Warehouse


def import_metadata(config: Config, warehouse: Warehouse) -> Summary:
    """Read and check the list that `metadata.file` names, and write it under its version."""
    if config.metadata.file is None:
        raise InputError("metadata.file", "a list of entries", "null")
    entries = read_entries(config.metadata.file)
    version = metadata_version(entries["entry"].to_pylist())
    rows = warehouse.spark.createDataFrame(entries)
    warehouse.replace(METADATA, rows, {"metadata_version": version}, {})
    log.info("import_metadata  %s entries, version %s", f"{entries.num_rows:,}", version)
    return {"metadata_version": version, "entries": entries.num_rows}


if __name__ == "__main__":
    sys.exit(run_job("import_metadata", __doc__, import_metadata))
