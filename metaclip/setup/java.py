"""Find a Java that Spark can run on; fetch one where there is none.

Spark starts `$JAVA_HOME/bin/java`, else the `java` on PATH. Where that one is unsuitable,
the home of another one is written to the environment's `pyspark/conf/spark-env.sh`, which
`spark-submit` and plain `python` read.
"""

from __future__ import annotations

import importlib.util
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from metaclip.errors import InputError
from metaclip.spark.home import PYSPARK_HOME
from metaclip.spark.java import HINT, SUPPORTED, WANTED, Java, default_executable, probe

INSTALL_DIR = Path(".java")
SYSTEM_DIR = Path("/usr/lib/jvm")


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
    places = f"{WANTED} in JAVA_HOME, on PATH or in {SYSTEM_DIR}"
    raise InputError("Java", places, "none, and none could be downloaded", HINT)


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
    java = find_or_download(INSTALL_DIR)
    remember(java, PYSPARK_HOME / "conf" / "spark-env.sh")
    print(f"Java {java.version} in {java.home}")
