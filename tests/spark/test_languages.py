"""Matching with languages: dropped pairs are counted, and kept ones have their language."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from metaclip.config.settings import LanguageSettings
from metaclip.errors import InputError
from metaclip.jobs.curate import curate
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.match_entries import match_entries
from metaclip.matching.languages import open_model
from metaclip.warehouse.tables import EXTRACTIONS, MATCHES
from tests.helpers.runner import Runner
from tests.helpers.shared_data import LANGUAGE_MODEL as MODEL


def test_languages_are_kept_and_others_are_counted(run: Runner, wat: Path, metadata: Path) -> None:
    with pytest.raises(InputError, match=r"languages\.model /no\.ftz: expected a fastText model"):
        run(curate, f"metadata.file={metadata}", f"crawl.files={wat}", "languages.model=/no.ftz")
    assert not run.warehouse.exists(EXTRACTIONS)
    run(import_metadata, f"metadata.file={metadata}")
    run(extract_pairs, f"crawl.files={wat}")
    everything = run(match_entries)
    assert everything["other_language"] == 0
    rows = run.warehouse.read(MATCHES).select("pair_id", "text", "language").collect()
    assert {row.language for row in rows} == {None}
    model = open_model(LanguageSettings(str(MODEL)))
    assert model is not None
    found = model.identify(pa.array([row.text for row in rows])).to_pylist()
    wanted = {
        row.pair_id: one["language"]
        for row, one in zip(rows, found, strict=True)
        if one["language"] in ("de", "fr") and one["score"] >= 0.3
    }
    settings = ("languages.keep=[de, fr]", "languages.min_score=0.3")
    summary = run(match_entries, f"languages.model={MODEL}", *settings)
    kept = run.warehouse.read(MATCHES).select("pair_id", "language").collect()
    assert {row.pair_id: row.language for row in kept} == wanted
    assert 0 < len(wanted) == summary["matched"] == sum(summary["languages"].values())
    assert summary["other_language"] == sum(summary["other_languages"].values())
    assert summary["other_language"] == len(rows) - len(wanted) > 0
    assert summary["no_match"] == everything["no_match"]
    names = ("duplicates", "no_match", "other_language", "removed", "matched")
    assert summary["pairs"] == sum(summary[name] for name in names)
    before = run.commits()
    absent = min(model.languages() - {one["language"] for one in found})
    with pytest.raises(InputError, match="languages that stay, found only "):
        run(match_entries, f"languages.model={MODEL}", f"languages.keep=[{absent}]")
    assert run.commits() == before
