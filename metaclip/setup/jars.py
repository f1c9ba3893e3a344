"""Put the jars of Delta and S3, and the log settings, into the environment's PySpark.

With the jars in `pyspark/jars`, plain `python` and plain `spark-submit` both load Delta,
offline. Jars that a session asks for instead come too late under `spark-submit`, and land on
the `sys.path` of each Python worker.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pyspark

from metaclip.errors import MetaclipError
from metaclip.spark.session import DELTA_PACKAGE

SPARK_HOME = Path(pyspark.__file__).parent


@dataclass(frozen=True)
class JarSet:
    """Jars that are fetched together: Maven names of packages and of excluded dependencies.

    `main` is the file that is copied last, `family` a glob of the files of any version.
    """

    title: str
    packages: tuple[str, ...]
    excludes: tuple[str, ...]
    main: str
    family: str


DELTA = JarSet(
    "Delta",
    (DELTA_PACKAGE,),
    # Spark ships the other dependencies of Delta, or Delta works without them (28 jars of
    # the object stores' catalog and of Spark itself).
    ("com.*:*", "commons-*:*", "io.airlift:*", "io.unitycatalog:*", "javax.*:*", "org.*:*"),
    "{0[1]}-{0[2]}.jar".format(DELTA_PACKAGE.split(":")),
    "delta-*.jar",
)
HADOOP = "3.4.2"
"""The version of the hadoop-client jars that Spark ships."""
AWS_SDK = "2.29.52"
"""The version that this hadoop-aws was built with."""
S3 = JarSet(
    "S3",
    (
        f"org.apache.hadoop:hadoop-aws:{HADOOP}",
        *(f"software.amazon.awssdk:{name}:{AWS_SDK}" for name in ("s3", "s3-transfer-manager")),
        # For roles that a pod or a service account assumes.
        f"software.amazon.awssdk:sts:{AWS_SDK}",
    ),
    (
        # All services of AWS in one jar of 640 MB.
        "software.amazon.awssdk:bundle",
        # Optional readers and TLS.
        "software.amazon.s3.analyticsaccelerator:*",
        "org.wildfly.openssl:*",
        # In Spark's own jars, and newer.
        "commons-*:*",
        "io.netty:*",
        "org.apache.httpcomponents:*",
        "org.slf4j:*",
    ),
    f"hadoop-aws-{HADOOP}.jar",
    "hadoop-aws-*.jar",
)


def installed(folder: Path, jars: JarSet) -> bool:
    """Return whether `folder` has the main jar of `jars` (copied last) and no other version's."""
    version = jars.main.rpartition("-")[2]
    others = [path for path in folder.glob(jars.family) if not path.name.endswith(f"-{version}")]
    return (folder / jars.main).exists() and not others


def resolve(packages: str, excludes: str) -> str:
    """Return the comma-separated paths of the jars of `packages`, fetched by Spark."""
    from pyspark.sql import SparkSession

    builder = (
        SparkSession.builder.master("local[1]")
        .config("spark.jars.packages", packages)
        .config("spark.jars.excludes", excludes)
        .config("spark.ui.enabled", "false")
    )
    with builder.getOrCreate() as spark:
        return spark.sparkContext.getConf().get("spark.jars", "")


def resolve_quietly(jars: JarSet) -> list[Path]:
    """Return the jars, fetched by a Spark process of its own, since Ivy prints a page.

    Raises:
        MetaclipError: Spark could not fetch them; the line has the reason.
    """
    words = ",".join(jars.packages), ",".join(jars.excludes)
    code = f"from metaclip.setup import jars; print(jars.resolve(*{words!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if run.returncode:
        raise MetaclipError(f"{jars.title}'s jars could not be fetched: {reason(run.stderr)}")
    return [Path(uri.removeprefix("file://")) for uri in run.stdout.strip().split(",")]


def reason(log: str) -> str:
    """Return the line with the reason from the output of Ivy, Java and Python."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for sign in ("Server access error", "unresolved dependency", "Exception", "Error"):
        for line in lines:
            if sign in line:
                return line
    return lines[-1] if lines else "Spark printed no reason"


def copy_jars(paths: list[Path], jars: JarSet, folder: Path) -> None:
    """Replace older jars by `paths` under their plain names, the main jar last."""
    # Ivy names what it fetched: organisation, underscore, the plain name.
    wanted = {path.name.partition("_")[2]: path for path in paths}
    if jars.main not in wanted:
        raise MetaclipError(f"{jars.title}'s jars could not be fetched: Spark resolved none")
    for old in folder.glob(jars.family):
        old.unlink()
    for name in sorted(wanted, key=lambda name: name == jars.main):
        unfinished = folder / f"{name}.part"
        shutil.copyfile(wanted[name], unfinished)
        unfinished.rename(folder / name)


def copy_conf(folder: Path) -> None:
    """Copy the files of `spark_conf` into `pyspark/conf`."""
    folder.mkdir(exist_ok=True)
    for file in (resources.files("metaclip.setup") / "spark_conf").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())


def main(jars: JarSet) -> None:
    """Fetch `jars` unless they are there, and print one line."""
    copy_conf(SPARK_HOME / "conf")
    if installed(SPARK_HOME / "jars", jars):
        print(f"{jars.title}: its jars are in the environment")
        return
    paths = resolve_quietly(jars)
    copy_jars(paths, jars, SPARK_HOME / "jars")
    print(f"{jars.title}: put {len(paths)} jars into the environment")
