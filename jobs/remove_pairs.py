"""Remove pairs, images or whole domains: from all tables, and from all that comes later."""

import logging
import sys

from msgspec import UNSET

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.errors import InputError
from metaclip.removals.purge import count_unused, purge_tables, render_purge
from metaclip.removals.requests import SETTING, read_removals, record_list
from metaclip.report.summaries import RemoveSummary
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def remove_pairs(config: Config, warehouse: Warehouse) -> RemoveSummary:
    """Record the list first, then purge the tables; without a list, only purge them.

    The next run ends one that was cut off: until then the matches are refused.
    """
    recorded = record_list(warehouse, config.removals.files) if config.removals.files else None
    removals = read_removals(warehouse)
    if removals is None:
        raise InputError(SETTING, "a list of pairs, images or domains to remove", "none")
    unused = UNSET if recorded is None else count_unused(warehouse, recorded, removals)
    purged = purge_tables(warehouse, removals)
    log.info("%s", ", ".join(f"{rows:,} of {table}" for table, rows in purged.deleted.items()))
    return RemoveSummary(
        kind=UNSET if recorded is None else recorded.kind,
        listed=UNSET if recorded is None else recorded.listed,
        new=UNSET if recorded is None else recorded.new,
        matched_nothing=unused,
        deleted=purged.deleted,
        recounted=purged.recounted,
        curations=purged.curations,
    )


def render(warehouse: Warehouse, summary: RemoveSummary) -> str:
    """Return the curations that lost pairs, and the command that deletes older versions."""
    return render_purge(warehouse, summary.curations)


if __name__ == "__main__":
    sys.exit(run_job("remove_pairs", __doc__, remove_pairs, report=render))
