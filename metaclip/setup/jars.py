"""Put the jars of Delta and S3, and the log settings, into the environment's PySpark.

With the jars in `pyspark/jars`, plain `python` and plain `spark-submit` both load Delta,
offline. Jars that a session asks for instead come too late under `spark-submit`.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from metaclip.spark.home import LOG_SETTINGS, PYSPARK_HOME
from metaclip.spark.jars import JarSet, fetch


def installed(folder: Path, jars: JarSet) -> bool:
    """Return whether `folder` has the main jar of `jars` (copied last) and no other version's."""
    version = jars.main.rpartition("-")[2]
    others = [path for path in folder.glob(jars.family) if not path.name.endswith(f"-{version}")]
    return (folder / jars.main).exists() and not others


def copy_jars(paths: list[Path], jars: JarSet, folder: Path) -> None:
    """Replace older jars by `paths` under their plain names, the main jar last."""
    # Ivy names what it fetched: organisation, underscore, the plain name.
    wanted = {path.name.partition("_")[2]: path for path in paths}
    for old in folder.glob(jars.family):
        old.unlink()
    for name in sorted(wanted, key=lambda name: name == jars.main):
        unfinished = folder / f"{name}.part"
        shutil.copyfile(wanted[name], unfinished)
        unfinished.rename(folder / name)


def write_log_settings(folder: Path) -> None:
    """Put the log settings into a jar of their own, unless they are there.

    A file in `pyspark/conf` would do, but Java archives no classes where a folder of its class
    path has files. One there still wins over the jar, which comes later.
    """
    written = io.BytesIO()
    with ZipFile(written, "w") as jar:
        jar.writestr(ZipInfo(LOG_SETTINGS.name), LOG_SETTINGS.read_bytes())
    path = folder / "metaclip-log-settings.jar"
    # A jar that is written again makes the archive of classes void.
    if not path.exists() or path.read_bytes() != written.getvalue():
        path.write_bytes(written.getvalue())


def main(jars: JarSet) -> None:
    """Fetch `jars` unless they are there, and print one line."""
    if installed(PYSPARK_HOME / "jars", jars):
        print(f"{jars.title}: its jars are in the environment")
        return
    paths = fetch(jars)
    copy_jars(paths, jars, PYSPARK_HOME / "jars")
    print(f"{jars.title}: put {len(paths)} jars into the environment")
