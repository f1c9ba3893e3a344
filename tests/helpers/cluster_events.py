"""What Spark's event log says of the tasks of one stage of a job."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

Event = dict[str, Any]


class Account(NamedTuple):
    """Of a job's stage: tasks that were running at the end, and why others were tried again.

    `reasons` are Spark's, counted: ExecutorLostFailure, FetchFailed, ExceptionFailure.
    `retried` is the number of tasks of an attempt above 0, of the task or of its stage;
    `executors_lost` counts those of all stages.
    """

    unfinished: int
    reasons: Counter[str]
    retried: int
    errors: str
    executors_lost: int


def is_of_delta(name: str) -> bool:
    """Tell by its name whether a Spark stage only reads Delta's own log, before the work."""
    return "Delta" in name


def account_for(events: list[Event], stage: str, tasks: int = 1) -> Account:
    """Return the account of the tasks of the Spark stages that are described as `stage`.

    Of those that have at least so many `tasks`, and are not Delta's own.
    """
    ids, open_tasks = set(), set()
    reasons: Counter[str] = Counter()
    retried, lost, errors = 0, 0, ""
    for event in events:
        kind = event["Event"].removeprefix("SparkListener")
        if kind == "StageSubmitted":
            properties = event.get("Properties") or {}
            info = event["Stage Info"]
            large = info["Number of Tasks"] >= tasks and not is_of_delta(info["Stage Name"])
            if large and properties.get("spark.job.description") == stage:
                ids.add(info["Stage ID"])
        elif kind == "ExecutorRemoved":
            lost += 1
        elif event.get("Stage ID") in ids and kind == "TaskStart":
            open_tasks.add(event["Task Info"]["Task ID"])
            retried += bool(event["Task Info"]["Attempt"] or event["Stage Attempt ID"])
        elif event.get("Stage ID") in ids and kind == "TaskEnd":
            open_tasks.discard(event["Task Info"]["Task ID"])
            reason = event["Task End Reason"]
            if reason["Reason"] != "Success":
                reasons[reason["Reason"]] += 1
                errors += str(reason)
    return Account(len(open_tasks), reasons, retried, errors, lost)
