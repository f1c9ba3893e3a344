"""Start Python workers that share what each would import, without Spark's archives on `sys.path`.

Named by `spark.python.daemon.module`. Workers are forks of this process. Before every task PySpark
makes the import system forget what it knows, whereupon Python 3.11 reads the list of each archive
again: of `spark-core` and of every jar that the session added. Nothing that an executor with this
package installed needs is found only there, and `--py-files` are added later, per task.
"""

from __future__ import annotations

import gc
import sys

import deltalake.fs  # noqa: F401
import pyarrow as pa
import pyarrow.parquet
from numba.core.registry import cpu_target


def without_archives(paths: list[str]) -> list[str]:
    """Return `paths` without jars and zip files."""
    return [path for path in paths if not path.endswith((".jar", ".zip"))]


def import_for_workers() -> None:
    """Import what Numba and PyArrow import at the first call of a kernel.

    deltalake, which starts its threads at its first call, is imported above.
    """
    cpu_target.target_context.refresh()
    pa.array([0])
    gc.freeze()  # A collection in a worker would write to each object, and so copy its page.


if __name__ == "__main__":
    sys.path[:] = without_archives(sys.path)
    import_for_workers()
    from pyspark.daemon import manager

    manager()  # type: ignore[no-untyped-call]
