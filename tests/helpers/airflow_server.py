"""An Airflow of its own: API server, scheduler and DAG processor over a new SQLite database."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from tests.helpers.runner import ROOT, SETTINGS

BIN = ROOT / ".venv-airflow" / "bin"
SPARK_BIN = Path(sys.executable).parent
DAG = "metaclip_curation"
CRAWL = "CC-MAIN-2024-22"
COMMANDS = (("api-server", "--workers", "1"), ("scheduler",), ("dag-processor",))


class Airflow:
    """A running Airflow with the DAGs of this checkout; stops with the `with` block."""

    def __init__(self, home: Path) -> None:
        assert BIN.is_dir(), "make test-airflow installs Airflow"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home, self._processes, self._token = home, list[psutil.Popen](), ""
        self._environment: dict[str, str] = {
            **{key: value for key, value in os.environ.items() if key != "SPARK_HOME"},
            "PATH": os.pathsep.join([str(SPARK_BIN), str(BIN), os.environ["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "jobs" / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            # One JVM at a time is enough for a test.
            "AIRFLOW__CORE__PARALLELISM": "1",
            "AIRFLOW__CORE__DEFAULT_TASK_RETRY_DELAY": "1",
            # Only runs that a test asks for.
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",
            "AIRFLOW_VAR_METACLIP_CRAWL": CRAWL,
            "SPARK_SUBMIT_OPTS": str(SETTINGS["spark.driver.extraJavaOptions"]),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
            "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps({"conn_type": "spark", "host": "local[2]"}),
        }

    def command(self, *words: str) -> str:
        """Run one command of Airflow; return its stdout."""
        result = subprocess.run(
            [str(BIN / "airflow"), *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert result.returncode == 0, result.stderr
        return str(result.stdout)

    def __enter__(self) -> Airflow:
        """Migrate the database, start the processes, wait until the DAG is known."""
        self.home.mkdir(parents=True)
        self.command("db", "migrate")
        with ExitStack() as stack:
            stack.callback(self._stop)
            for words in COMMANDS:
                with (self.home / f"{words[0]}.log").open("w") as log:
                    self._processes.append(
                        psutil.Popen(
                            [str(BIN / "airflow"), *words],
                            env=self._environment,
                            stdout=log,
                            stderr=subprocess.STDOUT,
                        )
                    )
            self._wait_for_dag()
            stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all processes and what they started."""
        self._stop()

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call Airflow's REST API."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)

    def trigger(self, **params: Any) -> str:
        """Start a run of the DAG; return its id."""
        run = self.api(
            "POST", f"/api/v2/dags/{DAG}/dagRuns", {"logical_date": None, "conf": params}
        )
        return str(run["dag_run_id"])

    def wait(self, run: str, seconds: float = 3600) -> str:
        """Return the state in which a run has ended."""
        end = time.monotonic() + seconds
        state = "queued"
        while state in ("queued", "running") and time.monotonic() < end:
            time.sleep(1)
            state = self.api("GET", f"/api/v2/dags/{DAG}/dagRuns/{run}")["state"]
        return state

    def tries(self, run: str) -> dict[str, tuple[str, int]]:
        """Return the state of each task of a run, and how often it was tried."""
        path = f"/api/v2/dags/{DAG}/dagRuns/{run}/taskInstances"
        tasks = self.api("GET", path)["task_instances"]
        return {task["task_id"]: (task["state"], task["try_number"]) for task in tasks}

    def driver(self, job: str, seconds: float = 1800) -> psutil.Process:
        """Return the JVM of a job once spark-submit has started it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for process in self._descendants():
                try:
                    words = process.cmdline()
                except psutil.Error:
                    continue
                if words and words[0].endswith("java") and f"{job}.py" in " ".join(words):
                    return process
            time.sleep(0.2)
        raise AssertionError(f"no driver of {job} within {seconds} s")

    def _descendants(self) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for process in self._processes:
            if process.is_running():
                found += process.children(recursive=True)
        return found

    def _wait_for_dag(self, seconds: float = 600) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert all(process.poll() is None for process in self._processes), self.home
            try:
                self._token = self.api("GET", "/auth/token")["access_token"]
                self.api("PATCH", f"/api/v2/dags/{DAG}", {"is_paused": False})
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(1)
            else:
                return
        raise AssertionError(f"no DAG within {seconds} s; see {self.home}")

    def _stop(self) -> None:
        everything = [*self._processes, *self._descendants()]
        for process in self._processes:
            process.terminate()
        _, alive = psutil.wait_procs(everything, timeout=20)
        for process in alive:
            process.kill()
