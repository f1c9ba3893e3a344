"""Show what a job does now: its stage, Spark's tasks, what is next and the time left."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TextIO

from pyspark import SparkContext

log = logging.getLogger(__name__)

_TICK = 0.5
"""Seconds between two updates of the live line."""
_QUIET = 30.0
"""Seconds between two log lines where there is no terminal."""


@dataclass(frozen=True)
class Tasks:
    """Tasks of the Spark stages that run now, and the rows that they have read."""

    done: int
    total: int
    rows: int


class StageProgress:
    """The progress of one job, shown while the work goes on.

    A terminal has one live line, rewritten in place. Elsewhere a log line comes after
    _QUIET seconds of silence.

    Args:
        context: the context whose tasks are counted.
        job: returns the name of the step that runs now.
        stage: returns the name of the stage that runs now, None between stages.
        ended: returns the names of the stages that have ended.
        stream: the terminal, None where there is none.
    """

    def __init__(
        self,
        context: SparkContext,
        job: Callable[[], str],
        stage: Callable[[], str | None],
        ended: Callable[[], Collection[str]],
        stream: TextIO | None,
    ) -> None:
        self._context, self._stream = context, stream
        self._job, self._stage, self._stages_ended = job, stage, ended
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._tasks: dict[int, float] = {}
        self._shown = False

    def __enter__(self) -> StageProgress:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self.clear()

    def clear(self) -> None:
        """Erase the live line, so that another line can take its place."""
        if self._stream is not None and self._shown:
            self._stream.write("\r\033[K")
            self._stream.flush()
            self._shown = False

    def line(self) -> str | None:
        """Return the stage, its tasks and rows, the time left and the next stage.

        None where no task runs.
        """
        tasks = count_tasks(self._context, self._tasks)
        if tasks is None:
            return None
        job, stage = self._job(), self._stage()
        now = stage or "compute"
        parts = [f"{now}: {tasks.done:,} of {tasks.total:,} tasks"]
        if tasks.rows:
            parts.append(f"{tasks.rows:,} rows read")
        left = _time_left(tasks, min(self._tasks.values(), default=time.monotonic()))
        if left is not None:
            parts.append(f"{format_duration(left)} left")
        following = next_stage(job, stage, self._stages_ended())
        if following is not None:
            parts.append(f"next: {following}")
        return ", ".join(parts)

    def _watch(self) -> None:
        logged = time.monotonic()
        while not self._ended.wait(_TICK):
            line = None if self._job() in _WITH_OWN_LINE else self.line()
            if line is None:
                continue
            if self._stream is not None:
                self._stream.write(f"\r\033[K{self._job():<16} {line}")
                self._stream.flush()
                self._shown = True
            elif time.monotonic() - logged >= _QUIET:
                log.info("%s", line)
                logged = time.monotonic()


_WITH_OWN_LINE = ("extract_pairs", "import_pairs")
"""Jobs that show the files they read instead (`Progress`)."""
STAGES: dict[str, tuple[str, ...]] = {
    "import_metadata": ("write metadata", "write metadata_versions"),
    "build_metadata": (
        "write wiki_texts",
        "write ngram_counts",
        "write title_views",
        "write metadata",
        "write metadata_versions",
    ),
    "import_pairs": ("write extractions",),
    "extract_pairs": ("write extractions",),
    "match_entries": ("write matches",),
    "count_entries": ("write entry_counts",),
    "sample_pairs": ("write curated", "write curation_counts", "write curations"),
    "export_pairs": ("gather images", "write images", "write cards"),
    "report_curation": ("gather figures", "draw charts"),
}
"""The stages of each job, in their order."""


def next_stage(job: str, stage: str | None, ended: Collection[str]) -> str | None:
    """Return the first stage of a job that neither runs nor has ended."""
    return next((one for one in STAGES.get(job, ()) if one != stage and one not in ended), None)


def count_tasks(context: SparkContext, started: dict[int, float]) -> Tasks | None:
    """Return the tasks and rows of all active stages; None where no stage is active.

    Args:
        started: the time at which each active stage was first seen; updated here.
    """
    store: Any = context._jsc.sc().statusStore()
    active = store.activeStages()
    stages = [active.apply(index) for index in range(active.size())]
    for stage in started.keys() - {one.stageId() for one in stages}:
        del started[stage]
    for one in stages:
        started.setdefault(one.stageId(), time.monotonic())
    total = sum(one.numTasks() for one in stages)
    done = sum(one.numCompleteTasks() for one in stages)
    rows = sum(one.inputRecords() + one.shuffleReadRecords() for one in stages)
    return Tasks(done, total, rows) if total else None


def _time_left(tasks: Tasks, since: float) -> float | None:
    """Return the seconds that the remaining tasks take at the pace so far."""
    if not tasks.done:
        return None
    return (time.monotonic() - since) * (tasks.total - tasks.done) / tasks.done


def format_duration(seconds: float) -> str:
    """Return m:ss, or h:mm:ss from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
