"""Jars in the environment, and the reason why there are none; nothing is fetched."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from metaclip.errors import MetaclipError
from metaclip.setup import jars
from metaclip.spark.jars import DELTA, fetch, reason


def ivy_jars(folder: Path) -> list[Path]:
    folder.mkdir()
    names = ["delta-spark_4.1_2.13-4.4.0.jar", "delta-storage-4.4.0.jar"]
    paths = [folder / f"io.delta_{name}" for name in names]
    for path in paths:
        path.write_text(path.name)
    return paths


def test_jars_get_plain_names_and_replace_another_delta(tmp_path: Path) -> None:
    target = tmp_path / "jars"
    target.mkdir()
    for name in ("delta-storage-3.0.0.jar", "spark-core.jar"):
        (target / name).touch()
    assert not jars.installed(target, DELTA)
    jars.copy_jars(ivy_jars(tmp_path / "ivy"), DELTA, target)
    assert {path.name for path in target.iterdir()} == {
        "delta-spark_4.1_2.13-4.4.0.jar",
        "delta-storage-4.4.0.jar",
        "spark-core.jar",
    }
    assert jars.installed(target, DELTA)
    (target / "delta-storage-4.3.0.jar").touch()
    assert not jars.installed(target, DELTA)


def test_a_copy_that_was_interrupted_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "delta-storage-4.4.0.jar").touch()
    (tmp_path / "delta-spark_4.1_2.13-4.4.0.jar.part").touch()
    assert not jars.installed(tmp_path, DELTA)


@pytest.mark.parametrize("printed", ["", "file:///ivy/io.delta_delta-storage-4.4.0.jar"])
def test_jars_without_the_main_one_are_an_error(
    monkeypatch: pytest.MonkeyPatch, printed: str
) -> None:
    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, printed, "x\nServer access error at y\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(MetaclipError, match=r"\ADelta's jars could .*: Server access error at y\Z"):
        fetch(DELTA)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            ":: loading\n\tServer access error at url x\nTraceback\nValueError: y",
            "Server access error at url x",
        ),
        (
            'a\nException in thread "main" x.Error: [unresolved dependency: b: not found]\nc',
            "[unresolved dependency: b: not found]",
        ),
        ("JAVA_HOME is not set\n", "JAVA_HOME is not set"),
        ("", "Spark printed no reason"),
    ],
)
def test_reason_is_one_line(log: str, expected: str) -> None:
    assert reason(log) == expected


def test_the_log_settings_are_a_jar_that_is_written_once(tmp_path: Path) -> None:
    jars.write_log_settings(tmp_path)
    (jar,) = tmp_path.iterdir()
    with ZipFile(jar) as content:
        assert content.namelist() == ["log4j2.properties"]
        assert b"rootLogger.level = error" in content.read("log4j2.properties")
    os.utime(jar, (0, 0))
    jars.write_log_settings(tmp_path)
    assert jar.stat().st_mtime == 0
