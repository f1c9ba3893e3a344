"""A small real cluster, real input, and a warehouse as it stands before each fault."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers.archives import with_other_hosts
from tests.helpers.cluster_applications import Session
from tests.helpers.cluster_processes import ROOT, Cluster, wait_for

DATA = ROOT / "tests" / "data"
T = 200
WATS, CAPTION_COPIES = 4, 6
FLOW = ("match_entries", "count_entries", "sample_pairs")
SPARK = {
    "spark.sql.shuffle.partitions": "4",
    # Compiling queries over so few rows would take half of the time.
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Several files and several tasks for what would fit into one.
    "spark.databricks.delta.optimizeWrite.binSize": "4m",
    "spark.sql.files.maxPartitionBytes": "4m",
    "spark.sql.files.openCostInBytes": "0",
    "spark.sql.shuffle.orderIndependentChecksum.enabled": "true",
    "spark.sql.shuffle.orderIndependentChecksum.enableFullRetryOnMismatch": "true",
}


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packed environment of this checkout, as `make package` makes it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "metaclip.setup.packing", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=600)
    return folder / "environment.tar.gz"


@pytest.fixture(scope="session")
def environment(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """It, unpacked: once for all hosts, which share this machine's disk."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run(["tar", "xzf", package, "-C", folder], check=True)
    return folder


class SmallDisk(NamedTuple):
    """A file system of 200 MB in a namespace, which takes no rights to make.

    `path` is its folder for the processes that `enter` starts, `seen` for others.
    """

    path: Path
    seen: Path
    enter: list[str]


@pytest.fixture(scope="session")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk | None]:
    """It, or None where the system gives nobody a namespace."""
    path = tmp_path_factory.mktemp("disk")
    mount = f"mount -t tmpfs -o size=200m tmpfs {path} && echo ready && exec sleep infinity"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        if holder.stdout.readline() != b"ready\n":
            yield None
            return
        enter = ["nsenter", "--user", "--mount", "--preserve-credentials"]
        enter += [f"--target={holder.pid}", f"--wd={path.parent}"]
        yield SmallDisk(path, Path(f"/proc/{holder.pid}/root{path}"), enter)
        holder.kill()


@pytest.fixture(scope="session")
def shared_cluster(
    environment: Path, small_disk: SmallDisk | None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A Master and three Workers, for all tests: two for the session, one for other drivers."""
    python = environment / "bin" / "python3"
    enter = small_disk.enter if small_disk else ()
    started = Cluster(tmp_path_factory.mktemp("cluster"), python, 3, enter)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def session(shared_cluster: Cluster) -> Iterator[Session]:
    """An application with two executors."""
    started = Session(shared_cluster, SPARK, 2)
    yield started
    started.stop()


@pytest.fixture
def cluster(shared_cluster: Cluster, session: Session) -> Cluster:
    """The cluster with nothing on it but the session."""
    wait_for(lambda: shared_cluster.cores_used() == 2 == len(session.executors()))
    return shared_cluster


class Inputs(NamedTuple):
    """Real pages and captions, several copies of each whose URLs differ."""

    pages: str
    captions: str
    metadata: str


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Settings that name 450 pages in each of WATS files, and CAPTION_COPIES x 20,000 captions.

    Of the 500,000 entries every tenth: each application builds the engine anew.
    """
    folder = tmp_path_factory.mktemp("inputs")
    wat = (DATA / "wat" / "part.warc.wat.gz").read_bytes()
    for number in range(WATS):
        (folder / f"{number}.warc.wat.gz").write_bytes(with_other_hosts(wat, number))
    captions = pq.read_table(DATA / "captions" / "captions.parquet")
    urls, texts = captions["url"].to_pylist(), captions["text"].to_pylist()
    for number in range(CAPTION_COPIES):
        other = [f"{url}?{number}" for url in urls]
        table = pa.table({"url": other, "text": texts})
        pq.write_table(table, folder / f"captions-{number:02}.parquet")
    entries = pq.read_table(DATA / "metadata" / "entries.parquet")["entry"].to_pylist()
    (folder / "entries.json").write_text(json.dumps(entries[::10]))
    return Inputs(
        f"crawl.files={folder}/*.wat.gz",
        f"crawl.files={folder}/*.parquet",
        f"metadata.file={folder}/entries.json",
    )


class Quiet(NamedTuple):
    """What nothing disturbed: the warehouse before the captions were matched, and after.

    `pages` and `all` are the digests of the curation of the pages alone, and with captions.
    """

    before: Path
    after: Path
    pages: str
    all: str


def settings(warehouse: Path | str, crawl: str) -> list[str]:
    """Return the settings of all jobs."""
    spark = [f"spark.{key}={value}" for key, value in SPARK.items()]
    return [f"warehouse={warehouse}", f"crawl.name={crawl}", f"balance.t={T}", *spark]


@pytest.fixture(scope="session")
def quiet(session: Session, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    """The quiet run."""
    folder = tmp_path_factory.mktemp("quiet")
    before, after = folder / "before", folder / "after"
    session.run("curate", *settings(after, "pages"), inputs.metadata, inputs.pages)
    session.run("import_pairs", *settings(after, "captions"), inputs.captions)
    shutil.copytree(after, before)
    for step in FLOW:
        session.run(step, *settings(after, "captions"))
    found = Quiet(before, after, digest(before), digest(after))
    print(f"\n  quiet: {found.pages} (pages), {found.all} (and captions)")
    return found


@pytest.fixture
def warehouse(quiet: Quiet, tmp_path: Path) -> Path:
    """A copy of the warehouse as it stood before the captions were matched."""
    return Path(shutil.copytree(quiet.before, tmp_path / "warehouse"))


def read_rows(table: Path) -> list[dict[str, Any]]:
    """Return the rows of a Delta table as its log says, read without Spark or Delta."""
    files: dict[str, dict[str, str | None]] = {}
    for commit in sorted((table / "_delta_log").glob("*.json")):
        for line in commit.read_text().splitlines():
            for action, body in json.loads(line).items():
                if action == "add":
                    files[body["path"]] = body["partitionValues"]
                elif action == "remove":
                    del files[body["path"]]
    rows: list[dict[str, Any]] = []
    for path, partition in files.items():
        found = pq.ParquetFile(table / path).read().to_pylist()
        rows += [{**row, **partition} for row in found]
    return rows


def digest(warehouse: Path) -> str:
    """Return a hash over all columns of `curated`, `curation_counts` and `curations`.

    Without times and Delta versions; sums of floats, whose last bit the order of work
    decides, to nine digits.
    """
    without = ("created_at", "input_versions", "curated_version", "config")
    sums = ("expected", "expected_size", "expected_sd")
    lines = []
    for table in ("curated", "curation_counts", "curations"):
        for row in read_rows(warehouse / table):
            kept = {name: value for name, value in row.items() if name not in without}
            kept |= {name: f"{row[name]:.9g}" for name in sums if name in row}
            lines.append(json.dumps([table, kept], default=str, sort_keys=True))
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
