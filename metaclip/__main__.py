"""Run a job of the installed package, or prepare to submit one: the command `metaclip`."""

from __future__ import annotations

import ast
import runpy
import sys
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from metaclip.errors import InputError, MetaclipError

_USAGE = """\
usage: metaclip JOB [--config FILE] [--set section.key=value ...]
       metaclip path JOB    print the job's file, for spark-submit
       metaclip config      print all settings with their defaults
       metaclip setup       put Java, jars and compiled kernels into the environment

jobs:
{jobs}

`metaclip JOB --help` shows the flags of a job."""


def main() -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 wrong arguments."""
    try:
        return _run(sys.argv[1:])
    except MetaclipError as error:
        print(f"metaclip: {error}", file=sys.stderr)
        return error.exit_code


def _run(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_USAGE.format(jobs="\n".join(_describe_jobs())))
        return 0 if arguments else 2
    command, *rest = arguments
    if command == "path":
        print(_job_file(rest))
    elif command == "config":
        defaults = resources.files("metaclip.config") / "default.yaml"
        print(defaults.read_text("utf-8"), end="")
    elif command == "setup":
        from metaclip.setup import environment

        environment.main()
    else:
        _job_file([command])
        sys.argv = [command, *rest]
        runpy.run_module(f"metaclip.jobs.{command}", run_name="__main__", alter_sys=True)
    return 0


def list_jobs() -> dict[str, Path]:
    """Return the file of each job by its name, sorted."""
    folder = Path(str(resources.files("metaclip.jobs")))
    return {file.stem: file for file in sorted(folder.glob("[a-z]*.py"))}


def _describe_jobs() -> list[str]:
    jobs = list_jobs().items()
    summaries = {name: ast.get_docstring(ast.parse(file.read_text("utf-8"))) for name, file in jobs}
    return [f"  {name:<18}{(text or '').splitlines()[0]}" for name, text in summaries.items()]


def _job_file(names: Sequence[str]) -> Path:
    jobs = list_jobs()
    if len(names) != 1 or names[0] not in jobs:
        found = " ".join(names) or "none"
        raise InputError(
            "command line",
            f"one of the jobs {', '.join(jobs)}, or path, config, setup",
            found,
            "metaclip --help describes them",
        )
    return jobs[names[0]]


if __name__ == "__main__":
    sys.exit(main())
