"""Publish a list of entries as one version of the table `metadata`, with its record.

Building or importing the same entries twice gives one version. The record is written after the
entries, so that a version without a record belongs to a job that did not end.
"""

from __future__ import annotations

import datetime
import json
import logging
from dataclasses import dataclass

import pyarrow as pa

from metaclip import __version__
from metaclip.config.settings import Config
from metaclip.metadata.entries import metadata_version
from metaclip.warehouse.tables import METADATA, METADATA_VERSIONS
from metaclip.warehouse.warehouse import Warehouse

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """Job, sources, tokeniser and parser that made a list."""

    job: str
    sources: dict[str, object]
    tokenizer: str | None = None
    parser: str | None = None


def publish_entries(warehouse: Warehouse, config: Config, entries: pa.Table, origin: Origin) -> str:
    """Write a table of ENTRY_SCHEMA and its record, unless they are there; return the version."""
    languages = entries["language"].to_pylist()
    version = metadata_version(entries["entry"].to_pylist(), languages)
    partition = {"metadata_version": version}
    if warehouse.last_change(METADATA, partition) is None:
        warehouse.replace(METADATA, entries, partition, {})
    else:
        log.info("version %s is there already", version)
    if not has_record(warehouse, version):
        record = {
            "job": origin.job,
            "entries": entries.num_rows,
            "languages": sorted({language for language in languages if language is not None}),
            "sources": json.dumps(origin.sources, ensure_ascii=False, sort_keys=True),
            "tokenizer": origin.tokenizer,
            "parser": origin.parser,
            "config": config.to_json(),
            "package_version": __version__,
            "created_at": datetime.datetime.now(datetime.UTC),
        }
        rows = METADATA_VERSIONS.rows([record], "metadata_version")
        warehouse.replace(METADATA_VERSIONS, rows, partition, {})
    return version


def has_record(warehouse: Warehouse, version: str) -> bool:
    """Return whether the record of a version was written."""
    if not warehouse.exists(METADATA_VERSIONS):
        return False
    partition = {"metadata_version": version}
    return bool(warehouse.read_rows(METADATA_VERSIONS, partition, ["job"]).num_rows)
