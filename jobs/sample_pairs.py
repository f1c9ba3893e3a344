"""Sample a balanced curation from the matches of one or more crawls, or from a parent's."""

import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.curation.inputs import open_inputs
from metaclip.curation.publishing import publish_curation
from metaclip.report.summaries import SampleSummary
from metaclip.warehouse.warehouse import Warehouse


def sample_pairs(config: Config, warehouse: Warehouse) -> SampleSummary:
    """Write the curation `balance.curation`; its row in `curations` comes last."""
    return publish_curation(config, warehouse, open_inputs(config, warehouse))


if __name__ == "__main__":
    sys.exit(run_job("sample_pairs", __doc__, sample_pairs))
