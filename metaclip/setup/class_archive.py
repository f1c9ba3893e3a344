"""Archive the classes of Java that jobs load: `python -m metaclip.setup.class_archive`.

A JVM maps the archive in place of reading, parsing and verifying some 20,000 classes. Where
Java, a jar or a setting no longer fits the archive, it reads the jars as before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from metaclip.spark.home import CLASS_ARCHIVE, PYSPARK_HOME
from metaclip.spark.java import configured_executable

_TEXTS = ("a red fox", "a fox in the snow", "the snow", "two trees", "a tree")
_ENTRIES = ("fox", "snow", "tree", "red fox")
_OTHERS = ("SPARK_HOME", "SPARK_CONF_DIR", "SPARK_SUBMIT_OPTS")
"""Variables by which another Spark, or one with other options, would be started."""


def is_newer(archive: Path, parts: Iterable[Path]) -> bool:
    """Return whether `archive` was made after each of `parts` was put in place."""
    return archive.exists() and archive.stat().st_mtime > max(
        part.stat().st_ctime for part in parts
    )


def archive_classes(archive: Path) -> str:
    """Run the whole flow on five pairs, and write the classes that its JVM loaded.

    The name `archive` appears only when it is complete; the archive of before goes.

    Returns:
        What the command printed.
    """
    archive.unlink(missing_ok=True)
    unfinished = archive.with_suffix(".part")
    environment = {key: value for key, value in os.environ.items() if key not in _OTHERS}
    environment["SPARK_SUBMIT_OPTS"] = f'"-XX:ArchiveClassesAtExit={unfinished}"'
    with tempfile.TemporaryDirectory(prefix="metaclip-") as folder:
        run = subprocess.run(
            [sys.executable, "-m", "metaclip", "curate", *write_five_pairs(Path(folder))],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    if unfinished.exists() and run.returncode == 0:
        unfinished.rename(archive)
    unfinished.unlink(missing_ok=True)
    return run.stdout


def write_five_pairs(folder: Path) -> list[str]:
    """Write five pairs and a list of entries; return the arguments of a flow over them."""
    pairs, entries = folder / "pairs.csv", folder / "entries.txt"
    rows = [f"http://example.org/{number}.jpg,{text}" for number, text in enumerate(_TEXTS)]
    pairs.write_text("\n".join(["url,text", *rows]) + "\n", encoding="utf-8")
    entries.write_text("\n".join(_ENTRIES) + "\n", encoding="utf-8")
    settings = {
        "warehouse": folder / "warehouse",
        "crawl.name": "setup",
        "crawl.files": pairs,
        "metadata.file": entries,
        "spark.spark.master": "local[2]",
        "spark.spark.ui.enabled": "false",
    }
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


def main() -> None:
    """Archive the classes unless that is done, and print one line."""
    java = configured_executable()
    parts = [*(PYSPARK_HOME / "jars").iterdir(), *filter(None, [java])]
    if is_newer(CLASS_ARCHIVE, parts):
        print("Java's classes: archived")
        return
    printed = archive_classes(CLASS_ARCHIVE)
    if CLASS_ARCHIVE.exists():
        print(f"Java's classes: archived ({CLASS_ARCHIVE.stat().st_size / 1e6:.0f} MB)")
        return
    # Jobs run without it.
    reason = next((line for line in reversed(printed.splitlines()) if line.strip()), "no reason")
    print(f"Java's classes: not archived, so that each job starts some 4 s later: {reason}")


if __name__ == "__main__":
    main()
