"""Start Python workers without Spark's archives on their `sys.path`.

Named by `spark.python.daemon.module`. Before every task PySpark makes the import system
forget what it knows, whereupon Python 3.11 reads the list of each archive again: of
`spark-core` and of every jar that the session added. Nothing that an executor with this
package installed needs is found only there, and `--py-files` are added later, per task.
"""

from __future__ import annotations

import sys


def without_archives(paths: list[str]) -> list[str]:
    """Return `paths` without jars and zip files."""
    return [path for path in paths if not path.endswith((".jar", ".zip"))]


if __name__ == "__main__":
    sys.path[:] = without_archives(sys.path)
    from pyspark.daemon import manager

    manager()  # type: ignore[no-untyped-call]
