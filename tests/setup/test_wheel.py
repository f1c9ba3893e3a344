"""The wheel alone: in a folder of its own, and installed in an empty environment."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from metaclip.setup.packing import build_wheel
from tests.helpers.permissions import obey_permissions
from tests.helpers.runner import ENTRIES, LATE_SETTINGS, ROOT, SETTINGS, WAT

TEMPLATES = tuple(f"report/templates/report.{kind}" for kind in ("css", "html", "js"))
DATA_FILES = ("config/default.yaml", "py.typed", "spark/log4j2.properties", *TEMPLATES)
T = "balance.t=20"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


def run(folder: Path, *command: Path | str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with the programs of its own environment, and nothing of the user's."""
    path = f"{Path(command[0]).parent}:/usr/bin:/bin"
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": path, "HOME": str(Path.home()), **environment},
        capture_output=True,
        text=True,
        timeout=600,
        preexec_fn=obey_permissions,
    )


def test_the_wheel_holds_the_package_the_jobs_and_nothing_else(wheel: Path) -> None:
    package = ROOT / "metaclip"
    modules = {file.relative_to(package) for file in package.rglob("*.py")}
    modules |= {Path("jobs", file.name) for file in ROOT.glob("jobs/*.py")}
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name) for name in archive.namelist() if ".dist-info/" not in name}
        points = archive.read("metaclip-0.1.0.dist-info/entry_points.txt").decode()
    wanted = modules | {Path(name) for name in DATA_FILES}
    assert names == {"metaclip" / name for name in wanted}
    assert "metaclip = metaclip.__main__:main" in points


def test_the_unpacked_wheel_runs_where_no_checkout_is(wheel: Path, tmp_path: Path) -> None:
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)

    def metaclip(*words: str) -> str:
        done = run(empty, sys.executable, "-m", "metaclip", *words, PYTHONPATH=str(site))
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert metaclip("path", "curate") == f"{site}/metaclip/jobs/curate.py\n"
    assert metaclip("config") == (ROOT / "conf" / "default.yaml").read_text("utf-8")
    assert metaclip("curate", "--help").startswith("usage: metaclip curate ")
    assert "  curate  " in metaclip("--help")
    assert list(empty.iterdir()) == []


def assignments(settings: Mapping[str, object]) -> list[str]:
    """Return settings of Spark as words of a command line."""
    pairs = [f"spark.{key}={str(value).lower()}" for key, value in settings.items()]
    return [word for pair in pairs for word in ("--set", pair)]


def read_curated(folder: Path) -> list[dict[str, object]]:
    """Return the rows of `curated`, written once, from its Parquet files."""
    files = (folder / "warehouse" / "curated").rglob("*.parquet")
    rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    return sorted(rows, key=lambda row: str(row["pair_id"]))


@pytest.mark.long
def test_a_wheel_alone_curates_the_same_rows_as_the_checkout(wheel: Path, tmp_path: Path) -> None:
    """Before `metaclip setup` and after it, by the command and by spark-submit."""
    folders = {name: tmp_path / name for name in ("first", "checkout", "submitted")}
    for folder in folders.values():
        folder.mkdir()
    first, checkout, submitted = folders.values()
    metadata = tmp_path / "entries.json"
    metadata.write_text(json.dumps(ENTRIES), encoding="utf-8")
    inputs = [f"crawl.files={WAT}", f"metadata.file={metadata}", T]
    words = [word for one in inputs for word in ("--set", one)]

    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True)
    programs = tmp_path / "environment" / "bin"
    # -I: the session of other tests puts the checkout on PYTHONPATH, where pip would find it.
    pip = (programs / "python", "-I", "-m", "pip", "install", "--quiet")
    subprocess.run((*pip, "-c", ROOT / "constraints.txt", wheel), check=True, timeout=600)

    done = run(first, programs / "metaclip", "curate", *words, *assignments(SETTINGS))
    assert done.returncode == 0, done.stderr
    assert "`metaclip setup` installs them" in done.stderr
    assert "WARN " not in done.stderr
    assert ":: loading settings" not in done.stderr
    command = Path(sys.executable).with_name("metaclip")
    own = run(checkout, command, "curate", *words, *assignments(SETTINGS))
    assert own.returncode == 0, own.stderr
    assert read_curated(first) == read_curated(checkout) != []

    check_setup(submitted, programs)
    file = run(submitted, programs / "metaclip", "path", "curate").stdout.strip()
    flags = ("--master", "local[2]", "--driver-memory", "1g", file)
    spark_submit = programs / "spark-submit"
    done = run(submitted, spark_submit, *flags, *words, *assignments(LATE_SETTINGS))
    assert done.returncode == 0, done.stderr
    assert read_curated(submitted) == read_curated(checkout)


def check_setup(folder: Path, programs: Path) -> None:
    """Without permission it is one line; with it jars and settings land in the environment."""
    [spark] = programs.parent.glob("lib/python*/site-packages/pyspark")
    (spark / "jars").chmod(0o500)
    refused = run(folder, programs / "metaclip", "setup")
    (spark / "jars").chmod(0o755)
    assert refused.returncode == 2
    [line] = refused.stderr.splitlines()
    reason = f"found Permission denied at {spark}/jars/metaclip-log-settings.jar"
    assert line == f"metaclip: setup: expected an environment that this user can write, {reason}"
    done = run(folder, programs / "metaclip", "setup")
    assert done.returncode == 0, done.stderr
    assert list(spark.glob("jars/delta-spark_*.jar"))
    assert (spark / "metaclip-classes.jsa").exists()
    assert not list(spark.glob("jars/hadoop-aws*.jar"))
