"""Exports: which rows, in which order, and nothing half-published."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from delta.tables import DeltaTable
from pyspark.sql import SparkSession

from metaclip.curation.export import deal_into_files, gather_images
from metaclip.curation.export_folder import Folder
from metaclip.errors import InputError
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.export_pairs import export_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.tables import CURATED
from tests.helpers.runner import Runner

FILES = 7
WORDS = ["cat", "dog", "the cat", "red", "blue", "sea", "old", "tree"]


def texts(number: int) -> list[str]:
    """One to three texts of an image, of words that are frequent or rare."""
    chance = random.Random(number)
    return [
        " ".join(["the cat"] * (number % 3 > 0) + chance.choices(WORDS, k=2) + [str(at)])
        for at in range(number % 3 + 1)
    ]


@pytest.fixture(scope="module")
def pool(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """A curation of 400 images with one, two or three texts each, most of which are kept."""
    folder = tmp_path_factory.mktemp("pool")
    lines = [
        {
            "uid": hashlib.md5(f"{n} {text}".encode()).hexdigest(),
            "url": f"http://example.org/{n}.jpg",
            "text": text,
        }
        for n in range(400)
        for text in texts(n)
    ]
    (folder / "pool.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "entries.json").write_text(json.dumps([*WORDS, 'never "found"', "été"]))
    run = Runner(spark, folder / "warehouse")
    run(import_metadata, f"metadata.file={folder}/entries.json")
    run(import_pairs, f"crawl.files={folder}/pool.jsonl")
    for step in (match_entries, count_entries):
        run(step)
    run(sample_pairs, "balance.t=60")
    return run


def curated(run: Runner) -> list[dict[str, Any]]:
    rows = run.warehouse.read_partition(CURATED, {"curation": "default"}).collect()
    return [row.asDict() for row in rows]


def images(folder: Path) -> list[list[dict[str, Any]]]:
    """The rows of each file."""
    return [pq.read_table(file).to_pylist() for file in sorted(folder.glob("images/*.parquet"))]


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and not file.name.endswith(".crc")
    }


@pytest.fixture(scope="module")
def exported(pool: Runner, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "new" / "folder"
    pool(export_pairs, f"export.to={folder}", f"export.files={FILES}", "export.uids=true")
    return folder


def test_a_row_for_each_image(pool: Runner, exported: Path) -> None:
    """Against a grouping in plain Python."""
    by_image: dict[str, list[dict[str, Any]]] = {}
    for row in curated(pool):
        by_image.setdefault(row["image_id"], []).append(row)
    expected = []
    for image, rows in by_image.items():
        rows.sort(key=lambda row: (-row["keep_probability"], row["pair_id"]))
        expected.append(
            {
                "url": rows[0]["image_url"],
                "caption": rows[0]["text"],
                "captions": [row["text"] for row in rows],
                "pair_ids": [row["pair_id"] for row in rows],
                "image_id": image,
                "source_id": rows[0]["source_id"],
            }
        )
    found = [row for rows in images(exported) for row in rows]
    key = "image_id"
    assert sorted(found, key=lambda r: r[key]) == sorted(expected, key=lambda r: str(r[key]))
    assert max(len(row["captions"]) for row in found) == 3


def test_files_of_one_size_in_an_order_of_their_own(exported: Path) -> None:
    rows = images(exported)
    names = sorted(file.name for file in exported.glob("images/*.parquet"))
    assert names == [f"{number:05}.parquet" for number in range(FILES)]
    sizes = [len(file) for file in rows]
    assert max(sizes) - min(sizes) == 1
    numbers = [int(row["url"][19:-4]) for file in rows for row in file]
    assert numbers != sorted(numbers)
    # Of the images 0 to 399 in a random order, neighbours differ by 133 on average (sd 5).
    assert 118 < np.abs(np.diff(numbers)).mean() < 148
    assert {file.suffix for file in exported.rglob(".*")} <= {".crc"}
    assert (exported / "_SUCCESS").exists()


def spread(files: list[list[dict[str, Any]]], keep: dict[str, float]) -> float:
    """Variance between the files' mean keep probabilities over what chance gives: about 1."""
    values = [np.array([keep[row["pair_ids"][0]] for row in file]) for file in files]
    everything = np.concatenate(values)
    means = np.array([file.mean() for file in values])
    sizes = np.array([len(file) for file in values])
    within = everything.var(ddof=1)
    return float((sizes * (means - everything.mean()) ** 2).sum() / within / (len(files) - 1))


