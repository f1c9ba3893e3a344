"""When a request that failed is sent again: bounded, ever later, and never all at once."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated

import msgspec
from msgspec import Meta


class RequestSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`crawl.requests`: how remote files are asked for; times in seconds."""

    #: requests at one time, of the whole application
    concurrent: Annotated[int, Meta(ge=1)] = 16
    #: further requests after one that failed, until one brings the file on by 1 MiB
    retries: Annotated[int, Meta(ge=0)] = 8
    #: without a byte (or a connection) after which a request has failed
    timeout: Annotated[float, Meta(gt=0)] = 60.0
    #: before the first retry; doubles with each
    wait: Annotated[float, Meta(ge=0)] = 1.0
    #: the longest wait; a server that asks for a longer one is not asked again
    max_wait: Annotated[float, Meta(ge=0)] = 120.0


class TransientError(Exception):
    """A request that failed in a way that may pass; `retry_after` in seconds, if said."""

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
