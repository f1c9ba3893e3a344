"""Record the inputs of each derived partition, and refuse one whose inputs have moved on."""

from __future__ import annotations

from pyspark.sql import Row

from metaclip.errors import InputError
from metaclip.warehouse.commits import Change
from metaclip.warehouse.tables import (
    CURATED,
    CURATIONS,
    ENTRY_COUNTS,
    EXTRACTIONS,
    MATCHES,
    METADATA,
    METADATA_VERSIONS,
    REMOVALS,
)
from metaclip.warehouse.warehouse import Warehouse

ADDED = {"state": "added"}
"""Partition that the commits note which add to the table `removals`."""
PURGED = {"state": "purged"}
"""Partition that the commit notes which records that all tables were purged."""


def match_partition(metadata_version: str, spacing: str, crawl: str) -> dict[str, str]:
    """Return the partition of `matches` and `entry_counts` of one crawl."""
    return {"metadata_version": metadata_version, "spacing": spacing, "crawl": crawl}


def choose_metadata(warehouse: Warehouse, version: str | None) -> str:
    """Return `version`, or the only version of the warehouse; `newest` is the last one made.

    Raises:
        InputError: no version, several and none chosen, or an unknown one.
    """
    # The log answers without a query; no job deletes a version.
    written = warehouse.written_partitions(METADATA)
    found = sorted(partition["metadata_version"] for partition in written)
    found = found or _versions_of_others(warehouse)
    if not found:
        raise InputError(
            "metadata",
            "a list of entries in the warehouse",
            "none",
            "run build_metadata or import_metadata first",
        )
    if version is None and len(found) > 1:
        raise InputError(
            "metadata.version",
            f"a choice, as the warehouse has {len(found)} lists",
            "null",
            f"set it to one of {', '.join(found)}",
        )
    if version == "newest":
        return _newest(warehouse, found)
    if version is not None and version not in found:
        raise InputError("metadata.version", f"one of {', '.join(found)}", version)
    return version or found[0]


def _versions_of_others(warehouse: Warehouse) -> list[str]:
    """Return the versions in a table that another program wrote."""
    if not warehouse.exists(METADATA):
        return []
    rows = warehouse.read_rows(METADATA, {}, ["metadata_version"])
    return sorted(rows["metadata_version"].unique().to_pylist())


def _newest(warehouse: Warehouse, found: list[str]) -> str:
    """Return the version that was made last; one without a record is older than all others."""
    made = warehouse.read_rows(METADATA_VERSIONS, {}, ["created_at", "metadata_version"])
    order = [("created_at", "descending"), ("metadata_version", "ascending")]
    recorded: list[str] = made.sort_by(order)["metadata_version"].to_pylist()
    return next(version for version in [*recorded, *found] if version in found)


def read_entry_texts(warehouse: Warehouse, version: str) -> list[str]:
    """Return the entries of a metadata version, in the order of their ids."""
    partition = {"metadata_version": version}
    rows = warehouse.read_rows(METADATA, partition, ["entry_id", "entry"])
    texts: list[str] = rows.sort_by("entry_id")["entry"].to_pylist()
    return texts


def match_inputs(warehouse: Warehouse, crawl: str, removals: int | None) -> dict[str, int]:
    """Return the versions of the tables that the matches of a crawl are computed from.

    Args:
        removals: the version of the table `removals`, if there is one.
    """
    extracted = warehouse.last_change(EXTRACTIONS, {"crawl": crawl})
    assert extracted is not None  # a crawl with coverage was extracted
    inputs = {"extractions": extracted.version, "metadata": warehouse.version(METADATA)}
    return inputs if removals is None else {**inputs, "removals": removals}


def require_fresh_matches(warehouse: Warehouse, partition: dict[str, str]) -> int:
    """Return the version of a crawl's matches.

    Raises:
        InputError: there are none, or the crawl's extractions are newer.
    """
    crawl = partition["crawl"]
    extracted = warehouse.last_change(EXTRACTIONS, {"crawl": crawl})
    matched = warehouse.last_change(MATCHES, partition)
    where = f"matches of crawl {crawl}"
    again = f"run match_entries with crawl.name={crawl}"
    if extracted is None:
        raise InputError(
            f"crawl {crawl}", "extracted files", "none", "run extract_pairs or import_pairs first"
        )
    if matched is None:
        raise InputError(where, "to be there", "none for this metadata and spacing", again)
    if matched.inputs["extractions"] != extracted.version:
        raise InputError(where, "to be newer than its extractions", "them older", again)
    _require_purged(warehouse, matched, where)
    return matched.version


def _require_purged(warehouse: Warehouse, matched: Change, where: str) -> None:
    """Refuse matches that removals did not reach.

    Matching did not know the removals yet, and remove_pairs ran before the matches were
    written, or was cut off before it purged them.
    """
    added = warehouse.last_change(REMOVALS, ADDED)
    if added is None or matched.inputs.get("removals", -1) >= added.version:
        return
    purged = warehouse.last_change(REMOVALS, PURGED)
    if (
        purged is None
        or purged.inputs["removals"] < added.version
        or purged.inputs["matches"] < matched.version
    ):
        raise InputError(
            where, "to be purged of all removals", "some that were not", "run remove_pairs again"
        )


def require_fresh_counts(warehouse: Warehouse, partition: dict[str, str]) -> dict[str, int]:
    """Return the versions of a crawl's matches and entry counts.

    Raises:
        InputError: one is missing or older than its inputs.
    """
    crawl = partition["crawl"]
    matched = require_fresh_matches(warehouse, partition)
    counted = warehouse.last_change(ENTRY_COUNTS, partition)
    if counted is None or counted.inputs["matches"] != matched:
        raise InputError(
            f"entry counts of crawl {crawl}",
            "to be newer than its matches",
            "none" if counted is None else "them older",
            f"run count_entries with crawl.name={crawl}",
        )
    return {f"matches/{crawl}": matched, f"entry_counts/{crawl}": counted.version}


def list_curations(warehouse: Warehouse) -> list[str]:
    """Return the names of all curations."""
    if not warehouse.exists(CURATIONS):
        return []
    return sorted(warehouse.read_rows(CURATIONS, {}, ["curation"])["curation"].to_pylist())


def read_curations(warehouse: Warehouse) -> list[Row]:
    """Return the rows of all curations, of unpublished ones too."""
    if not warehouse.exists(CURATIONS):
        return []
    rows = warehouse.read_rows(CURATIONS, {}).to_pylist()
    return [Row(**{**row, "input_versions": dict(row["input_versions"])}) for row in rows]


def find_curation(warehouse: Warehouse, curation: str) -> Row:
    """Return the row of `curations` of a published curation.

    Raises:
        InputError: there is no such curation, or it is being replaced.
    """
    rows = {row.curation: row for row in read_curations(warehouse)}
    if curation not in rows:
        known = ", ".join(sorted(rows)) or "none"
        raise InputError("curation", f"one of the warehouse ({known})", curation)
    written = warehouse.last_change(CURATED, {"curation": curation})
    if written is None or written.version != rows[curation].curated_version:
        raise InputError(
            f"curation {curation}",
            "its rows as they were published",
            "others, of a run that did not end",
            f"run sample_pairs with balance.curation={curation}",
        )
    return rows[curation]
