"""Measure the cost of cc2dataset, and of the chain that a user would build of public parts.

Both have a session of their own on the same Spark, warm after a run; then they run in turn, on 4
and on 16 copies of the crawl file whose URLs differ. Of ROUNDS the least CPU time of JVM, driver
and workers counts. cc2dataset comes from PyPI, into an environment of its own; its part of the
chain is measured apart.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

from benchmarks.inputs import ROOT, find_input
from metaclip.spark.session import jvm_settings
from tests.helpers.archives import with_other_hosts

TOOLS = ("ours", "chain")
FLOWS = {
    "cc2dataset": ("chain", "cc2dataset", "1.5.0: extract, drop duplicates, Parquet"),
    "chain": ("chain", "chain", "that, a pyahocorasick loop, explode, count, a coin, Parquet"),
    "ours": ("ours", "sample_pairs", "extract, match, count, sample"),
}
"""Each flow: the tool that runs it, the stage that ends it, and what it does."""
COPIES = (4, 16)
ROUNDS = 3
_ENVIRONMENT = ROOT / "build" / "peers"
_SHARED = ("psutil", "pyspark", "pyarrow", "pyahocorasick", "pandas", "numpy")
"""Packages of the same version in both environments."""
MORE = (
    "Ours gives more for it: titles as texts, WHATWG URLs, a rule which duplicate stays, a "
    "ledger of all files and drops, counts and sizes that are published, tables of Delta."
)

Figures = dict[str, Any]


def run() -> Figures:
    """Measure all tools in turn; print the cost of one more copy, fixed cost and pairs."""
    with tempfile.TemporaryDirectory(prefix="metaclip-peers-") as folder, ExitStack() as stack:
        files = _copies(Path(folder))
        tools = {name: stack.enter_context(_start(name, f"{folder}/{name}")) for name in TOOLS}
        for name, tool in tools.items():
            _ask(tool, "warm", files)
            print(f"  {name} is warm", flush=True)
        measured: list[Figures] = []
        for turn in range(ROUNDS):
            for copies in COPIES:
                for name, tool in tools.items():
                    done = _ask(tool, f"{turn}-{copies}", files[:copies])
                    measured.append({"tool": name, "copies": copies, **done})
        for tool in tools.values():
            _input(tool).close()
    return {"measured": measured, "tools": _report(measured)}


def _copies(folder: Path) -> list[str]:
    data, files = find_input("wat").read_bytes(), []
    for number in range(max(COPIES)):
        file = folder / f"{number:02}.warc.wat.gz"
        file.write_bytes(with_other_hosts(data, number))
        files.append(str(file))
    return files


def _start(name: str, folder: str) -> subprocess.Popen[str]:
    python = sys.executable if name == "ours" else _environment()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": python}
    # Imported, not run: workers then import its functions too, and keep what these cache.
    command = [python, "-c", "from benchmarks.peer import main; main()"]
    # All have the same JVM: what ours sets for itself.
    jvm = {} if name == "ours" else jvm_settings({})
    command += [name, folder, str(find_input("metadata")), json.dumps(jvm)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _environment() -> str:
    """Return the Python of the peers' environment, made at the first call."""
    python = _ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(_ENVIRONMENT, with_pip=True, clear=True)
        pins = [f"{package}=={version(package)}" for package in _SHARED]
        wanted = ["cc2dataset==1.5.0", *pins]
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
    return str(python)


def _ask(tool: subprocess.Popen[str], name: str, files: list[str]) -> Figures:
    assert tool.stdout is not None
    _input(tool).write(json.dumps({"name": name, "files": files}) + "\n")
    _input(tool).flush()
    answer: Figures = json.loads(tool.stdout.readline())
    return answer


def _input(tool: subprocess.Popen[str]) -> IO[str]:
    assert tool.stdin is not None
    return tool.stdin


def _report(measured: list[Figures]) -> dict[str, Figures]:
    few, many = COPIES
    result: dict[str, Figures] = {}
    sizes = "".join(f"{copies:>4} copies" for copies in COPIES)
    print(f"  CPU seconds     {sizes}  one more   fixed     pairs   matched")
    for name, (tool, stage, _) in FLOWS.items():
        least = {
            n: min(
                row["cpu_s"][stage]
                for row in measured
                if row["tool"] == tool and row["copies"] == n
            )
            for n in COPIES
        }
        slope = (least[many] - least[few]) / (many - few)
        rows = next(row for row in measured if row["tool"] == tool and row["copies"] == many)
        result[name] = {
            "one_more": slope,
            "fixed": least[few] - few * slope,
            "pairs": rows["pairs"],
        }
        print(
            f"    {name:14}{least[few]:>10.2f}{least[many]:>11.2f}{slope:>10.3f}"
            f"{result[name]['fixed']:>8.1f}{rows['pairs']:>10,}{rows['matched']:>10,}"
        )
    for name in ("cc2dataset", "chain"):
        ratio = result["ours"]["one_more"] / result[name]["one_more"]
        print(f"  one more copy, ours / {name}: {ratio:.2f} ({FLOWS[name][2]})")
    print(f"  {MORE}")
    return result
