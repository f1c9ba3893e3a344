"""A small real cluster, real input, and a warehouse as it stands before each fault."""

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
