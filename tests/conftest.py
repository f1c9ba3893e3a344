"""Give all tests one lean session and a tiny real crawl; make their runs repeatable."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pyspark.sql import SparkSession
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from metaclip.spark.session import create_session
from tests.helpers.archives import members
from tests.helpers.runner import ENTRIES, ROOT, SETTINGS, WAT, Runner, write_files
from tests.helpers.shared_data import SHARED

# The same examples in every run; no example fails because the machine is busy.
settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


def pytest_report_header() -> list[str]:
    """Return the line that names the tests which this checkout can't run."""
    if SHARED.is_dir():
        return []
    return [f"no large inputs in {SHARED}: the long tests marked `shared` are deselected"]


@pytest.hookimpl(tryfirst=True)  # before the tests are chosen by their marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of large inputs as long; deselect them where the inputs are missing."""
    shared = [item for item in items if item.get_closest_marker("shared")]
    for item in shared:
        item.add_marker("long")
    if shared and not SHARED.is_dir():
        config.hook.pytest_deselected(items=shared)
        items[:] = [item for item in items if item not in shared]


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Give a file to one process, and tests/report as a whole: its tests share curations."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        return "tests/report" if path.startswith("tests/report/") else path


@pytest.hookimpl(optionalhook=True)  # no hook where xdist is switched off
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Return the scheduler of `pytest -n`."""
    return _ByFile(config, log)


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """Yield the session of all tests; its workers import this checkout, wherever they start."""
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    )
    # A large young part of the heap spares many small collections: some 5 % less time.
    java = f"{SETTINGS['spark.driver.extraJavaOptions']} -Xms2g -Xmn1g"
    session = create_session("metaclip tests", {**SETTINGS, "spark.driver.extraJavaOptions": java})
    yield session
    session.stop()


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path) -> Runner:
    """Return a runner on a new warehouse."""
    return Runner(spark, tmp_path / "warehouse")


@pytest.fixture(scope="session")
def pages() -> list[bytes]:
    """Return the records of real pages, each of which is a small WAT of its own."""
    return members(WAT.read_bytes())[2:]


@pytest.fixture(scope="session")
def wat(pages: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one file with 30 pages, some 300 pairs."""
    return write_files(tmp_path_factory.mktemp("wat"), [b"".join(pages[:30])])[0]


@pytest.fixture(scope="session")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a list of entries that real pages have."""
    file = tmp_path_factory.mktemp("metadata") / "entries.json"
    file.write_text(json.dumps(ENTRIES), encoding="utf-8")
    return file
