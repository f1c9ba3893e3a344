"""Read the rows of tables, sorted, so that tests can compare them."""

from __future__ import annotations

import json
from typing import Any

from pyspark.sql import DataFrame

from metaclip.warehouse.tables import CURATED
from tests.helpers.runner import Runner

Rows = list[dict[str, Any]]


def rows(frame: DataFrame, *without: str) -> Rows:
    """Return all rows of `frame` as dictionaries, sorted, without some columns."""
    found = [row.asDict(recursive=True) for row in frame.drop(*without).collect()]
    return sorted(found, key=lambda row: json.dumps(row, default=str, sort_keys=True))


def curated(run: Runner, curation: str = "default", *without: str) -> Rows:
    """Return the pairs of a curation, sorted, without some columns."""
    return rows(run.warehouse.read_partition(CURATED, {"curation": curation}), *without)
