"""Run the whole flow in one application: from crawl files (or a pool) to a curated table."""

import sys

from msgspec import UNSET, UnsetType

from metaclip.application import run_job, run_step
from metaclip.config.settings import Config, with_metadata_version
from metaclip.ingest.pools import is_pool
from metaclip.jobs.build_metadata import build_metadata
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.matching.languages import open_model
from metaclip.report.summaries import CurateSummary, MetadataSummary
from metaclip.report.summary import render_curation
from metaclip.warehouse.warehouse import Warehouse


def curate(config: Config, warehouse: Warehouse) -> CurateSummary:
    """Import or build the metadata, read the files, match, count and sample."""
    open_model(config.languages)  # refused before an hour's work, not after it
    built: MetadataSummary | UnsetType = UNSET
    imported: MetadataSummary | UnsetType = UNSET
    if config.metadata.build:
        built = run_step(build_metadata, config, warehouse)
        config = with_metadata_version(config, built.metadata_version)
    elif config.metadata.file is not None:
        imported = run_step(import_metadata, config, warehouse)
        config = with_metadata_version(config, imported.metadata_version)
    pool = is_pool(config.crawl.files)
    return CurateSummary(
        build_metadata=built,
        import_metadata=imported,
        extract_pairs=UNSET if pool else run_step(extract_pairs, config, warehouse),
        import_pairs=run_step(import_pairs, config, warehouse) if pool else UNSET,
        match_entries=run_step(match_entries, config, warehouse),
        count_entries=run_step(count_entries, config, warehouse),
        sample_pairs=run_step(sample_pairs, config, warehouse),
    )


if __name__ == "__main__":
    sys.exit(run_job("curate", __doc__, curate, report=render_curation))
