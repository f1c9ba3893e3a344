"""Write the reference of jobs from their files."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import get_type_hints

from msgspec import Struct, structs
from writing import code, page, table

from metaclip.__main__ import list_jobs
from metaclip.warehouse.tables import TABLES

_INTRODUCTION = """\
`metaclip JOB` runs a job; `spark-submit "$(metaclip path JOB)"` submits it. In a checkout
`python jobs/JOB.py` does the same. Every job takes `--config FILE` and any number of
`--set section.key=value`."""
_EXIT_CODES = """\
| exit code | outcome |
|---|---|
| 0 | The work is done. The last line of stdout but for a report is one line of JSON, the summary |
| 1 | The work failed: a lost disk, a conflict with another job, tables that disagree |
| 2 | The settings or the inputs are wrong. The error gives the setting, expected and found |

A failure is one line, the last one on stderr. The job can be run again once its cause is gone:
it publishes by whole commits, and a rerun gives the same rows."""
_SUMMARY = """\
The line of JSON has the fields of the job's summary, listed below, and Spark's own account:

| field | holds |
|---|---|
| `stages` | seconds of Spark's start (`start`), of each table (`write TABLE`), the rest (`other`) |
| `tasks`, `failed_tasks`, `task_seconds` | number of tasks, of failed ones, and their time |
| `input_bytes`, `shuffle_bytes` | bytes that Spark read from files, bytes that shuffles wrote |
| `seconds` | time of the whole job |

Spark's pages and event log name the stages alike. Users, passwords and queries of URLs are hidden
in every line, table and event log, and so are settings whose names contain secret, password,
token, credential or key."""


def render() -> str:
    """Return the page."""
    parts = [f"## {name}\n\n" + "\n\n".join(_describe(name)) for name in list_jobs()]
    codes, summary = f"## Exit codes\n\n{_EXIT_CODES}", f"## Summaries\n\n{_SUMMARY}"
    return page("Jobs and exit codes", _INTRODUCTION, _overview(), codes, summary, *parts)


def _overview() -> str:
    rows = ([f"[{code(name)}](#{name})", _title(name), _made_by(name)] for name in list_jobs())
    return table(["job", "does", "makes the table"], rows)


def _module(name: str) -> ModuleType:
    return import_module(f"metaclip.jobs.{name}")


def _title(name: str) -> str:
    return (inspect.getdoc(_module(name)) or "").partition("\n")[0]


def _made_by(name: str) -> str:
    return ", ".join(code(one.name) for one in TABLES if name in one.made_by.split()) or "-"


def _describe(name: str) -> Iterator[str]:
    module = _module(name)
    step = getattr(module, name)
    yield _title(name)
    yield " ".join((inspect.getdoc(step) or "").partition("\n\n")[0].split())
    flags = getattr(module, "FLAGS", {})
    if flags:
        yield table(["flag", "setting"], ([code(f"--{k}"), code(v)] for k, v in flags.items()))
    summary = get_type_hints(step)["return"]
    assert issubclass(summary, Struct)
    fields = ", ".join(code(field.encode_name) for field in structs.fields(summary))
    yield f"Summary: {fields}."
