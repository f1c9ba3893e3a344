"""Name the entries of a version that can never match or are probably mistakes; write nothing."""

import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.metadata.lint import lint_entries
from metaclip.report.entries import render_metadata
from metaclip.report.summaries import MetadataSummary
from metaclip.warehouse.lineage import choose_metadata
from metaclip.warehouse.tables import METADATA
from metaclip.warehouse.warehouse import Warehouse


def lint_metadata(config: Config, warehouse: Warehouse) -> MetadataSummary:
    """Check the entries of the version that `metadata.version` names, or of the only one."""
    version = choose_metadata(warehouse, config.metadata.version)
    columns = ("entry_id", "entry", "language")
    table = warehouse.read_rows(METADATA, {"metadata_version": version}, columns)
    table = table.sort_by("entry_id")
    entries, languages = (table[name].to_pylist() for name in ("entry", "language"))
    lint = lint_entries(entries, languages, config.build.max_characters)
    return MetadataSummary(version, len(entries), lint)


if __name__ == "__main__":
    sys.exit(run_job("lint_metadata", __doc__, lint_metadata, report=render_metadata))
