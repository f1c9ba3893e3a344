"""Compare two versions of the metadata: entries that came and went, counts that moved."""

import sys

from metaclip.application import run_job
from metaclip.config.settings import Config
from metaclip.errors import InputError
from metaclip.metadata.difference import Difference, compare_versions, render_difference
from metaclip.warehouse.warehouse import Warehouse

FLAGS = {"old": "metadata.old", "new": "metadata.new"}


def diff_metadata(config: Config, warehouse: Warehouse) -> Difference:
    """Compare the version `metadata.new` with `metadata.old`."""
    old, new = config.metadata.old, config.metadata.new
    if old is None or new is None:
        raise InputError("diff_metadata", "two versions, --old and --new", "one or none")
    return compare_versions(warehouse, old, new)


def render(_: Warehouse, found: Difference) -> str:
    """Return the report that follows the line of JSON."""
    return render_difference(found)


if __name__ == "__main__":
    sys.exit(run_job("diff_metadata", __doc__, diff_metadata, flags=FLAGS, report=render))
