"""The whole flow with its warehouse at s3a://, on a server of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto.server import ThreadedMotoServer

from metaclip.jobs.curate import curate
from tests.helpers.runner import LATE_SETTINGS, ROOT, SETTINGS, Runner
from tests.helpers.table_rows import curated

pytestmark = pytest.mark.long
BUCKET = "bucket"
KEYS = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "secret words"}


@pytest.fixture
def endpoint() -> Iterator[str]:
    """The address of a server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def submit(job: str, config: Path) -> None:
    """Run a job as on a cluster; the keys come from the environment, as on AWS."""
    environment = {key: value for key, value in os.environ.items() if key != "SPARK_HOME"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["SPARK_SUBMIT_OPTS"] = str(SETTINGS["spark.driver.extraJavaOptions"])
    result = subprocess.run(
        ["spark-submit", "--master", "local[2]", f"jobs/{job}.py", "--config", str(config)],
        cwd=ROOT,
        env=environment | KEYS | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in result.stdout + result.stderr


def download(client: Any, folder: Path) -> None:
    """Copy all objects below `warehouse/` into `folder`."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page["Contents"]:
            if not entry["Key"].endswith("/"):
                file = folder / entry["Key"].removeprefix("warehouse/")
                file.parent.mkdir(parents=True, exist_ok=True)
                client.download_file(BUCKET, entry["Key"], str(file))


def test_a_warehouse_at_s3a_has_the_same_rows(
    run: Runner, endpoint: str, wat: Path, metadata: Path, tmp_path: Path
) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_bucket(Bucket=BUCKET)
    settings = {
        "warehouse": f"s3a://{BUCKET}/warehouse",
        "crawl": {"files": str(wat)},
        "metadata": {"file": str(metadata)},
        "balance": {"t": 5},
        "spark": {
            "spark.hadoop.fs.s3a.endpoint": endpoint,
            "spark.hadoop.fs.s3a.endpoint.region": "us-east-1",
            "spark.hadoop.fs.s3a.path.style.access": True,
            **LATE_SETTINGS,
        },
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    run(curate, f"crawl.files={wat}", f"metadata.file={metadata}", "balance.t=5")
    expected = curated(run)
    submit("curate", tmp_path / "config.yaml")
    submit("maintain_tables", tmp_path / "config.yaml")
    download(client, tmp_path / "copy")
    assert curated(Runner(run.spark, tmp_path / "copy")) == expected != []
