"""Start Spark's standalone manager as processes of this machine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pyspark

ROOT = Path(__file__).parents[2]
SPARK_HOME = Path(pyspark.__file__).parent
BIN = Path(sys.executable).parent
HOST = "127.0.0.1"
# Short runs: quick compilation, few threads and little memory, so that six JVMs fit.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"

T = TypeVar("T")
# Each process of the tests begins at another port.
_ports = iter(range(20_000 + os.getpid() % 400 * 30, 32_768))


def wait_for(look: Callable[[], T], seconds: float = 300, every: float = 0.02) -> T:
    """Return the first result of `look` that is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{look} found nothing for {seconds} s"
        time.sleep(every)
    return found


def get_json(url: str) -> Any:
    """Return the JSON at `url`, or None where no server answers."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)
    except (OSError, urllib.error.URLError, ValueError):
        return None


def free_port() -> int:
    """Return a port on which no server listens.

    It is below the ports of outgoing connections, one of which could take it before Spark.
    """
    for port in _ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise AssertionError("all ports are taken")


def host_environment() -> dict[str, str]:
    """Return the variables of a bare host, without this environment's Python and the checkout."""
    java = shutil.which("java")
    found = {"PATH": os.pathsep.join(["/usr/local/bin", "/usr/bin", "/bin"]), "LANG": "C.UTF-8"}
    home = os.environ.get("JAVA_HOME") or (java and str(Path(java).resolve().parents[1]))
    if home:
        found["JAVA_HOME"] = home
    return found


class Cluster:
    """A Master and Workers of one core and 1 GB each; executors run `python`.

    The command `enter` starts each process.
    """

    def __init__(
        self, folder: Path, python: Path, workers: int = 2, enter: Sequence[str] = ()
    ) -> None:
        self.folder, self.python, self.enter = folder, python, enter
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
        """Return the number of cores that executors use, or -1 before all Workers are alive."""
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
                [*self.enter, *command, "--host", HOST, *arguments],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        """Stop the applications that still run, and the daemons, which stop their executors."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            process.wait(60)
