"""Show what each t would give, from one pass over the matches; writes no curation."""

import sys

from metaclip.application import Summary, log, run_job
from metaclip.balance.counting import collect_counts
from metaclip.balance.expectation import expect
from metaclip.balance.planning import describe_plan, group_by_origin
from metaclip.balance.thresholds import grid
from metaclip.config.settings import Config
from metaclip.curation.inputs import choose_t, open_pool
from metaclip.report.plan import render_plan
from metaclip.warehouse.tables import METADATA
from metaclip.warehouse.warehouse import Warehouse


def plan_balance(config: Config, warehouse: Warehouse) -> Summary:
    """Return the figures of each t of `plan.t` (or a grid) and of the t of `balance`."""
    pool = open_pool(config, warehouse)
    counts = collect_counts(pool.counts)
    chosen = choose_t(pool, counts, config.balance) if config.balance.asks_for_t() else None
    ts = sorted({*(config.plan.t or grid(counts)), *([] if chosen is None else [chosen])})
    entries = warehouse.read_partition(METADATA, {"metadata_version": pool.metadata_version})
    origins = entries.orderBy("entry_id").select("language", "source").toArrow()
    names, groups = group_by_origin(origins)
    sums = expect(pool.matches, counts, ts, groups)
    plan = describe_plan(ts, counts, names, groups, sums)
    log.info("plan_balance     %d values of t", len(ts))
    return {
        **pool.account,
        "metadata_version": pool.metadata_version,
        "matches": int(counts.sum()),
        "chosen_t": chosen,
        "plan": plan,
        "report": render_plan(plan, chosen),
    }


if __name__ == "__main__":
    sys.exit(run_job("plan_balance", __doc__, plan_balance))
