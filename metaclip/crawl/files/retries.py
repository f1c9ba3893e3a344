"""Decide when a failed request is sent again: bounded, ever later, never all at once."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from metaclip.config.crawl import RequestSettings


class TransientError(Exception):
    """A request that failed in a way that may pass; `retry_after` in seconds, if known."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Retries:
    """The failures in a row of one file's requests."""

    def __init__(self, settings: RequestSettings) -> None:
        self.settings, self.failures = settings, 0
        # Its own seed: forked workers share the state of the module's generator, and would
        # all come back at the same moment.
        self._random = random.Random()

    def pause(self, error: TransientError) -> None:
        """Wait as long as it takes before the next request.

        Raises:
            OSError: no further request is allowed, or the server asked for too long a wait.
        """
        self.failures += 1
        if self.failures > self.settings.retries:
            raise OSError(f"{error}, {self.failures} requests in vain") from None
        wait = min(self.settings.wait * 2 ** (self.failures - 1), self.settings.max_wait)
        if error.retry_after is not None:
            if error.retry_after > self.settings.max_wait:
                raise OSError(f"{error}, not before {error.retry_after:.0f} s") from None
            wait = max(wait, error.retry_after)
        time.sleep(wait * self._random.uniform(1.0, 1.5))

    def forget(self) -> None:
        """Start to count again, since the file came on."""
        self.failures = 0


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After header asks for, in either form; else None."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    # "-0000" as zone gives a naive time, which is UTC.
    date = date.replace(tzinfo=UTC) if date.tzinfo is None else date
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
