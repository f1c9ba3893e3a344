"""Run the DAG in a real Airflow: by spark-submit to the curated table, twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from metaclip.jobs.curate import curate
from tests.helpers.airflow_server import CRAWL, DAG, Airflow
from tests.helpers.runner import LATE_SETTINGS, WAT, Runner
from tests.helpers.table_rows import curated

pytestmark = [pytest.mark.airflow, pytest.mark.long]
JOBS = [
    *("import_metadata", "extract_pairs", "match_entries"),
    *("count_entries", "sample_pairs", "maintain_tables"),
]
T = 5.0


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    with Airflow(tmp_path_factory.mktemp("airflow") / "home") as server:
        yield server


def digest(run: Runner) -> str:
    """Return a hash of all columns of all curated rows."""
    rows = curated(run)
    assert rows
    return hashlib.sha256(json.dumps(rows, default=str, sort_keys=True).encode()).hexdigest()


def params(folder: Path, metadata: Path) -> dict[str, Any]:
    """Return the parameters of a run; all other settings are in a config file."""
    settings = {
        "warehouse": str(folder / "warehouse"),
        "metadata": {"file": str(metadata)},
        "spark": LATE_SETTINGS,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return {"files": str(WAT), "t": T, "config": str(folder / "config.yaml")}


@pytest.fixture(scope="module")
def expected(spark: SparkSession, metadata: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the hash of the rows that jobs/curate.py gives for the same input."""
    run = Runner(spark, tmp_path_factory.mktemp("expected") / "warehouse")
    settings = (f"crawl.files={WAT}", f"metadata.file={metadata}", f"balance.t={T}")
    run(curate, f"crawl.name={CRAWL}", *settings)
    return digest(run)


def test_the_dag_loads(airflow: Airflow) -> None:
    assert airflow.api("GET", "/api/v2/importErrors")["import_errors"] == []
    dag = airflow.api("GET", f"/api/v2/dags/{DAG}/details")
    assert dag["max_active_runs"] == 1
    assert dag["timetable_summary"] == "0 0 1 * *"
    assert {"crawl", "files", "curation", "t", "size", "config"} <= dag["params"].keys()
    tasks = {
        task["task_id"]: task for task in airflow.api("GET", f"/api/v2/dags/{DAG}/tasks")["tasks"]
    }
    assert sorted(tasks) == sorted(JOBS)
    assert {task["operator_name"] for task in tasks.values()} == {"SparkSubmitOperator"}
    assert all(task["retries"] == 2 for task in tasks.values())


def test_a_second_run_whose_task_is_killed_once_changes_no_row(
    airflow: Airflow, spark: SparkSession, metadata: Path, tmp_path: Path, expected: str
) -> None:
    """The crawl is done by then, so the second run reads nothing."""
    run = Runner(spark, tmp_path / "warehouse")
    # The variable names the crawl of the first run, a parameter that of the second.
    for killed, crawl in ((None, {}), ("match_entries", {"crawl": CRAWL})):
        name = airflow.trigger(**params(tmp_path, metadata), **crawl)
        if killed:
            airflow.driver(killed).kill()
        assert airflow.wait(name) == "success"
        tries = airflow.tries(name)
        assert {job: state for job, (state, _) in tries.items()} == dict.fromkeys(JOBS, "success")
        assert not killed or tries[killed][1] > 1
        assert digest(run) == expected
    events = airflow.api("GET", "/api/v2/assets/events")["asset_events"]
    assert [event["source_task_id"] for event in events] == ["sample_pairs"] * 2


@pytest.mark.parametrize(
    "bad", [{"t": 0}, {"t": "much"}, {"size": 1.5}, {"curation": "a b"}, {"crawl": ""}]
)
def test_parameters_of_another_type_are_refused(airflow: Airflow, bad: dict[str, Any]) -> None:
    with pytest.raises(OSError, match="HTTP Error 4"):
        airflow.trigger(**bad)
