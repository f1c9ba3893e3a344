"""Write a curation: its pairs, its counts, and last the row that makes it exist."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import pyarrow as pa

from metaclip import __version__
from metaclip.balance.expectation import SIZES, Size, count_curation, expect, group_by_entry
from metaclip.balance.sampling import sample
from metaclip.balance.thresholds import tail_share
from metaclip.config.settings import Config
from metaclip.curation.inputs import Inputs, choose_t
from metaclip.errors import ConflictError
from metaclip.report.summaries import SampleSummary
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, CURATIONS
from metaclip.warehouse.warehouse import Partition, Versions, Warehouse

log = logging.getLogger(__name__)


def publish_curation(config: Config, warehouse: Warehouse, inputs: Inputs) -> SampleSummary:
    """Sample `inputs` as `balance` asks, and write the curation `balance.curation`.

    Raises:
        InputError: more pairs were asked for than there are.
        ConflictError: another job wrote the same curation at the same time, and won.
    """
    partition = {"curation": config.balance.curation}
    counts = inputs.counts
    t = choose_t(inputs, config.balance)
    warehouse.replace(CURATED, sample(inputs.matches, counts, t), partition, inputs.versions)
    with warehouse.stage(f"write {CURATION_COUNTS.name}"):
        sums = expect(inputs.matches, counts, [t], group_by_entry(counts), SIZES)[0]
    by_entry = count_curation(sums, counts, t)
    _replace_while_own(warehouse, CURATION_COUNTS, by_entry, partition, inputs.versions)
    size = Size.of(sums[0])
    summary = inputs.summarise_sample(config.balance.curation, t, tail_share(counts, t), size)
    _publish_row(config, warehouse, inputs, summary)
    everything = ": t is above every count, so everything is kept" if t >= counts.max() else ""
    log.info("%s pairs at t = %.17g%s", f"{size.actual:,}", t, everything)
    return summary


def _replace_while_own(
    warehouse: Warehouse, table: Table, rows: pa.Table, partition: Partition, inputs: Versions
) -> None:
    """Replace `partition` of `table` as long as that of `curated` is this job's.

    The last job to write `curated` wins over others that write the same curation; these stop
    here, so that a conflict with one of them passes.
    """
    while True:
        warehouse.require_own(CURATED, partition)
        try:
            return warehouse.replace(table, rows, partition, inputs)
        except ConflictError as error:
            log.info("%s; this job wrote curated last, so it tries again", error)


def _publish_row(
    config: Config, warehouse: Warehouse, inputs: Inputs, summary: SampleSummary
) -> None:
    """Write the curation's row of `curations`."""
    settings, partition = config.balance, {"curation": summary.curation}
    version = warehouse.require_own(CURATED, partition)
    warehouse.require_own(CURATION_COUNTS, partition)
    row = {
        "crawls": summary.crawls,
        "t": summary.t,
        "tail_share": summary.tail_share,
        "seed": settings.seed,
        "dedup": settings.dedup,
        "parent": settings.parent,
        "expected_size": summary.expected_size,
        "expected_sd": summary.expected_sd,
        "actual_size": summary.actual_size,
        "removed": 0,
        "metadata_version": summary.metadata_version,
        "spacing": config.matching.spacing,
        "input_versions": inputs.versions,
        "curated_version": version,
        "config": config.to_json(),
        "package_version": __version__,
        "created_at": datetime.now(UTC),
    }
    versions = {**inputs.versions, "curated": version}
    rows = CURATIONS.rows([row], "curation")
    _replace_while_own(warehouse, CURATIONS, rows, partition, versions)
