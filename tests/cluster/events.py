"""What Spark's event log says of the tasks of one stage of a job."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

Event = dict[str, Any]


class Account(NamedTuple):
    """Of a job's stage: tasks that were running at the end, and why others were tried again.

    `reasons` are Spark's, counted: ExecutorLostFailure, FetchFailed, ExceptionFailure.
    `retried` is the number of tasks of an attempt above 0, of the task or of its stage.
    """

    unfinished: int
    reasons: Counter[str]
    retried: int
    errors: str


def account_for(events: list[Event], stage: str) -> Account:
    """Return the account of the tasks of all Spark stages that are described as `stage`."""
    ids, open_tasks = set(), set()
    reasons: Counter[str] = Counter()
    retried, errors = 0, ""
    for event in events:
        kind = event["Event"].removeprefix("SparkListener")
        if kind == "StageSubmitted":
            properties = event.get("Properties") or {}
            if properties.get("spark.job.description") == stage:
                ids.add(event["Stage Info"]["Stage ID"])
        elif event.get("Stage ID") in ids and kind == "TaskStart":
            open_tasks.add(event["Task Info"]["Task ID"])
            retried += bool(event["Task Info"]["Attempt"] or event["Stage Attempt ID"])
        elif event.get("Stage ID") in ids and kind == "TaskEnd":
            open_tasks.discard(event["Task Info"]["Task ID"])
            reason = event["Task End Reason"]
            if reason["Reason"] != "Success":
                reasons[reason["Reason"]] += 1
                errors += str(reason)
    return Account(len(open_tasks), reasons, retried, errors)


def executors_lost(events: list[Event]) -> int:
    """Return the number of executors that the driver gave up."""
    return sum(event["Event"] == "SparkListenerExecutorRemoved" for event in events)
