"""Run applications on a cluster: jobs by spark-submit, and a session for many steps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from tests.helpers.cluster_events import is_of_delta
from tests.helpers.cluster_processes import (
    BIN,
    HOST,
    JAVA_OPTIONS,
    ROOT,
    Cluster,
    free_port,
    get_json,
    host_environment,
)

SIZES = ("spark.executor.memory", "spark.executor.cores")


class Application:
    """An application on a cluster: its pages, its executors, its event log."""

    count = 0
    process: subprocess.Popen[bytes]

    def __init__(self, cluster: Cluster, name: str, cores: int, conf: Mapping[str, str]) -> None:
        Application.count += 1
        self.folder = cluster.folder / f"application-{Application.count:03}-{name}"
        self.folder.mkdir()
        self.err = self.folder / "stderr"
        port = free_port()
        self.page = f"http://{HOST}:{port}/api/v1/applications"
        self.environment = {
            **host_environment(),
            "PATH": os.pathsep.join([str(BIN), host_environment()["PATH"]]),
            "PYTHONPATH": str(ROOT),
            "SPARK_LOCAL_DIRS": str(self.folder),
        }
        self.conf = {
            "spark.master": cluster.url,
            "spark.cores.max": str(cores),
            "spark.driver.memory": "700m",
            "spark.driver.host": HOST,
            "spark.driver.extraJavaOptions": JAVA_OPTIONS,
            "spark.executor.memory": "700m",
            "spark.executor.cores": "1",
            "spark.executor.extraJavaOptions": JAVA_OPTIONS,
            "spark.pyspark.python": str(cluster.python),
            "spark.ui.port": str(port),
            "spark.ui.showConsoleProgress": "false",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": self.folder.as_uri(),
            "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "false",
            # A killed driver loses the end of its log. With a small buffer that is less than
            # the events after the start of a task, so the log holds each start.
            "spark.eventLog.buffer.kb": "1",
            "spark.eventLog.logBlockUpdates.enabled": "true",
            **conf,
        }

    def running(self, stage: str) -> list[str]:
        """Return the ids of the executors that now run tasks of the job's `stage`."""
        assert self.process.poll() is None, self.err.read_text()
        found = []
        for one in self.get("stages?status=active") or []:
            if one.get("description") == stage and not is_of_delta(one["name"]):
                page = f"stages/{one['stageId']}/{one['attemptId']}/taskList?status=RUNNING"
                found += [task["executorId"] for task in self.get(page) or []]
        return found

    def get(self, page: str) -> Any:
        """Return a page of the driver's REST interface, or None while it has none."""
        found = get_json(self.page)
        return get_json(f"{self.page}/{found[0]['id']}/{page}") if found else None

    def executors(self) -> dict[str, psutil.Process]:
        """Return the executors' JVMs by their ids."""
        found = self.get("executors") or []
        names = {one["id"] for one in found if one["isActive"] and one["id"] != "driver"}
        application = (get_json(self.page) or [{"id": ""}])[0]["id"]
        processes = {}
        for process in psutil.process_iter(["name", "cmdline"]):
            words = process.info["cmdline"] or []
            if application and application in words and "--executor-id" in words:
                name = words[words.index("--executor-id") + 1]
                if name in names:
                    processes[name] = process
        return processes

    def events(self) -> list[dict[str, Any]]:
        """Return Spark's event log; the last line of a killed driver's may be cut."""
        found: list[dict[str, Any]] = []
        file = next((path for path in self.folder.glob("app-*") if path.is_file()), None)
        if file is None:
            return found
        for line in file.read_text(errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                break
        return found


class Submitted(Application):
    """One job that spark-submit runs in client mode."""

    def __init__(
        self,
        cluster: Cluster,
        job: str,
        *assignments: str,
        cores: int = 1,
        conf: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(cluster, job, cores, conf or {})
        self.conf["spark.pyspark.driver.python"] = sys.executable
        flags = [word for key, value in self.conf.items() for word in ("--conf", f"{key}={value}")]
        # The config file goes over spark-submit's flags, and is for larger machines.
        sizes = [f"spark.{key}={self.conf[key]}" for key in SIZES]
        sets = [word for one in (*assignments, *sizes) for word in ("--set", one)]
        job_file, config = ROOT / "jobs" / f"{job}.py", ROOT / "conf" / "cluster.yaml"
        self.out = self.folder / "stdout"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [BIN / "spark-submit", *flags, job_file, "--config", config, *sets],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=err,
            )
        cluster.processes.append(self.process)

    def wait(self, seconds: float = 600) -> int:
        """Return the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def finish(self) -> dict[str, Any]:
        """Return the line of JSON of a job that succeeds."""
        assert self.wait() == 0, self.err.read_text()
        lines = [line for line in self.out.read_text().splitlines() if line.startswith("{")]
        return dict(json.loads(lines[-1]))

    def failure(self) -> str:
        """Return the last line on stderr of a job that exits with 1."""
        assert self.wait() == 1, self.err.read_text()
        return self.err.read_text().splitlines()[-1]

    def kill(self) -> None:
        """Kill -9 the driver: the JVM and its Python."""
        for process in [*psutil.Process(self.process.pid).children(True), self.process]:
            process.send_signal(signal.SIGKILL)
        self.process.wait()


class Session(Application):
    """One application that runs step after step, by cluster_driver.py."""

    def __init__(self, cluster: Cluster, settings: Mapping[str, str], cores: int) -> None:
        super().__init__(cluster, "session", cores, settings)
        environment = {**self.environment, "PYSPARK_PYTHON": str(cluster.python)}
        driver = Path(__file__).with_name("cluster_driver.py")
        with self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [*cluster.enter, sys.executable, driver, json.dumps(self.conf)],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
            )
        cluster.processes.append(self.process)

    def start(self, step: str, *assignments: str) -> None:
        """Start a step."""
        assert self.process.stdin is not None
        self.begun = len(self.events())
        self.process.stdin.write(json.dumps([step, assignments]).encode() + b"\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Return the answer of the step that was started."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.err.read_text()
        return dict(json.loads(line))

    def run(self, step: str, *assignments: str) -> dict[str, Any]:
        """Return the summary of a step, and the seconds of its `stages`."""
        self.start(step, *assignments)
        found = self.answer()
        assert "summary" in found, found
        return {**found["summary"], "stages": found["stages"]}

    def stop(self) -> None:
        """Stop the application."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(120)
