"""A job's last line accounts for its work, and no log or table holds a secret."""

from __future__ import annotations

import base64
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.cluster_applications import Submitted
from tests.helpers.cluster_inputs import Inputs, read_rows, settings
from tests.helpers.cluster_processes import Cluster

pytestmark = [pytest.mark.long, pytest.mark.cluster]

SECRET = "s3same-Open"


def check_line(line: dict[str, Any]) -> None:
    """Check the counts, the seconds of each stage, and Spark's own account."""
    read, matched = line["extract_pairs"], line["match_entries"]
    assert read["status"] == {"done": 1, "failed": 1}
    assert read["images"] == read["images_kept"] + sum(read["dropped_images"].values())
    assert matched["pairs"] == matched["duplicates"] + matched["no_match"] + matched["matched"]
    tables = ("metadata", "extractions", "matches", "entry_counts", "curated", "curations")
    assert {f"write {table}" for table in tables} < set(line["stages"])
    assert sum(line["stages"].values()) == pytest.approx(line["seconds"], abs=0.02)
    assert line["tasks"] > 0 == line["failed_tasks"]
    assert line["shuffle_bytes"] > 0
    assert 0 < line["task_seconds"] < line["seconds"]


@pytest.fixture
def guarded(inputs: Inputs) -> Iterator[str]:
    """Yield the host and port of a server that gives the pages to one user with a password."""
    folder = inputs.pages.removeprefix("crawl.files=").removesuffix("/*.wat.gz")
    word = base64.b64encode(f"reader:{SECRET}".encode()).decode()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def send_head(self):  # type: ignore[no-untyped-def]
            if self.headers.get("Authorization") != f"Basic {word}":
                return self.send_error(401)
            self.path = self.path.partition("?")[0]
            return super().send_head()

        def log_message(self, *arguments: object) -> None:
            pass

    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_no_log_or_table_holds_a_secret(
    cluster: Cluster, guarded: str, inputs: Inputs, tmp_path: Path
) -> None:
    """Secrets: a password in a URL, a signature in its query, a key in Spark's settings."""
    url = f"http://reader:{SECRET}@{guarded}"
    key = f"spark.spark.hadoop.fs.s3a.secret.key={SECRET}"
    warehouse = tmp_path / "warehouse"
    good = f"crawl.files='{url}/0.warc.wat.gz?X-Amz-Signature={SECRET}'"
    bad = f"crawl.files='{url}/none.warc.wat.gz?X-Amz-Signature={SECRET}'"
    given = [*settings(warehouse, "pages"), inputs.metadata, key]
    failed = Submitted(cluster, "extract_pairs", *given, bad)
    assert failed.wait() != 0
    done = Submitted(cluster, "curate", *given, good, "crawl.min_coverage=0.5")
    check_line(done.finish())
    for application in (failed, done):
        for file in application.folder.iterdir():
            assert SECRET not in (file.read_text(errors="replace") if file.is_file() else "")
    for file in cluster.folder.glob("host-*/app-*/*/std*"):
        assert SECRET not in file.read_text(errors="replace")
    for table in warehouse.iterdir():
        assert SECRET not in repr(read_rows(table))
        for commit in table.glob("_delta_log/*.json"):
            assert SECRET not in commit.read_text()
