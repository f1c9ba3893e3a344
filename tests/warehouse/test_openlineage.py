"""OpenLineage events name the tables that a job read and wrote, and the run that called it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from metaclip.config.command_line import load_config
from metaclip.errors import InputError
from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.openlineage import lineage_events
from metaclip.warehouse.warehouse import Warehouse
from tests.helpers.runner import Runner

TABLES = {
    "import_metadata": ([], ["metadata", "metadata_versions"]),
    "extract_pairs": ([], ["extractions"]),
    "match_entries": (["extractions", "metadata"], ["matches"]),
    "count_entries": (["matches"], ["entry_counts"]),
    "sample_pairs": (
        ["entry_counts", "matches"],
        ["curated", "curation_counts", "curations"],
    ),
}


@contextmanager
def conf(run: Runner, **settings: str) -> Iterator[None]:
    """Set `spark.openlineage.*` for a while; a double underscore is a dot."""
    keys = {f"spark.openlineage.{name.replace('__', '.')}": v for name, v in settings.items()}
    for key, value in keys.items():
        run.spark.conf.set(key, value)
    try:
        yield
    finally:
        for key in keys:
            run.spark.conf.unset(key)


def names(datasets: list[dict[str, Any]], root: Path) -> list[str]:
    """Return the tables of an event."""
    assert all(dataset["namespace"] == "file" for dataset in datasets)
    return [str(Path(dataset["name"]).relative_to(root)) for dataset in datasets]


def tables_of(events: list[dict[str, Any]], root: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Return the tables that each job read and wrote, by its last event."""
    return {
        event["job"]["name"]: (names(event["inputs"], root), names(event["outputs"], root))
        for event in events
        if event["eventType"] == "COMPLETE"
    }


def test_events_name_the_tables_of_each_job(
    run: Runner, wat: Path, metadata: Path, tmp_path: Path
) -> None:
    log = tmp_path / "lineage.jsonl"
    parent = {"parentRunId": "0199d8a2-0000-7000-8000-000000000001", "parentJobNamespace": "dags"}
    steps = (import_metadata, extract_pairs, match_entries, count_entries, sample_pairs)
    settings = [
        f"metadata.file={metadata}",
        f"crawl.files={wat}",
        "balance.t=5",
        "balance.crawls=[local]",
    ]
    with conf(
        run,
        transport__type="file",
        transport__location=str(log),
        namespace="metaclip",
        parentJobName="metaclip_curation.task",
        **parent,
    ):
        for step in steps:
            config = load_config(None, [f"warehouse={run.root}", *settings])
            warehouse = Warehouse(run.spark, config.warehouse, step.__name__, config.digest())
            with lineage_events(warehouse, step.__name__):
                step(config, warehouse)
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"] * len(steps)
    for event in events:
        assert event["job"]["namespace"] == "metaclip"
        facet = event["run"]["facets"]["parent"]
        assert facet["run"]["runId"] == parent["parentRunId"]
        assert (facet["job"]["namespace"], facet["job"]["name"]) == (
            "dags",
            "metaclip_curation.task",
        )
    assert tables_of(events, run.root) == TABLES
    runs = [event["run"]["runId"] for event in events]
    assert runs[::2] == runs[1::2]
    assert len(set(runs)) == len(steps)


def test_a_job_that_fails_says_so_to_a_server(run: Runner, tmp_path: Path) -> None:
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        with conf(run, transport__type="http", transport__url=url):
            config = load_config(None, [f"warehouse={run.root}"])
            warehouse = Warehouse(run.spark, config.warehouse, "match_entries", "0")
            with pytest.raises(InputError), lineage_events(warehouse, "match_entries"):
                match_entries(config, warehouse)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert [event["eventType"] for event in received] == ["START", "FAIL"]


def test_a_server_that_is_away_stops_no_job(run: Runner) -> None:
    with conf(run, transport__type="http", transport__url="http://127.0.0.1:9"):
        warehouse = Warehouse(run.spark, str(run.root), "test", "0")
        done = []
        with lineage_events(warehouse, "test"):
            done.append(1)
    assert done == [1]


def test_a_transport_that_is_none_is_refused(run: Runner) -> None:
    warehouse = Warehouse(run.spark, str(run.root), "test", "0")
    with conf(run, transport__type="nosuch"), pytest.raises(InputError) as caught:
        lineage_events(warehouse, "test").__enter__()
    assert str(caught.value).startswith("spark.openlineage.transport: expected a transport")
