"""Build a list of entries: read all sources that the settings name, and merge them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pyarrow as pa

from metaclip.config.metadata import BuildSettings
from metaclip.errors import InputError
from metaclip.metadata.candidates import (
    Notes,
    dictionary_candidates,
    title_candidates,
    word_candidates,
)
from metaclip.metadata.entries import ENTRY_SCHEMA
from metaclip.metadata.input_files import list_inputs, refusing_unreadable_files
from metaclip.metadata.merge import merge_candidates, number_entries
from metaclip.metadata.tokens import TOKENIZER
from metaclip.metadata.wikipedia.wikitext import parser_name
from metaclip.warehouse.tables import METADATA
from metaclip.warehouse.warehouse import Warehouse


@dataclass
class Built:
    """A built list of ENTRY_SCHEMA, and what its record tells of the sources."""

    entries: pa.Table
    sources: dict[str, object]
    tokenizer: str | None = None
    parser: str | None = None


def build_entries(warehouse: Warehouse, settings: BuildSettings) -> Built:
    """Read all sources and merge them.

    Raises:
        InputError: no source, or one that is wrong.
    """
    inputs = list_inputs(settings)
    joined = _read_joined(warehouse, settings)
    notes: Notes = {}
    with refusing_unreadable_files("build"):
        sources = [
            *dictionary_candidates(warehouse, settings, inputs, notes),
            *word_candidates(warehouse, settings, inputs, notes),
            *title_candidates(warehouse, settings, inputs, notes),
        ]
        entries, accounts = merge_candidates(
            sources, settings.language, settings.max_characters, settings.limit
        )
    if not entries.num_rows:
        raise InputError("build", "at least one source with entries", "none", "name its files")
    figures = {name: asdict(account) for name, account in accounts.items()}
    counted = bool(inputs.dumps or inputs.texts)
    return Built(
        number_entries(pa.concat_tables([joined, entries])),
        {"figures": figures, **notes},
        TOKENIZER if counted else None,
        parser_name() if inputs.dumps else None,
    )


def _read_joined(warehouse: Warehouse, settings: BuildSettings) -> pa.Table:
    """Return the entries of the versions of other languages, in the order of the setting."""
    tables = [ENTRY_SCHEMA.empty_table()]
    seen = {settings.language}
    for version in settings.join:
        rows = warehouse.read_rows(METADATA, {"metadata_version": version})
        table = rows.sort_by("entry_id").select(ENTRY_SCHEMA.names).cast(ENTRY_SCHEMA)
        languages = set(table["language"].unique().to_pylist())
        if not languages or None in languages or languages & seen:
            found = ", ".join(sorted(map(str, languages))) or "no such version"
            expected = "a version of other languages alone"
            raise InputError(f"build.join {version}", expected, found)
        seen |= languages
        tables.append(table)
    return pa.concat_tables(tables)
