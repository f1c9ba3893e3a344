"""Probe the Java that Spark starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from metaclip.errors import InputError
from metaclip.spark.home import conf_folder

SUPPORTED = ("17", "21")
WANTED = f"version {' or '.join(SUPPORTED)}"
DEBIAN_PACKAGE = "openjdk-17-jre-headless"
HINT = f"install a JRE (Debian, Ubuntu: apt-get install {DEBIAN_PACKAGE}) or set JAVA_HOME"
# Spark passes this option to its JVM; some cut-down runtimes lack the module and stop.
PROBE = ("--add-modules=jdk.incubator.vector", "-XshowSettings:properties", "-version")
# Spark's scripts source this file; only a shell knows the value that it assigns.
_SOURCE = '. "$0" >&2; printf %s "$JAVA_HOME"'


class Java(NamedTuple):
    """A Java that ran: its home and version."""

    home: Path
    version: str


def probe(executable: Path) -> Java | None:
    """Return the Java that `executable` runs, or None if Spark can't run on it."""
    try:
        run = subprocess.run([executable, *PROBE], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = (line.partition("=") for line in run.stderr.splitlines())
    settings = {key.strip(): value.strip() for key, _, value in lines}
    version = settings.get("java.specification.version", "")
    if run.returncode or version not in SUPPORTED:
        return None
    return Java(Path(settings.get("java.home", executable.resolve().parent.parent)), version)


def default_executable() -> Path | None:
    """Return the executable that Spark's scripts start by the user's environment."""
    if home := os.environ.get("JAVA_HOME"):
        return Path(home, "bin", "java")
    found = shutil.which("java")
    return Path(found) if found else None


def configured_executable() -> Path | None:
    """Return the executable that Spark's scripts start: `spark-env.sh` overrides JAVA_HOME."""
    file = conf_folder() / "spark-env.sh"
    if file.exists():
        run = subprocess.run(["/bin/sh", "-c", _SOURCE, file], capture_output=True, text=True)
        if run.stdout:
            return Path(run.stdout, "bin", "java")
    return default_executable()


def require_java() -> None:
    """Check, before Spark starts, that its Java can run it.

    Raises:
        InputError: there is no Java, or an unsuitable one.
    """
    executable = configured_executable()
    if executable is None or probe(executable) is None:
        found = "none" if executable is None else f"no such version at {executable}"
        raise InputError("Java", f"{WANTED} in JAVA_HOME or on PATH", found, HINT)
