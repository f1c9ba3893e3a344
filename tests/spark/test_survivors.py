"""Survivors of a download: each kind of list, their new draws, and lists that are refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import Row, SparkSession
from pyspark.sql.types import StringType, StructField, StructType

from metaclip.curation.survivors import SurvivorAccount, keep_survivors, read_survivors
from metaclip.errors import InputError
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.plan_balance import plan_balance
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.tables import CURATED, CURATION_COUNTS, CURATIONS
from tests.helpers.balance_twins import slow_keep_probability
from tests.helpers.crawls import WORDS, T, arrive, make_pairs
from tests.helpers.runner import Runner

SEED = 5
KEYS = ("pair_id", "image_id", "image_url", "source_id")


@pytest.fixture(scope="module")
def parent(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Return a warehouse with the curation `parent`, which no test changes."""
    folder = tmp_path_factory.mktemp("parent")
    run = Runner(spark, folder / "warehouse")
    (folder / "entries.json").write_text(json.dumps(WORDS))
    run(import_metadata, f"metadata.file={folder}/entries.json")
    arrive(run, "local", make_pairs(1), folder)
    run(sample_pairs, f"balance.t={T}", f"balance.seed={SEED}", "balance.curation=parent")
    return run


def curated(run: Runner, curation: str) -> dict[str, Row]:
    rows = run.warehouse.read_partition(CURATED, {"curation": curation}).collect()
    return {row.pair_id: row for row in rows}


@pytest.fixture(scope="module")
def rows(parent: Runner) -> list[Row]:
    """Return the pairs of the parent, sorted by pair_id."""
    found = curated(parent, "parent")
    return [found[pair] for pair in sorted(found)]


