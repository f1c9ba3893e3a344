"""One lean session for all tests of jobs, and a tiny real crawl."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from metaclip.spark.session import create_session
from tests.helpers.archives import members
from tests.helpers.runner import ENTRIES, ROOT, SETTINGS, WAT, Runner, write_files


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """The session of all tests; its workers import this checkout, wherever they start."""
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    )
    session = create_session("metaclip tests", SETTINGS)
    yield session
    session.stop()


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path) -> Runner:
    """A runner on a new warehouse."""
    return Runner(spark, tmp_path / "warehouse")


@pytest.fixture(scope="session")
def pages() -> list[bytes]:
    """The records of real pages, each of which is a small WAT of its own."""
    return members(WAT.read_bytes())[2:]


@pytest.fixture(scope="session")
def wat(pages: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with 30 pages, some 300 pairs."""
    return write_files(tmp_path_factory.mktemp("wat"), [b"".join(pages[:30])])[0]


@pytest.fixture(scope="session")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A list of entries that real pages have."""
    file = tmp_path_factory.mktemp("metadata") / "entries.json"
    file.write_text(json.dumps(ENTRIES), encoding="utf-8")
    return file
