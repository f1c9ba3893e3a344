"""Sample a balanced curation from the matches of one or more crawls, or from a parent's."""

import sys
from datetime import UTC, datetime

from pyspark.sql import DataFrame

from metaclip import __version__
from metaclip.application import Summary, log, run_job
from metaclip.balance.counting import collect_counts
from metaclip.balance.expectation import Size, count_curation, expect, group_by_entry
from metaclip.balance.sampling import score
from metaclip.balance.thresholds import tail_share
from metaclip.config.settings import Config
from metaclip.curation.inputs import Pool, choose_t, open_pool
from metaclip.errors import ConflictError
from metaclip.warehouse.table import Table
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, CURATIONS
from metaclip.warehouse.warehouse import Partition, Versions, Warehouse


def sample_pairs(config: Config, warehouse: Warehouse) -> Summary:
    """Write the curation `balance.curation`; its row in `curations` comes last."""
    settings, pool = config.balance, open_pool(config, warehouse)
    partition = {"curation": settings.curation}
    counts = collect_counts(pool.counts)
    t = choose_t(pool, counts, settings)
    scored = score(pool.matches, counts, t).drop("draw_rows")
    kept = scored.where("draw < keep_probability")
    warehouse.replace(CURATED, kept, partition, pool.input_versions)
    sums = expect(pool.matches, counts, [t], group_by_entry(counts))[0]
    by_entry = warehouse.spark.createDataFrame(count_curation(sums, counts, t))
    _replace_while_ours(warehouse, CURATION_COUNTS, by_entry, partition, pool.input_versions)
    share, size = tail_share(counts, t), Size.of(sums[0])
    _publish(config, warehouse, pool, t, share, size)
    everything = ": t is above every count, so everything is kept" if t >= counts.max() else ""
    log.info("sample_pairs     %s pairs at t = %.17g%s", f"{size.actual:,}", t, everything)
    return {
        **partition,
        **pool.account,
        "metadata_version": pool.metadata_version,
        "t": t,
        "tail_share": share,
        "expected_size": size.expected,
        "expected_sd": size.sd,
        "actual_size": size.actual,
    }


def _replace_while_ours(
    warehouse: Warehouse, table: Table, rows: DataFrame, partition: Partition, inputs: Versions
) -> None:
    """Replace `partition` of `table` as long as that of `curated` is ours.

    Of jobs that write one curation at once the last one to write `curated` wins; the others
    stop here, so that a conflict with one of them passes.
    """
    while True:
        warehouse.require_own(CURATED, partition)
        try:
            return warehouse.replace(table, rows, partition, inputs)
        except ConflictError as error:
            log.info("sample_pairs     %s; this one wrote curated last, so again", error)


def _publish(
    config: Config, warehouse: Warehouse, pool: Pool, t: float, share: float, size: Size
) -> None:
    """Write the row without which a curation does not exist."""
    settings, partition = config.balance, {"curation": config.balance.curation}
    version = warehouse.require_own(CURATED, partition)
    warehouse.require_own(CURATION_COUNTS, partition)
    row = {
        "crawls": pool.crawls,
        "t": t,
        "tail_share": share,
        "seed": settings.seed,
        "dedup": settings.dedup,
        "parent": settings.parent,
        "expected_size": size.expected,
        "expected_sd": size.sd,
        "actual_size": size.actual,
        "removed": 0,
        "metadata_version": pool.metadata_version,
        "spacing": config.matching.spacing,
        "input_versions": pool.input_versions,
        "curated_version": version,
        "config": config.to_json(),
        "package_version": __version__,
        "created_at": datetime.now(UTC),
    }
    frame = warehouse.spark.createDataFrame(
        [tuple(row.values())], CURATIONS.schema_without("curation")
    )
    inputs = {**pool.input_versions, "curated": version}
    _replace_while_ours(warehouse, CURATIONS, frame, partition, inputs)


if __name__ == "__main__":
    sys.exit(run_job("sample_pairs", __doc__, sample_pairs))
