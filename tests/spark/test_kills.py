"""The driver is killed at random moments; only whole files are ever published."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from metaclip.errors import InputError
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.match_entries import match_entries
from tests.helpers.http_server import FaultServer, serving
from tests.helpers.runner import ASSIGNMENTS, ROOT, Runner
from tests.helpers.snapshots import SECRETS, expected_pairs, found_pairs, name_paths, statuses

FILES, KILLS, BATCH = 50, 20, 2


class Crawl:
    """One extraction of `files` from a server, over as many runs as it takes."""

    def __init__(self, run: Runner, server: FaultServer, files: dict[str, bytes]) -> None:
        self.run, self.server, self.files = run, server, files
        self.runs = 0
        self.list = run.root.parent / "files.paths"
        self.list.write_text("".join(f"{path}\n" for path in files))

    def start(self, *settings: str, user: str = "") -> subprocess.Popen[str]:
        """Start the command, as a user does, in a process group of its own."""
        self.runs += 1
        # Each run asks below a folder of its own: a worker may outlive its driver by a moment.
        self.server.files = {f"{self.folder}/{path}": data for path, data in self.files.items()}
        prefix = f"{self.server.url}{self.folder}/".replace("//", f"//{user}", 1)
        words = [
            f"warehouse={self.run.root}",
            f"crawl.files={self.list}",
            f"crawl.prefix={prefix}",
            f"crawl.batch_files={BATCH}",
            *ASSIGNMENTS,
            *settings,
        ]
        command = [sys.executable, "jobs/extract_pairs.py"]
        for word in words:
            command += ["--set", word]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        with (self.run.root.parent / "output").open("w") as output:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                text=True,
                start_new_session=True,
                stdout=output,
                stderr=output,
            )

    @property
    def folder(self) -> str:
        """Return the folder of the run under way."""
        return f"/run{self.runs}"

    def asked(self) -> set[str]:
        """Return the files that the run under way has asked for."""
        begin = f"{self.folder}/"
        paths = [request.path for request in list(self.server.requests)]
        return {path.removeprefix(begin) for path in paths if path.startswith(begin)}

    def done(self) -> set[str]:
        """Return the files that are done; the table has their pairs and no others."""
        if not (self.run.root / "extractions" / "_delta_log").exists():
            return set()
        known = statuses(self.run, "local")
        assert set(known) in (set(), set(self.files))
        done = {path for path, (status, _) in known.items() if status == "done"}
        assert {status for status, _ in known.values()} <= {"done", "pending"}
        assert found_pairs(self.run, "local") == expected_pairs({p: self.files[p] for p in done})
        return done


def wait(process: subprocess.Popen[str], until: Callable[[], bool]) -> bool:
    """Wait for `until`; return False if the process ended before."""
    while process.poll() is None:
        if until():
            return True
        time.sleep(0.02)
    return False


def kill_at_random(crawl: Crawl, chance: random.Random, done: set[str]) -> bool:
    """Start a run and kill it; return False if it ended before that."""
    process = crawl.start()
    if chance.random() < 0.2:  # while it starts
        moment = time.monotonic() + chance.uniform(2, 10)
        killed = wait(process, lambda: time.monotonic() > moment)
    else:  # while it reads
        number = chance.randint(1, 3 * BATCH)
        killed = wait(process, lambda: len(crawl.asked()) >= number)
        time.sleep(chance.uniform(0, 1.5))
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not crawl.asked() & done
    return killed


def finish(crawl: Crawl, done: set[str], tmp_path: Path) -> None:
    """Rerun to the end with a password, which neither the log nor Spark's events show."""
    (tmp_path / "events").mkdir(exist_ok=True)
    events = (
        "spark.spark.eventLog.enabled=true",
        f"spark.spark.eventLog.dir={tmp_path}/events",
        "spark.spark.eventLog.compress=false",
    )
    process = crawl.start(*events, user=f"{SECRETS[0]}:{SECRETS[1]}@")
    assert process.wait() == 0, (crawl.run.root.parent / "output").read_text()
    assert crawl.asked() == set(crawl.files) - done
    assert crawl.done() == set(crawl.files)
    written = [file for file in (tmp_path / "events").rglob("*") if file.is_file()]
    assert written
    for file in (*written, crawl.run.root.parent / "output"):
        text = file.read_text(errors="replace")
        assert not [secret for secret in SECRETS if secret in text], file


@pytest.mark.long
def test_a_killed_driver_publishes_whole_files_or_nothing(
    spark: SparkSession, pages: list[bytes], metadata: Path, tmp_path: Path
) -> None:
    chance, files = random.Random(FILES), name_paths(pages, FILES)
    killed = between = rounds = 0
    with serving({}) as server:
        server.delay = 0.1
        while killed < KILLS:
            rounds += 1
            folder = tmp_path / f"round{rounds}"
            folder.mkdir()
            crawl = Crawl(Runner(spark, folder / "warehouse"), server, files)
            crawl.run(import_metadata, f"metadata.file={metadata}")
            server.requests.clear()
            done, refused = set[str](), False
            while killed < KILLS and len(done) < FILES:
                killed += kill_at_random(crawl, chance, done)
                done = crawl.done()
                between += 0 < len(done) < FILES
                if 0 < len(done) < FILES and not refused:
                    refused = True
                    with pytest.raises(InputError, match=r"files read, found .* pending") as caught:
                        crawl.run(match_entries)
                    assert caught.value.exit_code == 2
            finish(crawl, done, tmp_path)
    print(f"{killed} kills in {rounds} rounds, {between} between first and last commit")
    assert between >= KILLS // 2
