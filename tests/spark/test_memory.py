"""A file of 2 GB goes through a worker that stays small."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil
import pytest

from metaclip.jobs.extract_pairs import extract_pairs
from tests.helpers.archives import members
from tests.helpers.runner import WAT, Runner

SIZE, LIMIT = 2_000_000_000, 500_000_000


class Peaks(threading.Thread):
    """Record the peak memory of each Python worker (VmHWM), in bytes, by process id."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peaks: dict[int, int] = {}
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.2):
            for process in psutil.Process().children(recursive=True):
                status = Path(f"/proc/{process.pid}/status")
                try:
                    lines = status.read_text().splitlines()
                except OSError:  # it has ended
                    continue
                fields = dict(line.split(":", 1) for line in lines)
                if fields["Name"].strip().startswith("python") and "VmHWM" in fields:
                    self.peaks[process.pid] = 1024 * int(fields["VmHWM"].split()[0])


@pytest.mark.long
def test_a_worker_stays_small_over_a_file_of_2_gb(run: Runner, tmp_path: Path) -> None:
    data = WAT.read_bytes()
    times = -(-SIZE // len(data))
    with (tmp_path / "big.warc.wat.gz").open("wb") as file:
        for _ in range(times):
            file.write(data)
    run.spark.sparkContext.environment["METACLIP_TEST"] = "workers that have done nothing yet"
    watch = Peaks()
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    watch.start()
    try:
        summary = run(extract_pairs, f"crawl.files={tmp_path}/big.warc.wat.gz")
    finally:
        watch.ended.set()
        watch.join()
        del run.spark.sparkContext.environment["METACLIP_TEST"]
    assert summary["status"] == {"done": 1}
    assert summary["records"] == 451 * times
    assert len(members(data)) == 452  # one is the WAT's own warcinfo
    peak = max(size for pid, size in watch.peaks.items() if pid not in before)
    print(f"{times * len(data) / 1e9:.2f} GB, {summary['pairs']:,} pairs, peak {peak / 1e6:.0f} MB")
    assert peak < LIMIT
