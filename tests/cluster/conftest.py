"""A small real cluster, real inputs, and the warehouse before each fault."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers.archives import with_other_hosts
from tests.helpers.cluster_applications import Session
from tests.helpers.cluster_inputs import (
    CAPTION_COPIES,
    DATA,
    FLOW,
    SPARK,
    WATS,
    Inputs,
    Quiet,
    SmallDisk,
    digest,
    settings,
)
from tests.helpers.cluster_processes import ROOT, Cluster, wait_for


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the packed environment of this checkout, as `make package` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "metaclip.setup.packing", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=600)
    return folder / "environment.tar.gz"


@pytest.fixture(scope="session")
def environment(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the unpacked environment, which all hosts share."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run(["tar", "xzf", package, "-C", folder], check=True)
    return folder


@pytest.fixture(scope="session")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """Yield a small file system; the kernel must allow user namespaces."""
    path = tmp_path_factory.mktemp("disk")
    mount = f"mount -t tmpfs -o size=200m tmpfs {path} && echo ready && exec sleep infinity"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        enter = ["nsenter", "--user", "--mount", "--preserve-credentials"]
        enter += [f"--target={holder.pid}", f"--wd={path.parent}"]
        yield SmallDisk(path, Path(f"/proc/{holder.pid}/root{path}"), enter)
        holder.kill()


@pytest.fixture(scope="session")
def shared_cluster(
    environment: Path, small_disk: SmallDisk, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Yield a Master and three Workers: two for the session, one for other drivers."""
    python = environment / "bin" / "python3"
    started = Cluster(tmp_path_factory.mktemp("cluster"), python, 3, small_disk.enter)
    yield started
    started.stop()


@pytest.fixture(scope="session")
def session(shared_cluster: Cluster) -> Iterator[Session]:
    """Yield an application with two executors."""
    started = Session(shared_cluster, SPARK, 2)
    yield started
    started.stop()


@pytest.fixture
def cluster(shared_cluster: Cluster, session: Session) -> Cluster:
    """Return the cluster once the session alone runs on it."""
    wait_for(lambda: shared_cluster.cores_used() == 2 == len(session.executors()))
    return shared_cluster


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    """Write WATS files of 450 pages, CAPTION_COPIES x 20,000 captions, and every tenth entry.

    Each application builds the engine anew, which takes long for all 500,000 entries.
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


@pytest.fixture(scope="session")
def quiet(session: Session, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Quiet:
    """Run the flow without a fault."""
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
    """Return a copy of the warehouse as it was before the captions were matched."""
    return Path(shutil.copytree(quiet.before, tmp_path / "warehouse"))
