"""Run jobs of the installed package, or prepare to submit one: the command `metaclip`."""

from __future__ import annotations

import ast
import difflib
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from importlib import resources
from itertools import takewhile
from pathlib import Path

from metaclip.errors import InputError, MetaclipError

_USAGE = """\
usage: metaclip JOB [JOB ...] [--config FILE] [--set section.key=value ...]
       metaclip path JOB    print the job's file, for spark-submit
       metaclip config      print all settings with their defaults
       metaclip setup       put Java, jars, kernels and an archive of classes into place

jobs:
{jobs}

Several jobs run one after the other, in one JVM, up to the first that fails.
`metaclip JOB --help` lists the flags of a job."""


def main() -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 wrong arguments."""
    try:
        _run(sys.argv[1:])
        sys.stdout.flush()
    except MetaclipError as error:
        print(f"metaclip: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # the reader, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _run(arguments: Sequence[str]) -> None:
    command, *rest = arguments or [""]
    commands: dict[str, Callable[[], None]] = {
        "-h": _print_usage,
        "--help": _print_usage,
        "config": _print_settings,
        "setup": _set_up,
    }
    if command in commands:
        if rest:
            raise InputError("command line", f"nothing after {command}", " ".join(rest))
        commands[command]()
    elif command == "path":
        print(_job_file(rest))
    else:
        names = list(takewhile(lambda word: not word.startswith("-"), arguments))
        for name in names or [command]:
            _job_file([name])
        _run_jobs(names, arguments[len(names) :])


def _print_usage() -> None:
    jobs = {name: ast.parse(file.read_text("utf-8")) for name, file in list_jobs().items()}
    lines = {name: (ast.get_docstring(job) or "").partition("\n")[0] for name, job in jobs.items()}
    width = max(map(len, lines)) + 2
    print(_USAGE.format(jobs="\n".join(f"  {name:<{width}}{lines[name]}" for name in lines)))


def _print_settings() -> None:
    defaults = resources.files("metaclip.config") / "default.yaml"
    print(defaults.read_text("utf-8"), end="")


def _set_up() -> None:
    from metaclip.setup import environment

    environment.main()


def _run_jobs(names: Sequence[str], arguments: Sequence[str]) -> None:
    """Run jobs as `python FILE` does; the first that fails ends the process with its exit code."""
    for name in names:
        sys.argv = [f"metaclip {name}", *arguments]
        module = f"metaclip.jobs.{name}"
        sys.modules.pop(module, None)  # imported by the job before; runpy would warn of it
        try:
            runpy.run_module(module, run_name="__main__")
        except SystemExit as end:
            if end.code:
                raise


def list_jobs() -> dict[str, Path]:
    """Return the file of each job by its name, sorted."""
    folder = Path(str(resources.files("metaclip.jobs")))
    return {file.stem: file for file in sorted(folder.glob("[a-z]*.py"))}


def _job_file(names: Sequence[str]) -> Path:
    jobs = list_jobs()
    found = " ".join(names)
    if found not in jobs:
        near = difflib.get_close_matches(found, [*jobs, "config", "path", "setup"], n=1)
        help_page = "metaclip --help lists all commands"
        hint = f"did you mean {near[0]}? {help_page}" if near else help_page
        raise InputError(
            "command line", f"one of the jobs {', '.join(jobs)}", found or "none", hint
        )
    return jobs[found]


if __name__ == "__main__":
    sys.exit(main())