def as_parquet(**columns: Sequence[Any]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def as_csv(header: Sequence[str], *lines: Sequence[str]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([header, *lines])
    return stream.getvalue().encode()


def as_lines(*lines: str) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


def as_img2dataset(urls: Sequence[str]) -> bytes:
    """Return metadata of img2dataset: every second image failed; it copied our columns."""
    return as_parquet(
        url=[*urls, *urls[1::2]],
        key=[str(n) for n in range(len(urls))] + ["9"] * len(urls[1::2]),
        status=["success", "failed_to_download"] * (len(urls) // 2)
        + ["success"] * (len(urls) % 2)
        + ["failed_to_resize"] * len(urls[1::2]),
        error_message=pa.nulls(len(urls) + len(urls[1::2]), pa.string()),
        image_id=["x"] * (len(urls) + len(urls[1::2])),
        source_id=["x"] * (len(urls) + len(urls[1::2])),
    )


def as_cut_export(ids: Sequence[str]) -> bytes:
    """Return one column that pyarrow cut from a file of Spark's, which still names two."""
    names = ("image_id", "source_id")
    spark_schema = StructType([StructField(name, StringType()) for name in names])
    metadata = {"org.apache.spark.sql.parquet.row.metadata": spark_schema.json()}
    stream = io.BytesIO()
    table = pa.table({"image_id": ids}).replace_schema_metadata(metadata)
    pq.write_table(table, stream)
    return stream.getvalue()


LISTS: dict[str, tuple[str, Callable[[list[str]], bytes], int]] = {
    # By name: the key, a function that writes ids, the step between ids that count
    "a.parquet": ("pair_id", lambda ids: as_parquet(pair_id=ids, width=[1] * len(ids)), 1),
    "b.csv": ("image_id", lambda ids: as_csv(["n", "image_id"], *[["1", i] for i in ids]), 1),
    "c.csv.gz": ("image_url", lambda ids: gzip.compress(as_csv(["image_url"], *zip(ids))), 1),
    "d.txt": ("source_id", lambda ids: as_lines("source_id", *ids), 1),
    "e.txt": ("pair_id", lambda ids: as_lines(*ids, "", " "), 1),
    "f.txt.gz": ("image_id", lambda ids: gzip.compress(as_lines(*ids)), 1),
    "g.txt": ("image_url", lambda ids: as_lines(*ids).replace(b"\n", b"\r\n"), 1),
    "h.parquet": ("image_url", as_img2dataset, 2),
    "i.parquet": ("image_id", as_cut_export, 1),
}


@pytest.mark.parametrize("name", LISTS)
def test_each_kind_of_list_keeps_the_same_pairs(
    parent: Runner, rows: list[Row], tmp_path: Path, name: str
) -> None:
    """An image or a source keeps all its pairs; ids may be repeated."""
    key, write, step = LISTS[name]
    ids = sorted({row[key] for row in rows})[::3]
    (tmp_path / name).write_bytes(write(ids))
    listed = read_survivors(parent.spark, str(tmp_path / name))
    frame = parent.warehouse.read_partition(CURATED, {"curation": "parent"})
    found, account = keep_survivors(frame, listed, "curation parent")
    expected = [row.pair_id for row in rows if row[key] in ids[::step]]
    assert sorted(row.pair_id for row in found.collect()) == expected
    assert account == SurvivorAccount(
        survivors_key=key,
        survivors_listed=len(ids[::step]),
        survivors_repeated=0,
        survivors=len(expected),
    )
    assert len(expected) > len(ids[::step]) or key == "pair_id" or step == 2


def family(parent: str, file: Path, *settings: str) -> list[str]:
    return [f"balance.parent={parent}", f"balance.survivors={file}", *settings]


@pytest.mark.long
def test_a_child_and_a_grandchild_are_as_worked_by_hand(
    parent: Runner, rows: list[Row], tmp_path: Path
) -> None:
    """Entries are counted over survivors; draws are divided by the parent's probability."""
    above, settings = rows, [f"balance.seed={SEED}", "metadata.version=null"]
    for name, before, t in (("child", "parent", T / 2), ("grandchild", "child", T / 4)):
        alive = {row.image_id for n, row in enumerate(above) if n % 4}
        lines = sorted(alive)
        (tmp_path / f"{name}.txt").write_bytes(as_lines(*lines, *lines[:3]))
        asked = [*family(before, tmp_path / f"{name}.txt"), *settings, f"balance.t={t}"]
        planned = parent(plan_balance, *asked)["plan"]
        summary = parent(sample_pairs, *asked, f"balance.curation={name}")
        pool = [row for row in above if row.image_id in alive]
        assert (summary["parent"], summary["parent_size"]) == (before, len(above))
        assert (summary["survivors"], summary["survivors_repeated"]) == (len(pool), 3)
        counts = Counter(entry for row in pool for entry in row.entry_ids)
        keep = {
            row.pair_id: slow_keep_probability([counts[e] for e in row.entry_ids], t)
            for row in pool
        }
        draws = {row.pair_id: row.draw / row.keep_probability for row in pool}
        found = curated(parent, name)
        assert {p: (row.keep_probability, row.draw) for p, row in found.items()} == {
            p: (keep[p], draws[p]) for p in keep if draws[p] < keep[p]
        }
        assert 0 < len(found) < len(pool)
        assert all(0 < row.enters_at <= t for row in found.values())
        figures = next(row for row in planned if row["t"] == t)
        assert figures["actual_size"] == summary["actual_size"] == len(found)
        assert summary["expected_size"] == pytest.approx(sum(keep.values()))
        assert figures["expected_sd"] == pytest.approx(summary["expected_sd"])
        by_entry = parent.warehouse.read_partition(CURATION_COUNTS, {"curation": name}).collect()
        assert {row.entry_id: row["count"] for row in by_entry if row["count"]} == counts
        [published] = parent.warehouse.read_partition(CURATIONS, {"curation": name}).collect()
        assert published.parent == before
        assert set(published.input_versions) == {f"curated/{before}", "metadata"}
        size = len(pool) // 3
        sized = parent(
            sample_pairs,
            *(a for a in asked if not a.startswith("balance.t=")),
            f"balance.size={size}",
            "balance.curation=sized",
        )
        assert sized["actual_size"] == size == len(curated(parent, "sized"))
        above = list(found.values())


def refused(run: Runner, *settings: str) -> str:
    before = run.commits()
    with pytest.raises(InputError) as caught:
        run(sample_pairs, "balance.t=1", *settings)
    assert run.commits() == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


ID = "0" * 32
BAD_LISTS: dict[str, tuple[bytes, str]] = {
    "none.parquet": (as_parquet(pair_id=pa.array([], pa.string())), "one survivor, found none"),
    "header.csv": (as_csv(["pair_id"]), "one survivor, found none"),
    "header.txt": (as_lines("pair_id"), "one survivor, found none"),
    "failed.parquet": (
        as_parquet(url=["http://1.example.org/1.jpg"], status=["failed_to_download"]),
        "one survivor, found none",
    ),
    "other.parquet": (
        as_parquet(pair_id=[ID, ID]),
        f"pair_id of curation parent, found 1 of 1 that it has not, such as {ID}; is the list",
    ),
    "null.parquet": (
        as_parquet(pair_id=pa.array([None], pa.string())),
        "that it has not, such as null",
    ),
    "two.csv": (
        as_csv(["image_url", "pair_id"], ["http://1.example.org/1.jpg", ID]),
        "found pair_id and image_url; a list has one of them",
    ),
    "no_key.csv": (
        as_csv(["url", "id"], ["http://1.example.org/1.jpg", ID]),
        "one of the columns pair_id, image_id, image_url, source_id, found the columns url, id",
    ),
    "empty.csv": (b"", "found the columns none"),
    "empty.txt": (b"\n", "a first line that names its key"),
    "words.txt": (as_lines("cat", "dog"), "a first line that names its key"),
    "broken.parquet": (b"PAR1 no Parquet", "expected readable parquet files, found"),
    "list.jsonl": (b"{}\n", "one format: .parquet, .csv or .txt, found"),
}


@pytest.mark.parametrize("name", BAD_LISTS)
def test_a_bad_list_of_survivors_is_refused(parent: Runner, tmp_path: Path, name: str) -> None:
    data, line = BAD_LISTS[name]
    (tmp_path / name).write_bytes(data)
    message = refused(parent, *family("parent", tmp_path / name), f"balance.seed={SEED}")
    assert message.startswith("balance.survivors: expected ")
    assert line in message


def test_a_list_of_another_curation_is_refused(
    parent: Runner, rows: list[Row], tmp_path: Path
) -> None:
    """One unknown id among many is enough."""
    (tmp_path / "ids.txt").write_bytes(as_lines(*(row.pair_id for row in rows), ID))
    message = refused(parent, *family("parent", tmp_path / "ids.txt"), f"balance.seed={SEED}")
    assert f"found 1 of {len(rows) + 1} that it has not, such as {ID}" in message


def test_missing_and_mixed_lists_are_refused(parent: Runner, tmp_path: Path) -> None:
    seed = f"balance.seed={SEED}"
    message = refused(parent, *family("parent", tmp_path / "none*.csv"), seed)
    assert message.startswith("balance.survivors: expected readable csv files, found ")
    files = f"[{tmp_path}/a.csv, {tmp_path}/b.txt]"
    message = refused(parent, "balance.parent=parent", f"balance.survivors={files}", seed)
    assert message.endswith("one format: .parquet, .csv or .txt, found csv, txt")


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (["balance.seed=0"], f"balance.seed: expected {SEED}, as the parent has it, found 0"),
        (["balance.dedup=crawl"], "balance.dedup: expected all, as the parent has it, found crawl"),
        (["balance.crawls=[x]"], "balance.crawls: expected ['local'], as the parent has it"),
        (["matching.spacing=symmetric"], "matching.spacing: expected reference, as the parent"),
        (["metadata.version='0123456789abcdef'"], "as the parent has it, found 0123456789abcdef"),
        (["balance.parent=none"], "curation: expected one of the warehouse ("),
    ],
)
def test_settings_other_than_the_parents_are_refused(
    parent: Runner, tmp_path: Path, settings: list[str], line: str
) -> None:
    given = [*family("parent", tmp_path / "list.csv"), f"balance.seed={SEED}", *settings]
    assert line in refused(parent, *given)


def test_a_parent_whose_rows_were_replaced_is_refused(parent: Runner, tmp_path: Path) -> None:
    """A run ended after it had written rows and before it published them."""
    rows = parent.warehouse.read_partition(CURATED, {"curation": "parent"}).drop("curation")
    parent(sample_pairs, f"balance.t={T}", "balance.curation=torn")
    parent.warehouse.replace(CURATED, rows.limit(5), {"curation": "torn"}, {})
    message = refused(parent, *family("torn", tmp_path / "list.csv"))
    assert message.endswith("run sample_pairs with balance.curation=torn")
