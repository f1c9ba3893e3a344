"""Any single fault leaves the same curated rows, and is shown to have hit a running task."""

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
"""After which Spark's pages know of a task's end; they lag by a tenth of a second."""
EMPTY_SPACE = 2_000_000

Look = Callable[[psutil.Process], list[psutil.Process]]


class Run:
    """The flow over pages and captions from where matching the captions begins."""

    def __init__(self, session: Session, warehouse: Path) -> None:
        self.session, self.warehouse = session, warehouse

    def start(self) -> None:
        """Begin it."""
        self.session.start(FLOW[0], *settings(self.warehouse, "captions"))

    def matching(self, look: Look = lambda executor: [executor]) -> psutil.Process:
        """Begin it; return what `look` finds of an executor, held in a task that matches texts.

        A process is stopped first, and only then is Spark asked for tasks: one that still
        runs a while later runs until the process goes on.
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
        """Return the account of the matching stage, once all has ended well."""
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


def told(warehouse: Path) -> str:
    """Return the digest of what was curated, once it is printed for the list of faults."""
    found = digest(warehouse)
    print(f"  {found}")
    return found


@pytest.fixture
def run(session: Session, cluster: Cluster, warehouse: Path) -> Run:
    return Run(session, warehouse)


def test_an_executor_is_killed(run: Run, quiet: Quiet) -> None:
    run.matching().kill()
    account = run.finish()
    assert account.reasons["ExecutorLostFailure"]
    assert account.retried
    assert account.executors_lost
    assert told(run.warehouse) == quiet.all


def test_a_python_worker_is_killed(run: Run, quiet: Quiet) -> None:
    def computing(executor: psutil.Process) -> list[psutil.Process]:
        """The workers that a daemon has forked; the daemon is the executor's child."""
        forked = [worker for daemon in executor.children() for worker in daemon.children()]
        return [worker for worker in forked if worker.status() == psutil.STATUS_RUNNING]

    run.matching(computing).kill()
    account = run.finish()
    assert "Python worker exited unexpectedly" in account.errors
    assert account.retried
    assert told(run.warehouse) == quiet.all


def test_a_host_is_lost(run: Run, cluster: Cluster, quiet: Quiet) -> None:
    """Its Worker is killed, and the executor that was the Worker's child goes with it."""
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
    assert told(run.warehouse) == quiet.all


def shuffled(cluster: Cluster) -> set[Path]:
    """The larger files of shuffles on all hosts."""
    found = cluster.folder.glob("host-*/local/*/*/blockmgr-*/*/shuffle_*.data")
    return {file for file in found if file.stat().st_size > 100_000}


@pytest.mark.parametrize("damage", ["lost", "corrupt"])
def test_a_shuffle_file_is(run: Run, cluster: Cluster, quiet: Quiet, damage: str) -> None:
    """The output of the first task that matches texts, while others still do."""
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
    assert told(run.warehouse) == quiet.all


def test_a_full_disk(run: Run, quiet: Quiet, small_disk: SmallDisk | None) -> None:
    """The job fails with one line and publishes nothing; once there is room it goes on."""
    if small_disk is None:
        pytest.skip("this system gives nobody a namespace, and so no small file system")
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
    assert told(seen) == quiet.all


@pytest.mark.parametrize("stage", ["write curated", "write curation_counts"])
def test_two_drivers_write_one_curation(
    run: Run, cluster: Cluster, quiet: Quiet, stage: str
) -> None:
    """One is held in `stage` while the other one runs from begin to end, with another t."""
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
    assert told(run.warehouse) == quiet.all


KILLS = {
    "import_metadata": ("write metadata", 1),
    "extract_pairs": ("write extractions", WATS),
    "match_entries": (MATCHING, 1),
    "count_entries": ("write entry_counts", 1),
    "sample_pairs": ("write curated", 1),
}


def at_work(application: Application, stage: str, tasks: int) -> int:
    """The number of tasks of `stage` that run, by the event log as it stands on the disk."""
    assert application.process.poll() is None
    return account_for(application.events(), stage, tasks).unfinished


def test_the_driver_is_killed_in_each_job(
    session: Session, cluster: Cluster, quiet: Quiet, inputs: Inputs, tmp_path: Path
) -> None:
    """From nothing to the curation of the pages: each job killed at work, and run again."""
    warehouse = tmp_path / "warehouse"
    given = [*settings(warehouse, "pages"), inputs.metadata, inputs.pages]
    for job, (stage, tasks) in KILLS.items():
        wait_for(lambda: cluster.cores_used() == 2)
        application = Submitted(cluster, job, *given)
        wait_for(partial(at_work, application, stage, tasks), every=0.01)
        application.kill()
        account = account_for(application.events(), stage, tasks)
        print(f"\n  {job}: {account.unfinished} tasks were running when it was killed")
        assert account.unfinished
        session.run(job, *given)
    assert told(warehouse) == quiet.pages
    (curation,) = read_rows(warehouse / "curations")
    assert curation["actual_size"] == len(read_rows(warehouse / "curated"))
