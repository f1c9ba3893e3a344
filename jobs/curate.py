"""Run the whole flow in one application: from crawl files (or a pool) to a curated table."""

import sys

from metaclip.application import Summary, run_job
from metaclip.config.settings import Config, with_metadata_version
from metaclip.ingest.pools import is_pool
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.matching.languages import open_model
from metaclip.report.summary import render_curation
from metaclip.warehouse.warehouse import Warehouse


def curate(config: Config, warehouse: Warehouse) -> Summary:
    """Import the metadata, read the files, match, count, sample and say what came out."""
    open_model(config.languages)  # refused before an hour's work, not after it
    done: dict[str, Summary] = {}
    if config.metadata.file is not None:
        done["import_metadata"] = import_metadata(config, warehouse)
        config = with_metadata_version(config, done["import_metadata"]["metadata_version"])
    read = import_pairs if is_pool(config.crawl.files) else extract_pairs
    done[read.__name__] = read(config, warehouse)
    for step in (match_entries, count_entries, sample_pairs):
        done[step.__name__] = step(config, warehouse)
    return {**done, "report": render_curation(warehouse, config, done)}


if __name__ == "__main__":
    sys.exit(run_job("curate", __doc__, curate))
