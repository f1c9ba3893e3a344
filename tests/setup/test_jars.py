"""What the set-up does with jars, without fetching any."""

from __future__ import annotations

from pathlib import Path

import pytest

from metaclip.errors import MetaclipError
from metaclip.setup import jars


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
    assert not jars.installed(target, jars.DELTA)
    jars.copy_jars(ivy_jars(tmp_path / "ivy"), jars.DELTA, target)
    assert {path.name for path in target.iterdir()} == {
        "delta-spark_4.1_2.13-4.4.0.jar",
        "delta-storage-4.4.0.jar",
        "spark-core.jar",
    }
    assert jars.installed(target, jars.DELTA)
    (target / "delta-storage-4.3.0.jar").touch()
    assert not jars.installed(target, jars.DELTA)


def test_a_copy_that_was_interrupted_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "delta-storage-4.4.0.jar").touch()
    (tmp_path / "delta-spark_4.1_2.13-4.4.0.jar.part").touch()
    assert not jars.installed(tmp_path, jars.DELTA)


def test_no_jars_is_an_error_and_leaves_the_old_ones(tmp_path: Path) -> None:
    (tmp_path / "delta-spark_4.1_2.13-4.4.0.jar").touch()
    with pytest.raises(MetaclipError, match="none"):
        jars.copy_jars([], jars.DELTA, tmp_path)
    assert jars.installed(tmp_path, jars.DELTA)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            ":: loading\n\tServer access error at url x\nTraceback\nValueError: y",
            "Server access error at url x",
        ),
        (
            "a\nException in thread: [unresolved dependency: b]\nc",
            "Exception in thread: [unresolved dependency: b]",
        ),
        ("JAVA_HOME is not set\n", "JAVA_HOME is not set"),
        ("", "Spark printed no reason"),
    ],
)
def test_reason_is_one_line(log: str, expected: str) -> None:
    assert jars.reason(log) == expected


def test_conf_is_part_of_the_package(tmp_path: Path) -> None:
    jars.copy_conf(tmp_path / "conf")
    assert "rootLogger.level = error" in (tmp_path / "conf" / "log4j2.properties").read_text()
