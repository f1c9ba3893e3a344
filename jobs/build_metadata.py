"""Build a list of entries from WordNet and Wikipedia as one version of the table `metadata`."""

import logging
import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.metadata.build import build_entries
from metaclip.metadata.lint import lint_entries
from metaclip.metadata.versions import Origin, publish_entries
from metaclip.report.entries import render_metadata
from metaclip.report.summaries import MetadataSummary
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def build_metadata(config: Config, warehouse: Warehouse) -> MetadataSummary:
    """Read the sources that `build` names, merge them, and write the list under its version."""
    built = build_entries(warehouse, config.build)
    origin = Origin("build_metadata", built.sources, built.tokenizer, built.parser)
    version = publish_entries(warehouse, config, built.entries, origin)
    entries, languages = (built.entries[name].to_pylist() for name in ("entry", "language"))
    log.info("%s entries, version %s", f"{len(entries):,}", version)
    lint = lint_entries(entries, languages, config.build.max_characters)
    return MetadataSummary(version, len(entries), lint, built.sources)


if __name__ == "__main__":
    sys.exit(run_job("build_metadata", __doc__, build_metadata, report=render_metadata))
