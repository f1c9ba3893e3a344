"""Find a Java that Spark can run on; fetch one where there is none.

Spark starts `$JAVA_HOME/bin/java`, else the `java` on PATH. Where that one is unsuitable,
the home of another one is written to the environment's `pyspark/conf/spark-env.sh`, which
`spark-submit` and plain `python` read.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from metaclip.errors import InputError

SUPPORTED = ("17", "21")
INSTALL_DIR = Path(".java")
SYSTEM_DIR = Path("/usr/lib/jvm")
DEBIAN_PACKAGE = "openjdk-17-jre-headless"
# Spark passes this option to its JVM; some cut-down runtimes lack the module and stop.
PROBE = ("--add-modules=jdk.incubator.vector", "-XshowSettings:properties", "-version")


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
    """Return the executable that Spark's own scripts start, if there is one."""
    if home := os.environ.get("JAVA_HOME"):
        return Path(home, "bin", "java")
    found = shutil.which("java")
    return Path(found) if found else None


def candidates(install_dir: Path) -> Iterator[Path]:
    """Yield the executables to probe, best first; some may not exist."""
    if started := default_executable():
        yield started
    if found := shutil.which("java"):
        yield Path(found)
    yield from sorted(SYSTEM_DIR.glob("*/bin/java"))
    yield from sorted(install_dir.resolve().rglob("bin/java"))


def find(install_dir: Path) -> Java | None:
    """Return the first candidate that can run Spark."""
    return next(filter(None, map(probe, candidates(install_dir))), None)


def download(install_dir: Path) -> None:
    """Unpack a Java runtime below `install_dir`; leave nothing there if that fails."""
    if not importlib.util.find_spec("jdk"):  # in the `dev` extra
        return
    import jdk
    from jdk.client.client import ClientError

    try:
        install_dir.mkdir(exist_ok=True)
        jdk.install(SUPPORTED[0], jre=True, path=str(install_dir))
    except (jdk.JdkError, ClientError, OSError):
        shutil.rmtree(install_dir, ignore_errors=True)


def find_or_download(install_dir: Path) -> Java:
    """Return a Java for Spark, downloaded if need be.

    Raises:
        InputError: there is none and none could be downloaded.
    """
    found = find(install_dir)
    if found is None:
        download(install_dir)
        found = find(install_dir)
    if found is not None:
        return found
    raise InputError(
        "Java",
        f"version {' or '.join(SUPPORTED)} in JAVA_HOME, on PATH or in {SYSTEM_DIR}",
        "none, and none could be downloaded",
        f"install a JRE (Debian, Ubuntu: apt-get install {DEBIAN_PACKAGE}) or set JAVA_HOME",
    )


def remember(java: Java, spark_env: Path) -> None:
    """Make Spark start `java`, where by default it would start another one or none."""
    started = default_executable()
    if started and probe(started) == java:
        spark_env.unlink(missing_ok=True)
        return
    spark_env.parent.mkdir(exist_ok=True)
    spark_env.write_text(f"JAVA_HOME={shlex.quote(str(java.home))}\n", encoding="utf-8")


def main() -> None:
    """Find or download Java, and print the one that Spark runs on."""
    import pyspark

    java = find_or_download(INSTALL_DIR)
    remember(java, Path(pyspark.__file__).parent / "conf" / "spark-env.sh")
    print(f"Java {java.version} in {java.home}")
