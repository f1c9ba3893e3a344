"""Check that the tables agree with each other, then compact them and delete old files."""

import logging
import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.errors import MetaclipError
from metaclip.maintenance.compaction import compact, vacuum
from metaclip.maintenance.consistency import check_consistency
from metaclip.report.summaries import MaintainSummary
from metaclip.warehouse.tables import TABLES
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def maintain_tables(config: Config, warehouse: Warehouse) -> MaintainSummary:
    """List all disagreements and stop; else compact small files and vacuum."""
    settings, tables = config.maintain, [table for table in TABLES if warehouse.exists(table)]
    findings = check_consistency(warehouse)
    for line in findings.disagreements + findings.stale:
        log.info("%s", line)
    if findings.disagreements:
        # Nothing is touched: an older version may be what the user wants back.
        count = len(findings.disagreements)
        raise MetaclipError(f"warehouse {warehouse.root}: {count} disagreements, listed above")
    compacted = {}
    for table in tables:
        if settings.compact:
            compacted[table.name] = compact(warehouse, table)
        if settings.vacuum_hours is not None:
            vacuum(warehouse, table, settings.vacuum_hours)
    log.info("%d tables agree", len(tables))
    names = [table.name for table in tables]
    return MaintainSummary(names, findings.stale, compacted, settings.vacuum_hours)


if __name__ == "__main__":
    sys.exit(run_job("maintain_tables", __doc__, maintain_tables))
