"""Send an OpenLineage event when a job begins and when it ends, with the tables it used.

OpenLineage's listener for Spark sees the queries of Spark alone, and most tables are read and
written by Python. The settings are those of the listener, `spark.openlineage.*`, which Airflow's
provider passes on, too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from metaclip import __version__
from metaclip.errors import InputError
from metaclip.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient

log = logging.getLogger(__name__)

_PREFIX = "spark.openlineage."
_PRODUCER = f"metaclip/{__version__}"


@contextmanager
def lineage_events(warehouse: Warehouse, job: str) -> Iterator[None]:
    """Send the events of a job around its work, where `spark.openlineage.transport.type` is set.

    Raises:
        InputError: the client is not installed, or the settings are not of a transport.
    """
    settings = _settings(warehouse)
    if "transport.type" not in settings:
        yield
        return
    run = _Run(settings, job)
    run.send("START", warehouse)
    end = "FAIL"
    try:
        yield
        end = "COMPLETE"
    finally:
        run.send(end, warehouse)


def _settings(warehouse: Warehouse) -> dict[str, str]:
    conf = warehouse.spark.conf.getAll
    return {
        key.removeprefix(_PREFIX): value for key, value in conf.items() if key.startswith(_PREFIX)
    }


class _Run:
    """One run of a job."""

    def __init__(self, settings: dict[str, str], job: str) -> None:
        try:
            from openlineage.client.event_v2 import Job, Run
            from openlineage.client.uuid import generate_new_uuid
        except ImportError:
            where = f"{_PREFIX}transport.type"
            hint = "pip install openlineage-python"
            raise InputError(where, "the package openlineage-python", "none", hint) from None
        self._client = _client(settings)
        self._job = Job(settings.get("namespace", "default"), job)
        self._run = Run(str(generate_new_uuid()), _parent(settings))

    def send(self, state: str, warehouse: Warehouse) -> None:
        """Send one event with the tables that were used so far; a failure is logged."""
        from openlineage.client.event_v2 import InputDataset, OutputDataset, RunEvent, RunState

        read = sorted(warehouse.read_tables - warehouse.written_tables)
        event = RunEvent(
            eventTime=datetime.now(UTC).isoformat(),
            producer=_PRODUCER,
            run=self._run,
            job=self._job,
            eventType=RunState[state],
            inputs=[InputDataset(*_dataset(warehouse, name)) for name in read],
            outputs=[
                OutputDataset(*_dataset(warehouse, name))
                for name in sorted(warehouse.written_tables)
            ],
        )
        try:
            self._client.emit(event)
        except OSError as error:
            log.info("no OpenLineage event %s: %s", state, error)


def _client(settings: dict[str, str]) -> OpenLineageClient:
    """Return the client of the transport in the settings, which are named as Java's client does."""
    from openlineage.client import OpenLineageClient

    transport: dict[str, Any] = {}
    for key, value in settings.items():
        *folders, name = key.split(".")
        if folders and folders[0] == "transport":
            place = transport
            for folder in folders[1:]:
                place = place.setdefault(folder, {})
            place[name] = value
    if transport["type"] == "file":
        transport["log_file_path"] = transport.pop("location", None)
        transport["append"] = True
    try:
        return OpenLineageClient(config={"transport": transport})
    except (ValueError, TypeError, RuntimeError, ImportError) as error:
        where = f"{_PREFIX}transport"
        raise InputError(where, "a transport of OpenLineage", str(error)) from None


def _parent(settings: dict[str, str]) -> dict[str, Any]:
    """Return the facet of the run that submitted this one, such as a task of Airflow."""
    from openlineage.client.facet_v2 import parent_run

    names = ("parentRunId", "parentJobNamespace", "parentJobName")
    if any(name not in settings for name in names):
        return {}
    run, namespace, job = (settings[name] for name in names)
    parent = parent_run.ParentRunFacet(parent_run.Run(run), parent_run.Job(namespace, job))
    return {"parent": parent}


def _dataset(warehouse: Warehouse, table: str) -> tuple[str, str]:
    """Return namespace and name of a table, as the listener names them."""
    url = urlsplit(f"{warehouse.root}/{table}")
    if not url.scheme:
        return "file", url.path
    scheme = "s3" if url.scheme == "s3a" else url.scheme
    return f"{scheme}://{url.netloc}", url.path.lstrip("/") if scheme == "s3" else url.path
