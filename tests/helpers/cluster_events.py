"""Read Spark's event log: the tasks of one stage of a job."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

Event = dict[str, Any]


class Account(NamedTuple):
    """The account of a job's stage.

    Attributes:
        unfinished: number of tasks that were running at the end.
        reasons: number of failed tasks by Spark's reason, such as ExecutorLostFailure.
        retried: number of tasks of an attempt above 0, of the task or of its stage.
        errors: the failures as text.
        executors_lost: number of lost executors in all stages.
    """

    unfinished: int
    reasons: Counter[str]
    retried: int
    errors: str
    executors_lost: int


def is_of_delta(name: str) -> bool:
    """Return whether a Spark stage, by its name, reads Delta's own log."""
    return "Delta" in name


def account_for(events: list[Event], stage: str, tasks: int = 1) -> Account:
    """Return the account of the Spark stages with the description `stage`.

    Delta's own stages and those of fewer than `tasks` tasks are left out.
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
