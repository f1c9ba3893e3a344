"""Check that the tables agree with each other, then compact them and delete old files."""

import sys

from metaclip.application import Summary, log, run_job
from metaclip.config.settings import Config
from metaclip.errors import MetaclipError
from metaclip.maintenance.compaction import compact, vacuum
from metaclip.maintenance.consistency import compare_tables
from metaclip.warehouse.tables import TABLES
from metaclip.warehouse.warehouse import Warehouse


def maintain_tables(config: Config, warehouse: Warehouse) -> Summary:
    """List what disagrees and stop; else put small files together and vacuum."""
    settings, tables = config.maintain, [table for table in TABLES if warehouse.exists(table)]
    findings = compare_tables(warehouse)
    for line in findings.disagreements + findings.stale:
        log.info("maintain_tables  %s", line)
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
    log.info("maintain_tables  %d tables agree", len(tables))
    return {
        "tables": [table.name for table in tables],
        "stale": findings.stale,
        "compacted": compacted,
        "vacuum_hours": settings.vacuum_hours,
    }


if __name__ == "__main__":
    sys.exit(run_job("maintain_tables", __doc__, maintain_tables))
