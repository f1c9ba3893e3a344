"""Show the curation that each t would give, from one pass over the matches."""

import logging
import sys

from msgspec import structs

from metaclip.application import run_job
from metaclip.balance.expectation import SUMS, expect
from metaclip.balance.planning import describe_plan, group_by_origin
from metaclip.balance.thresholds import default_thresholds
from metaclip.config.settings import Config
from metaclip.curation.inputs import choose_t, open_inputs
from metaclip.curation.report_folder import write_charts
from metaclip.report.plan import render_plan
from metaclip.report.plan_chart import draw_plan
from metaclip.report.summaries import PlanSummary
from metaclip.warehouse.tables import METADATA
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def plan_balance(config: Config, warehouse: Warehouse) -> PlanSummary:
    """Return the figures of each t of `plan.t` (or default ones) and of the t of `balance`."""
    inputs = open_inputs(config, warehouse)
    counts = inputs.counts
    chosen = choose_t(inputs, config.balance) if config.balance.asks_for_t() else None
    asked = config.plan.t or default_thresholds(counts)
    ts = sorted({*asked, *([] if chosen is None else [chosen])})
    partition = {"metadata_version": inputs.metadata_version}
    entries = warehouse.read_rows(METADATA, partition, ["entry_id", "language", "source"])
    names, groups = group_by_origin(entries.sort_by("entry_id"))
    sums = expect(inputs.matches, counts, ts, groups, SUMS)
    log.info("%d values of t", len(ts))
    plan = describe_plan(ts, counts, names, groups, sums)
    if config.plan.to is not None:
        write_charts(warehouse.spark, config.plan.to, draw_plan(plan, chosen))
    return PlanSummary(
        **structs.asdict(inputs.summary),
        metadata_version=inputs.metadata_version,
        matches=int(counts.sum()),
        chosen_t=chosen,
        plan=plan,
    )


def render(_: Warehouse, summary: PlanSummary) -> str:
    """Return the plan as a table."""
    return render_plan(summary.plan, summary.chosen_t)


if __name__ == "__main__":
    sys.exit(run_job("plan_balance", __doc__, plan_balance, report=render))
