"""Put Delta's jars and our log settings where Spark looks for them by itself.

A step of the set-up (`python -m metaclip.jars`), and of making an environment for a
cluster. With the jars in the environment's `pyspark/jars`, plain `python` and plain
`spark-submit` both know Delta, offline; jars asked for by a session instead come too late
under `spark-submit`, and land on the `sys.path` of each Python worker.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib import metadata, resources
from pathlib import Path

import pyspark

from metaclip.errors import MetaclipError

# As Ivy names what it fetched: organisation, underscore, the plain name.
IVY_PREFIX = "io.delta_"
SPARK_HOME = Path(pyspark.__file__).parent
# Spark ships what Delta needs besides its own jars, or Delta does without it (28 jars of
# the object stores' catalog and of Spark itself), so nothing else is downloaded.
EXCLUDES = "com.*:*,commons-*:*,io.airlift:*,io.unitycatalog:*,javax.*:*,org.*:*"


def installed(folder: Path, version: str) -> bool:
    """Tell whether `folder` has this Delta's main jar (copied last) and no other's."""
    found = {path.name for path in folder.glob("delta-*.jar")}
    return any(name.startswith("delta-spark_") for name in found) and all(
        name.endswith(f"-{version}.jar") for name in found
    )


def resolve() -> str:
    """Let Spark fetch Delta; return the comma-separated paths of the jars."""
    from delta import configure_spark_with_delta_pip
    from pyspark.sql import SparkSession

    builder = (
        SparkSession.builder.master("local[1]")
        .config("spark.jars.excludes", EXCLUDES)
        .config("spark.ui.enabled", "false")
    )
    with configure_spark_with_delta_pip(builder).getOrCreate() as spark:
        return spark.sparkContext.getConf().get("spark.jars", "")


def resolve_quietly() -> list[Path]:
    """Return the jars of Delta, fetched by a Spark of its own since Ivy prints a page.

    Raises:
        MetaclipError: Spark could not fetch them; one line says why.
    """
    code = "from metaclip import jars; print(jars.resolve())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if run.returncode:
        raise MetaclipError(f"Delta's jars could not be fetched: {reason(run.stderr)}")
    paths = [Path(uri.removeprefix("file://")) for uri in run.stdout.strip().split(",")]
    return [path for path in paths if path.name.startswith(IVY_PREFIX)]


def reason(log: str) -> str:
    """Pick from what Ivy, Java and Python printed the line that says what went wrong."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for sign in ("Server access error", "unresolved dependency", "Exception", "Error"):
        for line in lines:
            if sign in line:
                return line
    return lines[-1] if lines else "Spark said nothing"


def copy_jars(jars: list[Path], folder: Path) -> None:
    """Copy `jars` under their plain names, Delta's main jar last, in place of older ones."""
    wanted = {jar.name.removeprefix(IVY_PREFIX): jar for jar in jars}
    if not any(name.startswith("delta-spark_") for name in wanted):
        raise MetaclipError("Delta's jars could not be fetched: Spark resolved none")
    for old in folder.glob("delta-*.jar"):
        old.unlink()
    for name in sorted(wanted, key=lambda name: name.startswith("delta-spark_")):
        unfinished = folder / f"{name}.part"
        shutil.copyfile(wanted[name], unfinished)
        unfinished.rename(folder / name)


def copy_conf(folder: Path) -> None:
    """Copy our files for `pyspark/conf`."""
    folder.mkdir(exist_ok=True)
    for file in (resources.files("metaclip") / "spark_conf").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())


def main() -> None:
    """Fetch the jars unless they are there; say so in one line."""
    version = metadata.version("delta-spark")
    copy_conf(SPARK_HOME / "conf")
    if installed(SPARK_HOME / "jars", version):
        print(f"Delta {version}: its jars are in the environment")
        return
    jars = resolve_quietly()
    copy_jars(jars, SPARK_HOME / "jars")
    print(f"Delta {version}: put {len(jars)} jars into the environment")


if __name__ == "__main__":
    try:
        main()
    except MetaclipError as error:
        sys.exit(str(error))
