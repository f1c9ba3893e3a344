"""The cards of an export: they validate, and their counts are those of the tables."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from metaclip.curation.cards import render_counts
from metaclip.jobs.export_pairs import export_pairs
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, CURATIONS, EXTRACTIONS, METADATA
from tests.helpers.runner import Runner

PUBLISHER = (
    "cards.name=Flat <pairs> | 2026",
    "cards.license=cc-by-4.0",
    "cards.creator=Some lab",
    "cards.contact=lab@example.org",
    "cards.url=https://example.org/flat",
)


@pytest.fixture(scope="module")
def folder(made: Runner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with every setting of its publisher."""
    target = tmp_path_factory.mktemp("cards") / "export"
    made(
        export_pairs,
        "balance.curation=default",
        f"export.to={target}",
        "export.files=2",
        *PUBLISHER,
    )
    return target


def test_counts_read_back_are_those_of_the_tables(made: Runner, folder: Path) -> None:
    names = {row.entry_id: row.entry for row in made.warehouse.read(METADATA).collect()}
    counts = made.warehouse.read_partition(CURATION_COUNTS, {"curation": "default"}).collect()
    for file, column in (("entry_counts", "count"), ("curated_entry_counts", "kept")):
        read = json.loads((folder / f"{file}.json").read_text("utf-8"))
        assert read == {names[row.entry_id]: row[column] for row in counts}
        assert list(read) == [names[number] for number in sorted(names)]


def test_counts_of_several_languages_are_apart() -> None:
    words, languages = ["Gift", "gift", "Gift"], ["de", "en", "en"]
    entries = pa.table({"entry_id": [0, 1, 2], "entry": words, "language": languages})
    counts = pa.table({"entry_id": [2, 0, 1], "count": [7, 3, 0]})
    read = json.loads(render_counts(counts, entries, "count"))
    assert read == {"de": {"Gift": 3}, "en": {"gift": 0, "Gift": 7}}


def test_mlcroissant_validates_the_card_and_reads_its_records(folder: Path) -> None:
    import mlcroissant

    file = folder / "croissant.json"
    dataset = mlcroissant.Dataset(file)
    issues = dataset.metadata.ctx.issues
    assert issues.errors == set()
    # Publication dates and citations are the publisher's.
    assert all("datePublished" in one or "citeAs" in one for one in map(str, issues.warnings)), (
        issues.warnings
    )
    rows = [
        row
        for part in sorted(folder.glob("images/*.parquet"))
        for row in pq.read_table(part).to_pylist()
    ]
    records = list(dataset.records("images"))
    assert len(records) == len(rows) > 100
    assert {read(one["images/url"]) for one in records} == {row["url"] for row in rows}
    assert {read(one["images/caption"]) for one in records} == {row["caption"] for row in rows}
    card = json.loads(file.read_text("utf-8"))
    assert card["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert card["license"] == "cc-by-4.0"
    assert card["creator"]["email"] == "lab@example.org"


def test_the_card_has_funnel_balance_and_the_origin_of_each_crawl(
    made: Runner, folder: Path
) -> None:
    import mlcroissant

    metadata = mlcroissant.Dataset(folder / "croissant.json").metadata
    (row,) = made.warehouse.read(CURATIONS).where("curation = 'default'").collect()
    curated = made.warehouse.read_partition(CURATED, {"curation": "default"}).count()
    assert f"{curated} image-text pairs of" in metadata.description
    assert f"at t = 40 with a tail share of {row.tail_share:.4f}." in metadata.description
    pairs = made.warehouse.read(EXTRACTIONS).where("kind = 'pair'").select("crawl", "pair.pair_id")
    for crawl in ("one", "other"):
        own = pairs.where(f"crawl = '{crawl}'")
        origin = f"{crawl}: 1 of 1 files read, {own.count()} pages, {own.count()} pairs, "
        assert origin + f"{own.distinct().count()} unique" in metadata.data_collection
    assert f"curated pairs: {curated} (dropped: " in metadata.data_preprocessing_protocol[-1]


def read(value: object) -> object:
    return value.decode() if isinstance(value, bytes) else value


def test_the_hub_reads_the_head_of_the_readme(made: Runner, folder: Path) -> None:
    _, head, body = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    card = yaml.safe_load(head)
    assert card["license"] == "cc-by-4.0"
    assert card["pretty_name"] == "Flat <pairs> | 2026"
    assert card["size_categories"] == ["n<1K"]
    (data,) = card["configs"][0]["data_files"]
    assert len(list(folder.glob(data["path"]))) == 2
    assert "# Flat \\<pairs\\> \\| 2026" in body
    assert "| t | 40 |" in body
    assert "| one | 1 of 1 |" in body
    assert "lab@example.org" in body


def test_what_nobody_said_is_not_in_the_cards(made: Runner, tmp_path: Path) -> None:
    made(export_pairs, "balance.curation=large", f"export.to={tmp_path / 'export'}")
    card = json.loads((tmp_path / "export" / "croissant.json").read_text("utf-8"))
    assert not {"license", "creator", "url", "datePublished", "citeAs"} & card.keys()
    readme = (tmp_path / "export" / "README.md").read_text("utf-8")
    assert "license" not in readme
    assert "Licence" not in readme
    assert "Contact" not in readme
