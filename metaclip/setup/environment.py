"""Prepare the environment: Java, jars, compiled kernels, the archive of Java's classes."""

from __future__ import annotations

import importlib.util
import sys

from metaclip.errors import InputError, MetaclipError
from metaclip.setup import class_archive, jars, java, kernels
from metaclip.spark.home import PYSPARK_HOME
from metaclip.spark.jars import DELTA, S3


def main() -> None:
    """Prepare what is missing; a second run changes nothing.

    Raises:
        InputError: no Java can be had, or the environment is not writable.
        MetaclipError: the jars could not be fetched.
    """
    try:
        java.main()
        jars.write_log_settings(PYSPARK_HOME / "jars")
        jars.main(DELTA)
        if importlib.util.find_spec("s3fs"):  # the extra `s3`
            jars.main(S3)
        kernels.main()
        class_archive.main()
    except OSError as error:
        reason = f"{error.strerror or error} at {error.filename}"
        raise InputError("setup", "an environment that this user can write", reason) from None


if __name__ == "__main__":
    try:
        main()
    except MetaclipError as error:
        print(f"setup: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
