"""Remove pairs, images or whole domains: from all tables, and from all that comes later."""

import sys

from metaclip.application import Summary, log, run_job
from metaclip.config.settings import Config
from metaclip.errors import InputError
from metaclip.ingest.id_lists import read_list
from metaclip.removals import purge
from metaclip.removals.requests import KINDS, SETTING, add_removals, find_keys, read_removals
from metaclip.warehouse.tables import MATCHES
from metaclip.warehouse.warehouse import Warehouse


def remove_pairs(config: Config, warehouse: Warehouse) -> Summary:
    """Write the list down first, then purge the tables; without a list, only purge them.

    Whatever of this was cut off is done by the next run: until then the matches are refused.
    """
    summary: Summary = {}
    if config.removals.files:
        listed = read_list(warehouse.spark, config.removals.files, SETTING, KINDS)
        keys = find_keys(listed).persist()
        values = keys.select("value").distinct().count()
        summary = {"kind": listed.kind, "listed": values, "new": add_removals(warehouse, keys)}
    removals = read_removals(warehouse)
    if removals is None:
        raise InputError(SETTING, "a list of what has to go", "none")
    if config.removals.files:
        meant = keys.join(purge.find_meant(warehouse, removals), on="key", how="left_semi")
        summary["matched_nothing"] = values - meant.select("value").distinct().count()
    versions = {"removals": removals.version}
    versions["matches"] = warehouse.version(MATCHES) if warehouse.exists(MATCHES) else -1
    deleted = {"extractions": purge.purge_extractions(warehouse, removals)}
    deleted["matches"] = purge.purge_matches(warehouse, removals)
    recounted = purge.recount(warehouse)
    deleted["curated"], curations = purge.purge_curations(warehouse, removals)
    purge.note_purged(warehouse, versions)
    log.info("remove_pairs     %s", ", ".join(f"{n:,} of {t}" for t, n in deleted.items()))
    return {
        **summary,
        "deleted": deleted,
        "recounted": recounted,
        "curations": curations,
        "report": purge.describe(warehouse, curations),
    }


if __name__ == "__main__":
    sys.exit(run_job("remove_pairs", __doc__, remove_pairs))
