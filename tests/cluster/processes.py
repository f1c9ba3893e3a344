"""Spark's standalone manager and its applications, as processes of this machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pyspark

ROOT = Path(__file__).parents[2]
SPARK_HOME = Path(pyspark.__file__).parent
BIN = Path(sys.executable).parent
HOST = "127.0.0.1"
# Short runs: quick compilation, few threads and little memory, so that six JVMs fit.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"

SIZES = ("spark.executor.memory", "spark.executor.cores")

T = TypeVar("T")


def wait_for(look: Callable[[], T], seconds: float = 300, every: float = 0.02) -> T:
    """Return what `look` finds, once that is something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{look} found nothing for {seconds} s"
        time.sleep(every)
    return found


def get_json(url: str) -> Any:
    """Return what the server at `url` says, or None if it is not there."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except (OSError, urllib.error.URLError, ValueError):
        return None


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def host_environment() -> dict[str, str]:
    """Return what a bare host has: neither this environment's Python nor the checkout."""
    java = shutil.which("java")
    found = {"PATH": os.pathsep.join(["/usr/local/bin", "/usr/bin", "/bin"]), "LANG": "C.UTF-8"}
    home = os.environ.get("JAVA_HOME") or (java and str(Path(java).resolve().parents[1]))
    if home:
        found["JAVA_HOME"] = home
    return found


class Cluster:
    """A Master and Workers of one core and 1 GB each; `python` is what executors run."""

    def __init__(self, folder: Path, python: Path, workers: int = 2) -> None:
        self.folder, self.python = folder, python
        self.url, self.page = f"spark://{HOST}:{free_port()}", f"http://{HOST}:{free_port()}/json/"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        ports = ("--port", self.url.rsplit(":", 1)[1], "--webui-port", self.page.split(":")[2][:-6])
        self._start("master.Master", *ports)
        wait_for(lambda: get_json(self.page))
        for _ in range(workers):
            self.start_worker()

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start one more host."""
        before = len(self.alive())
        size = ("--cores", "1", "--memory", "1g", "--webui-port", str(free_port()))
        name = f"host-{len(self.processes)}"
        where = ("--work-dir", str(self.folder / name))
        worker = self._start("worker.Worker", *size, *where, self.url, name=name)
        self.workers.append(worker)
        wait_for(lambda: len(self.alive()) > before)
        return worker

    def alive(self) -> list[Any]:
        """Return the Workers that the Master knows to be alive."""
        found = get_json(self.page) or {"workers": []}
        return [worker for worker in found["workers"] if worker["state"] == "ALIVE"]

    def cores_used(self) -> int:
        """Return on how many cores there are executors, once all Workers are alive."""
        alive = self.alive()
        assert len(alive) <= len(self.workers)
        return sum(one["coresused"] for one in alive) if len(alive) == len(self.workers) else -1

    def _start(self, main: str, *arguments: str, name: str = "master") -> subprocess.Popen[bytes]:
        folder = self.folder / name
        (folder / "local").mkdir(parents=True)
        environment = {
            **host_environment(),
            "SPARK_HOME": str(SPARK_HOME),
            "SPARK_LOCAL_DIRS": str(folder / "local"),
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_DAEMON_JAVA_OPTS": JAVA_OPTIONS,
        }
        command = [str(SPARK_HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{main}"]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--host", HOST, *arguments],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """End the daemons, which end their executors."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(60)


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
            # A killed driver's log has all but its last few words.
            "spark.eventLog.buffer.kb": "1",
            **conf,
        }

    def running(self, stage: str, tasks: int = 1) -> bool:
        """Return whether a task of the job's `stage` runs, in a Spark stage of so many tasks."""
        assert self.process.poll() is None, self.err.read_text()
        return any(
            one.get("description") == stage and one["numActiveTasks"] and one["numTasks"] >= tasks
            for one in self.get("stages?status=active") or []
        )

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
    """One job that spark-submit runs in client mode, as the README says."""

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

    def wait(self, seconds: float = 600) -> int:
        """Return the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def finish(self) -> dict[str, Any]:
        """Return the line of a job that ends well."""
        assert self.wait() == 0, self.err.read_text()
        lines = [line for line in self.out.read_text().splitlines() if line.startswith("{")]
        return dict(json.loads(lines[-1]))

    def failure(self) -> str:
        """Return the last line on stderr of a job that ends with 1."""
        assert self.wait() == 1, self.err.read_text()
        return self.err.read_text().splitlines()[-1]

    def kill(self) -> None:
        """Kill -9 the driver: the JVM and its Python."""
        for process in [*psutil.Process(self.process.pid).children(True), self.process]:
            process.send_signal(signal.SIGKILL)
        self.process.wait()


class Session(Application):
    """One application that runs step after step; see driver.py."""

    def __init__(self, cluster: Cluster, settings: Mapping[str, str], cores: int) -> None:
        super().__init__(cluster, "session", cores, settings)
        environment = {**self.environment, "PYSPARK_PYTHON": str(cluster.python)}
        driver = Path(__file__).with_name("driver.py")
        with self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, driver, json.dumps(self.conf)],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=err,
            )

    def start(self, step: str, *assignments: str) -> None:
        """Begin a step."""
        assert self.process.stdin is not None
        self.begun = len(self.events())
        self.process.stdin.write(json.dumps([step, assignments]).encode() + b"\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Return what the step that was begun came to."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.err.read_text()
        return dict(json.loads(line))

    def run(self, step: str, *assignments: str) -> dict[str, Any]:
        """Return the summary of a step."""
        self.start(step, *assignments)
        found = self.answer()
        assert "summary" in found, found
        return dict(found["summary"])

    def stop(self) -> None:
        """End the application."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(120)
