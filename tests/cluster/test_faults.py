"""Any single fault leaves the same curated rows, and each one hits a running task."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.helpers.cluster_applications import Application, Session, Submitted
from tests.helpers.cluster_events import Account, account_for
from tests.helpers.cluster_inputs import (
    FLOW,
    WATS,
    Inputs,
    Quiet,
    SmallDisk,
    T,
    digest,
    read_rows,
    settings,
)
from tests.helpers.cluster_processes import Cluster, wait_for

pytestmark = [pytest.mark.long, pytest.mark.cluster]

MATCHING = "write matches"
"""The stage in which texts are matched, shuffled by pair and written."""
REPORTED_SECONDS = 1.0
"""Time in which Spark's pages show the end of a task; they lag by a tenth of a second."""
EMPTY_SPACE = 2_000_000

Look = Callable[[psutil.Process], list[psutil.Process]]


class Run:
    """The flow over pages and captions, from the matching of the captions on."""

    def __init__(self, session: Session, warehouse: Path) -> None:
        self.session, self.warehouse = session, warehouse

    def start(self) -> None:
        """Start to match the captions."""
        self.session.start(FLOW[0], *settings(self.warehouse, "captions"))

    def matching(self, look: Look = lambda executor: [executor]) -> psutil.Process:
        """Start; return a process that `look` finds, suspended in a task that matches texts.

        The process is suspended before Spark is asked for its tasks: a task that still runs
        a while later runs until the process is resumed.
        """
        executors = self.session.executors()
        self.start()
        while True:
            name, process = wait_for(lambda: self._at_work(executors, look))[0]
            process.suspend()
            time.sleep(REPORTED_SECONDS)
            if name in self.session.running(MATCHING):
                return process
            process.resume()

    def _at_work(
        self, executors: dict[str, psutil.Process], look: Look
    ) -> list[tuple[str, psutil.Process]]:
        names = self.session.running(MATCHING)
        return [(name, found) for name in names for found in look(executors[name])]

    def finish(self) -> Account:
        """Run the other steps; return the account of the matching stage."""
        answer = self.session.answer()
        assert "summary" in answer, answer
        account = self.account()
        for step in FLOW[1:]:
            self.session.run(step, *settings(self.warehouse, "captions"))
        return account

    def account(self) -> Account:
        """Return the account of the matching stage."""
        found = account_for(self.session.events()[self.session.begun :], MATCHING)
        print(f"\n  {dict(found.reasons)}, {found.retried} tasks of an attempt above 0")
        return found


def print_digest(warehouse: Path) -> str:
    """Print and return the digest of the curation."""
    found = digest(warehouse)
    print(f"  {found}")
    return found


@pytest.fixture
def run(session: Session, cluster: Cluster, warehouse: Path) -> Run:
    return Run(session, warehouse)


def test_a_killed_executor_changes_no_row(run: Run, quiet: Quiet) -> None:
    run.matching().kill()
    account = run.finish()
    assert account.reasons["ExecutorLostFailure"]
    assert account.retried
    assert account.executors_lost
    assert print_digest(run.warehouse) == quiet.all


def test_a_killed_python_worker_changes_no_row(run: Run, quiet: Quiet) -> None:
    def computing(executor: psutil.Process) -> list[psutil.Process]:
        """Return the running workers: forks of a daemon, which is the executor's child."""
        forked = [worker for daemon in executor.children() for worker in daemon.children()]
        return [worker for worker in forked if worker.status() == psutil.STATUS_RUNNING]

    run.matching(computing).kill()
    account = run.finish()
    assert "Python worker exited unexpectedly" in account.errors
    assert account.retried
    assert print_digest(run.warehouse) == quiet.all


def test_a_lost_host_changes_no_row(run: Run, cluster: Cluster, quiet: Quiet) -> None:
    """The Worker is killed, and its child, the executor, with it."""
    executor = run.matching()
    (worker,) = (one for one in cluster.workers if one.pid == executor.ppid())
    cluster.workers.remove(worker)
    worker.kill()
    executor.kill()
    worker.wait()
    account = run.finish()
    cluster.start_worker()
    assert account.reasons["ExecutorLostFailure"]
    assert account.retried
    assert account.executors_lost
    assert print_digest(run.warehouse) == quiet.all


def shuffled(cluster: Cluster) -> set[Path]:
    """Return the larger files of shuffles on all hosts."""
    found = cluster.folder.glob("host-*/local/*/*/blockmgr-*/*/shuffle_*.data")
    return {file for file in found if file.stat().st_size > 100_000}


