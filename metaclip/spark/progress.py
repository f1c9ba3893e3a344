"""Show the files that extraction has read: one live line on a terminal, else log lines."""

from __future__ import annotations

import logging
import sys
import threading
import time
from types import TracebackType

from pyspark import Accumulator, AccumulatorParam, SparkContext

from metaclip.spark.stage_progress import format_duration

log = logging.getLogger(__name__)


_SECONDS = 0.5
_Done = dict[str, tuple[int, int]]


class _ByPath(AccumulatorParam[_Done]):
    """Keeps the last account of each file: one that is read again counts once."""

    def zero(self, value: _Done) -> _Done:
        return {}

    def addInPlace(self, value1: _Done, value2: _Done) -> _Done:  # noqa: N802 - Spark's name
        value1.update(value2)
        return value1


ProgressAccumulator = Accumulator[_Done]
"""An accumulator of `{path: (pairs, bytes)}` of each file."""


class Progress:
    """Counts the files that tasks have read, and shows them meanwhile.

    Args:
        job: the name of the job.
        total: the files of the crawl.
        before: the files that were done when this began.
    """

    def __init__(self, context: SparkContext, job: str, total: int, before: int) -> None:
        self._done = context.accumulator({}, _ByPath())
        self.job, self.total, self.before = job, total, before
        self._started = time.monotonic()
        self._live = sys.stderr.isatty()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __enter__(self) -> Progress:
        if self._live:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._live:
            self._thread.join()
            print(f"\r\033[K{self.line()}", file=sys.stderr, flush=True)

    @property
    def accumulator(self) -> ProgressAccumulator:
        """The accumulator to which a task adds `{path: (pairs, bytes)}` of a file."""
        return self._done

    def tell(self) -> None:
        """Log the figures where no terminal shows them."""
        if not self._live:
            log.info("%s", self.figures())

    def line(self) -> str:
        """Return the live line: the job and its figures."""
        return f"{self.job:<16} {self.figures()}"

    def figures(self) -> str:
        """Return files done of all, pairs, compressed MB/s and the time left."""
        done = dict(self._done.value)
        seconds = max(time.monotonic() - self._started, 1e-3)
        pairs, size = (sum(account[n] for account in done.values()) for n in (0, 1))
        files = self.before + len(done)
        left = (self.total - files) * seconds / len(done) if done else None
        time_left = "unknown time" if left is None else format_duration(left)
        return (
            f"{files:,} of {self.total:,} files, {pairs:,} pairs, "
            f"{size / 1e6 / seconds:.1f} MB/s, {time_left} left"
        )

    def _show(self) -> None:
        while not self._ended.wait(_SECONDS):
            print(f"\r\033[K{self.line()}", end="", file=sys.stderr, flush=True)