def test_each_file_is_a_random_sample(pool: Runner, exported: Path) -> None:
    keep = {row["pair_id"]: row["keep_probability"] for row in curated(pool)}
    files = images(exported)
    assert len(set(keep.values())) > 10
    # Chi-square with 6 degrees of freedom over 6 is below 3.74 in 99.9 % of all cases.
    assert spread(files, keep) < 3.74
    everything = sorted(
        (row for file in files for row in file), key=lambda row: keep[row["pair_ids"][0]]
    )
    ordered = [everything[at : at + 50] for at in range(0, len(everything), 50)]
    assert spread(ordered, keep) > 3.74  # the test would see files that are none


def test_the_same_bytes_whatever_the_partitions(
    pool: Runner, exported: Path, tmp_path: Path
) -> None:
    rows = pool.warehouse.read_partition(CURATED, {"curation": "default"})
    again = Folder(pool.spark, str(tmp_path / "again"), "export.to")
    dealt = deal_into_files(gather_images(rows.repartition(5, "text")).repartition(3), FILES)
    again.write_parquet("images", dealt, FILES)
    again.publish("{}")
    before = {name: data for name, data in contents(exported).items() if "images" in name}
    after = {name: data for name, data in contents(tmp_path / "again").items() if "images" in name}
    assert len(before) == FILES
    assert after == before


def test_uids_as_datacomp_reads_them(pool: Runner, exported: Path) -> None:
    uids = np.load(exported / "uids.npy")
    assert uids.dtype == np.dtype("u8,u8")
    found = [f"{high:016x}{low:016x}" for high, low in uids.tolist()]
    assert found == sorted({row["source_id"] for row in curated(pool)})


def test_counts(pool: Runner, exported: Path) -> None:
    """The counts of pool and curation equal those of a search for each word."""
    everything = [text for number in range(400) for text in texts(number)]
    kept = [row["text"] for row in curated(pool)]
    for name, found in (("entry_counts", everything), ("curated_entry_counts", kept)):
        counts = json.loads((exported / f"{name}.json").read_text(encoding="utf-8"))
        assert list(counts) == [*WORDS, 'never "found"', "été"]
        for entry, count in counts.items():
            assert count == sum(f" {entry} " in f" {text} " for text in found)


@pytest.mark.long
def test_another_export_takes_the_place_of_one(pool: Runner, tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    for files in (3, 2):
        pool(export_pairs, f"export.to={tmp_path}/to", f"export.files={files}")
    assert len(images(tmp_path / "to")) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["to"]


def test_what_is_no_export_stays(pool: Runner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for to in (tmp_path, tmp_path / "file"):
        with pytest.raises(InputError, match="a new or empty folder, or an older export, found"):
            pool(export_pairs, f"export.to={to}")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([], "export.to: expected a folder, found null"),
        (["export.to=x", "balance.curation=y"], r"one of the warehouse \(default\), found y"),
        (["export.to='no such://x'"], "export.to no such://x: expected a folder that Hadoop can"),
    ],
)
def test_bad_settings(pool: Runner, settings: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        pool(export_pairs, *settings)


@pytest.mark.long
def test_rows_without_a_uid(pool: Runner, run: Runner, tmp_path: Path) -> None:
    """They are refused, and an export that was there stays as it was."""
    shutil.copytree(pool.root, run.root)
    by_image = {row["image_id"]: row["pair_id"] for row in curated(pool)}
    good, short, none, *_ = by_image.values()
    rows = DeltaTable.forPath(run.spark, run.warehouse.path(CURATED))
    rows.delete(f"pair_id not in ('{good}', '{short}', '{none}')")
    rows.update(f"pair_id = '{short}'", {"source_id": "'0001'"})
    rows.update(f"pair_id = '{none}'", {"source_id": "null"})
    assert run(export_pairs, f"export.to={tmp_path}/to", "export.files=9")["files"] == 3
    assert [len(file) for file in images(tmp_path / "to")] == [1, 1, 1]  # none without a row
    before = contents(tmp_path / "to")
    with pytest.raises(InputError) as caught:
        run(export_pairs, f"export.to={tmp_path}/to", "export.uids=true")
    assert str(caught.value) == (
        "curation default: expected a source_id of 32 hexadecimal digits in each row, "
        "found 2 of 3 others, such as null"
    )
    assert contents(tmp_path / "to") == before != {}
    assert not list(tmp_path.glob(".to*"))