@pytest.mark.parametrize("damage", ["lost", "corrupt"])
def test_a_damaged_shuffle_file_changes_no_row(
    run: Run, cluster: Cluster, quiet: Quiet, damage: str
) -> None:
    """The file is the output of the first task that matches texts, while others still run."""
    run.start()
    wait_for(lambda: run.session.running(MATCHING))
    before = shuffled(cluster)
    file = wait_for(lambda: shuffled(cluster) - before).pop()
    if damage == "lost":
        file.unlink()
    else:
        with file.open("r+b") as stream:
            stream.seek(file.stat().st_size // 2)
            stream.write(b"\0" * 1000)
    account = run.finish()
    assert account.reasons["FetchFailed"]
    assert account.retried
    assert print_digest(run.warehouse) == quiet.all


def test_a_full_disk_publishes_nothing(run: Run, quiet: Quiet, small_disk: SmallDisk) -> None:
    """The job fails with one line; once there is room the next run succeeds."""
    seen = Path(shutil.copytree(run.warehouse, small_disk.seen / "warehouse"))
    run.warehouse = small_disk.path / "warehouse"
    status = os.statvfs(small_disk.seen)
    filler = small_disk.seen / "filler"
    filler.write_bytes(b"\0" * (status.f_bavail * status.f_frsize - EMPTY_SPACE))
    commits = sorted(seen.glob("matches/_delta_log/*.json"))
    run.start()
    assert "No space left on device" in run.session.answer()["error"]
    account = run.account()
    assert "No space left on device" in account.errors
    assert account.retried
    assert sorted(seen.glob("matches/_delta_log/*.json")) == commits
    filler.unlink()
    run.start()
    run.finish()
    assert print_digest(seen) == quiet.all


@pytest.mark.parametrize("stage", ["write curated", "write curation_counts"])
def test_the_first_of_two_drivers_wins(
    run: Run, cluster: Cluster, quiet: Quiet, stage: str
) -> None:
    """One is suspended in `stage` while the other one runs from start to end, with another t."""
    shutil.copytree(quiet.after, run.warehouse, dirs_exist_ok=True)
    given = settings(run.warehouse, "captions")
    held = Submitted(cluster, "sample_pairs", *given, f"balance.t={2 * T}")
    wait_for(lambda: held.running(stage), every=0.005)
    held.process.send_signal(signal.SIGSTOP)
    try:
        run.session.run("sample_pairs", *given)
    finally:
        held.process.send_signal(signal.SIGCONT)
    failure = held.failure()
    assert failure.startswith("sample_pairs: curated {'curation': 'default'}: another job wrote it")
    assert failure.endswith("nothing of this job was published, run it again")
    print(f"\n  {failure}")
    assert print_digest(run.warehouse) == quiet.all


KILLS = {
    "extract_pairs": ("write extractions", WATS),
    "match_entries": (MATCHING, 1),
    "count_entries": ("write entry_counts", 1),
    "sample_pairs": ("write curated", 1),
}


def at_work(application: Application, stage: str, tasks: int) -> int:
    """Return the number of running tasks of `stage`, by the event log on the disk."""
    assert application.process.poll() is None
    return account_for(application.events(), stage, tasks).unfinished


def _kill_import(session: Session, cluster: Cluster, given: list[str], warehouse: Path) -> None:
    """Kill import_metadata, whose rows are the driver's own, once it has written a file."""
    application = Submitted(cluster, "import_metadata", *given)
    wait_for(lambda: [*(warehouse / "metadata").rglob("*.parquet")], every=0.002)
    assert application.process.poll() is None
    application.kill()
    session.run("import_metadata", *given)


def test_a_killed_driver_changes_no_row_in_any_job(
    session: Session, cluster: Cluster, quiet: Quiet, inputs: Inputs, tmp_path: Path
) -> None:
    """Each job, from the metadata to the curation of the pages, is killed and run again."""
    warehouse = tmp_path / "warehouse"
    given = [*settings(warehouse, "pages"), inputs.metadata, inputs.pages]
    _kill_import(session, cluster, given, warehouse)
    for job, (stage, tasks) in KILLS.items():
        wait_for(lambda: cluster.cores_used() == 2)
        application = Submitted(cluster, job, *given)
        wait_for(partial(at_work, application, stage, tasks), every=0.01)
        application.kill()
        account = account_for(application.events(), stage, tasks)
        print(f"\n  {job}: {account.unfinished} tasks were running when it was killed")
        assert account.unfinished
        session.run(job, *given)
    assert print_digest(warehouse) == quiet.pages
    (curation,) = read_rows(warehouse / "curations")
    assert curation["actual_size"] == len(read_rows(warehouse / "curated"))
