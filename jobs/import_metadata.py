"""Import a list of entries (JSON, text or Parquet) as one version of the table `metadata`."""

import logging
import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.errors import InputError
from metaclip.metadata.entries import read_entries
from metaclip.metadata.lint import lint_entries
from metaclip.metadata.versions import Origin, publish_entries
from metaclip.redaction import redact
from metaclip.report.entries import render_metadata
from metaclip.report.summaries import MetadataSummary
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def import_metadata(config: Config, warehouse: Warehouse) -> MetadataSummary:
    """Read and check the list `metadata.file`, and write it under its version."""
    if config.metadata.file is None:
        raise InputError("metadata.file", "a list of entries", "null")
    table = read_entries(config.metadata.file)
    origin = Origin("import_metadata", {"file": redact(config.metadata.file)})
    version = publish_entries(warehouse, config, table, origin)
    entries, languages = (table[name].to_pylist() for name in ("entry", "language"))
    log.info("%s entries, version %s", f"{len(entries):,}", version)
    lint = lint_entries(entries, languages, config.build.max_characters)
    return MetadataSummary(version, len(entries), lint)


if __name__ == "__main__":
    sys.exit(run_job("import_metadata", __doc__, import_metadata, report=render_metadata))
