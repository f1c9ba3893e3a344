"""Fetch the jars of Delta and S3 from Maven, by Spark's own resolver."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pyspark import SparkConf
from pyspark.java_gateway import launch_gateway

from metaclip.errors import MetaclipError

_JAVA = re.compile(r"\AException in thread .*?: ")


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


DELTA_PACKAGE = "io.delta:delta-spark_4.1_2.13:4.4.0"
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


def resolve(packages: str, excludes: str) -> str:
    """Return the comma-separated paths of the jars of `packages`, fetched by Spark's launcher."""
    asked = SparkConf(loadDefaults=False)
    asked.set("spark.jars.packages", packages).set("spark.jars.excludes", excludes)
    gateway = launch_gateway(asked)  # type: ignore[no-untyped-call]
    try:
        return SparkConf(_jvm=gateway.jvm).get("spark.jars", "")
    finally:
        gateway.shutdown()


def fetch(jars: JarSet) -> list[Path]:
    """Return the jars, fetched by a process of its own, since Ivy prints a page.

    Raises:
        MetaclipError: Spark could not fetch them; the line has the reason.
    """
    words = ",".join(jars.packages), ",".join(jars.excludes)
    code = f"from metaclip.spark import jars; print(jars.resolve(*{words!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    paths = [Path(uri.removeprefix("file://")) for uri in run.stdout.strip().split(",")]
    if run.returncode or not any(path.name.endswith(jars.main) for path in paths):
        raise MetaclipError(f"{jars.title}'s jars could not be fetched: {reason(run.stderr)}")
    return paths


def reason(log: str) -> str:
    """Return the line with the reason from the output of Ivy, Java and Python."""
    lines = [_JAVA.sub("", line.strip()) for line in log.splitlines() if line.strip()]
    for sign in ("Server access error", "unresolved dependency", "Exception", "Error"):
        for line in lines:
            if sign in line:
                return line
    return lines[-1] if lines else "Spark printed no reason"
