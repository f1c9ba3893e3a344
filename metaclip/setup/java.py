"""Find the Java that Spark is to run on; install one where there is none.

A step of the set-up (`python -m metaclip.setup.java`). Spark starts `$JAVA_HOME/bin/java`, else
the `java` on PATH. Where that one can't run it, another one's home is written to the
environment's `pyspark/conf/spark-env.sh`, which `spark-submit` and plain `python` read.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from metaclip.errors import MetaclipError

SUPPORTED = ("17", "21")
INSTALL_DIR = Path(".java")
# Where Linux distributions put each Java, be it on PATH or not.
SYSTEM_DIR = Path("/usr/lib/jvm")
DEBIAN_PACKAGE = "openjdk-17-jre-headless"
# Spark passes this option to its JVM; some cut-down runtimes lack the module and stop.
PROBE = ("--add-modules=jdk.incubator.vector", "-XshowSettings:properties", "-version")


class Java(NamedTuple):
    """A Java that was seen to run."""

    home: Path
    version: str


def probe(executable: Path) -> Java | None:
    """Run `executable`; return what it says of itself, or None if Spark can't run on it."""
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


def what_spark_starts() -> Path | None:
    """Return the executable that Spark's own scripts take, if there is one."""
    if home := os.environ.get("JAVA_HOME"):
        return Path(home, "bin", "java")
    found = shutil.which("java")
    return Path(found) if found else None


def candidates(install_dir: Path) -> Iterator[Path]:
    """Yield the places to look at, best first; some may not exist."""
    if started := what_spark_starts():
        yield started
    if found := shutil.which("java"):
        yield Path(found)
    yield from sorted(SYSTEM_DIR.glob("*/bin/java"))
    yield from sorted(install_dir.resolve().rglob("bin/java"))


def find(install_dir: Path) -> Java | None:
    """Return the first candidate that can run Spark."""
    return next(filter(None, map(probe, candidates(install_dir))), None)


def download(install_dir: Path) -> None:
    """Unpack a Java runtime below `install_dir`; leave nothing there if it can't be had."""
    if not importlib.util.find_spec("jdk"):  # in the `dev` extra
        return
    import jdk
    from jdk.client.client import ClientError

    try:
        install_dir.mkdir(exist_ok=True)
        jdk.install(SUPPORTED[0], jre=True, path=str(install_dir))
    except (jdk.JdkError, ClientError, OSError):
        shutil.rmtree(install_dir, ignore_errors=True)


def install_from_debian() -> None:
    """Install Debian's package, if this is Debian and we may; its output is not shown."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", DEBIAN_PACKAGE]):
        subprocess.run(["apt-get", *command], env=environment, capture_output=True)


def find_or_install(install_dir: Path) -> Java:
    """Return a Java for Spark, installed now if need be.

    Raises:
        MetaclipError: there is none and none could be installed.
    """
    for install in (None, lambda: download(install_dir), install_from_debian):
        if install:
            install()
        if java := find(install_dir):
            return java
    wanted = " or ".join(SUPPORTED)
    raise MetaclipError(
        f"no Java {wanted} found and none could be downloaded: install one "
        f"(on Debian or Ubuntu: apt-get install {DEBIAN_PACKAGE}) or set JAVA_HOME, "
        "then run make again"
    )


def remember(java: Java, spark_env: Path) -> None:
    """Make Spark start `java`, if by itself it would start another one or none."""
    started = what_spark_starts()
    if started and probe(started) == java:
        spark_env.unlink(missing_ok=True)
        return
    spark_env.parent.mkdir(exist_ok=True)
    spark_env.write_text(f"JAVA_HOME={shlex.quote(str(java.home))}\n", encoding="utf-8")


def main() -> None:
    """Find or install Java and say which one Spark will run on."""
    import pyspark

    java = find_or_install(INSTALL_DIR)
    remember(java, Path(pyspark.__file__).parent / "conf" / "spark-env.sh")
    print(f"Java {java.version} in {java.home}")


if __name__ == "__main__":
    try:
        main()
    except MetaclipError as error:
        sys.exit(str(error))
