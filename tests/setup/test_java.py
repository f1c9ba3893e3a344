"""The search for Java, with small scripts in the place of real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from metaclip.errors import InputError
from metaclip.setup import java
from metaclip.spark.java import Java, configured_executable, probe, require_java


def fake_java(home: Path, version: str, exit_code: int = 0) -> Path:
    """Write a `java` that prints `version` on stderr, as the real one does."""
    executable = home / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(
        "#!/bin/sh\n"
        f"echo '    java.home = {home}' >&2\n"
        f"echo '    java.specification.version = {version}' >&2\n"
        f"exit {exit_code}\n"
    )
    executable.chmod(0o755)
    return executable


@pytest.fixture
def no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Take every Java of this machine out of sight; return an empty folder."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "jvm" / "bin"))
    monkeypatch.setattr(java, "SYSTEM_DIR", tmp_path / "system")
    return tmp_path


@pytest.mark.parametrize("version", ["17", "21"])
def test_probe_takes_the_versions_spark_runs_on(tmp_path: Path, version: str) -> None:
    assert probe(fake_java(tmp_path, version)) == Java(tmp_path, version)


@pytest.mark.parametrize(("version", "exit_code"), [("11", 0), ("1.8", 0), ("25", 0), ("17", 1)])
def test_probe_refuses_other_versions_and_failures(
    tmp_path: Path, version: str, exit_code: int
) -> None:
    assert probe(fake_java(tmp_path, version, exit_code)) is None


def test_probe_of_nothing_is_none(tmp_path: Path) -> None:
    assert probe(tmp_path / "java") is None


def test_java_home_goes_before_path(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(no_java / "jvm", "17")
    fake_java(no_java / "home", "21")
    monkeypatch.setenv("JAVA_HOME", str(no_java / "home"))
    assert java.find(no_java / ".java") == Java(no_java / "home", "21")


def test_an_old_java_home_is_passed_over_and_overridden(
    no_java: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_java(no_java / "jvm", "17")
    fake_java(no_java / "home", "11")
    monkeypatch.setenv("JAVA_HOME", str(no_java / "home"))
    found = java.find(no_java / ".java")
    assert found == Java(no_java / "jvm", "17")
    java.remember(found, no_java / "conf" / "spark-env.sh")
    written = (no_java / "conf" / "spark-env.sh").read_text()
    assert written == f"JAVA_HOME={no_java / 'jvm'}\n"


def test_a_java_that_spark_finds_itself_is_not_written_down(no_java: Path) -> None:
    fake_java(no_java / "jvm", "17")
    spark_env = no_java / "conf" / "spark-env.sh"
    spark_env.parent.mkdir()
    spark_env.write_text("JAVA_HOME=/one/that/is/gone\n")
    java.remember(Java(no_java / "jvm", "17"), spark_env)
    assert not spark_env.exists()


def test_one_that_was_downloaded_is_found_and_written_down(
    no_java: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = no_java / ".java" / "jdk-17-jre"
    monkeypatch.setattr(java, "download", lambda folder: fake_java(home, "17"))
    found = java.find_or_download(no_java / ".java")
    assert found == Java(home, "17")
    java.remember(found, no_java / "conf" / "spark-env.sh")
    assert str(home) in (no_java / "conf" / "spark-env.sh").read_text()


def test_where_nothing_helps_one_line_says_what_to_install(
    no_java: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(java, "download", lambda folder: None)
    with pytest.raises(InputError, match=r"\AJava: expected version 17 or 21 .*openjdk-17-jre"):
        java.find_or_download(no_java / ".java")


def test_one_of_the_system_that_is_not_on_path_is_found(no_java: Path) -> None:
    fake_java(no_java / "system" / "java-21", "21")
    fake_java(no_java / "jvm", "11")
    assert java.find(no_java / ".java") == Java(no_java / "system" / "java-21", "21")


def test_without_the_installer_nothing_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    java.download(tmp_path / ".java")
    assert not (tmp_path / ".java").exists()


def test_a_download_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jdk

    def refuse(*args: object, **kwargs: object) -> None:
        raise jdk.JdkError("no such host")

    monkeypatch.setattr(jdk, "install", refuse)
    java.download(tmp_path / ".java")
    assert not (tmp_path / ".java").exists()


def test_spark_env_overrides_java_home(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Spark's own scripts, which source the file."""
    fake_java(no_java / "home", "11")
    fake_java(no_java / "kept", "17")
    monkeypatch.setenv("JAVA_HOME", str(no_java / "home"))
    monkeypatch.setenv("SPARK_CONF_DIR", str(no_java / "conf"))
    with pytest.raises(InputError, match=r"found no such version at .*/home/bin/java"):
        require_java()
    java.remember(Java(no_java / "kept", "17"), no_java / "conf" / "spark-env.sh")
    assert configured_executable() == no_java / "kept" / "bin" / "java"
    require_java()


def test_no_java_at_all_is_refused(no_java: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_CONF_DIR", str(no_java))
    with pytest.raises(InputError, match=r"on PATH, found none; install a JRE"):
        require_java()
