"""Register the tables of the warehouse, and views, in a database of the session's catalog."""

import logging
import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.report.summaries import RegisterSummary
from metaclip.warehouse import catalog
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


def register_tables(config: Config, warehouse: Warehouse) -> RegisterSummary:
    """Register the tables as `catalog.database`.NAME."""
    database = config.catalog.database
    tables, views = catalog.register_tables(warehouse, database)
    log.info("%d tables and %d views in database %s", len(tables), len(views), database)
    return RegisterSummary(database, tables, views)


if __name__ == "__main__":
    sys.exit(run_job("register_tables", __doc__, register_tables))
