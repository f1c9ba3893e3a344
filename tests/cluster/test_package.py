"""The packed environment runs on a host that has a C library and a JVM alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psutil
import pytest

from tests.helpers.cluster_applications import Submitted
from tests.helpers.cluster_inputs import Inputs, settings
from tests.helpers.cluster_processes import ROOT, SPARK_HOME, Cluster, wait_for

pytestmark = [pytest.mark.long, pytest.mark.cluster]

# The libraries of the host: see _HOST in metaclip.setup.packing.
LIBRARIES = "libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libutil.so.1 libresolv.so.2 "
LIBRARIES += "libstdc++.so.6 libgcc_s.so.1 ld-linux-x86-64.so.2 ld-linux-aarch64.so.1"
PROGRAM = """
import ctypes, ssl, sqlite3, lzma, bz2, uuid
import aiohttp, pyarrow.dataset, pyarrow.parquet, pyspark, s3fs
from metaclip import application
from metaclip.ingest import file_rows
from metaclip.jit import cache
from metaclip.setup import kernels
folder = cache.cache_folder()
before = {file: file.stat().st_mtime_ns for file in folder.iterdir()}
kernels.main()
assert before == {file: file.stat().st_mtime_ns for file in folder.iterdir()} != {}, folder
print(folder)
"""


def test_a_bare_host_loads_all_modules_and_compiles_nothing(
    environment: Path, tmp_path: Path
) -> None:
    """The machine code of the kernels comes with the archive."""
    root = tmp_path / "root"
    for name in ("lib64", "environment", "proc", "tmp"):
        (root / name).mkdir(parents=True)
    for line in subprocess.check_output(["/sbin/ldconfig", "-p"], text=True).splitlines()[1:]:
        name, path = line.split()[0], line.split()[-1]
        if name in LIBRARIES.split():
            (root / "lib64" / name).write_bytes(Path(path).read_bytes())
            (root / "lib64" / name).chmod(0o755)
    (root / "lib").symlink_to("lib64")
    script = (
        f"mount --bind {environment} {root}/environment && mount --bind /proc {root}/proc && "
        f'exec env -i LD_LIBRARY_PATH=/lib64 "$(command -v chroot)" {root} '
        '/environment/bin/python3 -c "$0"'
    )
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    command = [*namespace, "sh", "-c", script, PROGRAM]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].startswith("/environment/lib/")


def test_executors_load_the_shipped_environment_alone(
    package: Path, cluster: Cluster, inputs: Inputs, tmp_path: Path
) -> None:
    """The driver ships it by `--archives`; workers load nothing of the driver's own."""
    shipped = {
        "spark.archives": f"{package}#environment",
        "spark.pyspark.python": "./environment/bin/python3",
    }
    given = [*settings(tmp_path / "warehouse", "pages"), inputs.metadata, inputs.pages]
    application = Submitted(cluster, "curate", *given, conf=shipped)

    def libraries() -> set[str]:
        """Return the libraries that the executors' Python processes have mapped."""
        try:
            daemons = [one for jvm in application.executors().values() for one in jvm.children()]
            workers = [worker for daemon in daemons for worker in daemon.children()]
            maps = [one.path for worker in workers for one in worker.memory_maps()]
        except psutil.Error:  # a process ended meanwhile
            return set()
        return {path for path in maps if "libllvmlite" in path or "libarrow" in path}

    wait_for(lambda: any("libllvmlite" in path for path in libraries()))
    found = libraries()
    assert all(path.startswith(str(cluster.folder)) for path in found), found
    assert not any(path.startswith((str(ROOT), str(SPARK_HOME.parent))) for path in found)
    assert application.finish()["sample_pairs"]["actual_size"] > 0
