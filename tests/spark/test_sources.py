"""Whole crawls from servers that fail, from S3, and with files that are broken or kill."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from metaclip.config.command_line import load_config
from metaclip.crawl.files.listing import find_files
from metaclip.errors import InputError
from metaclip.jobs.extract_pairs import extract_pairs
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.match_entries import match_entries
from metaclip.warehouse.tables import MATCHES
from tests.helpers.crashfs.crashfs import CrashFileSystem
from tests.helpers.http_server import FaultServer, make_plans, serving
from tests.helpers.runner import ROOT, Runner, write_files
from tests.helpers.snapshots import (
    NAME,
    SECRETS,
    expected_pairs,
    found_pairs,
    name_paths,
    statuses,
)

LIST = f"/crawl-data/{NAME}/wat.paths.gz"


def serve_snapshot(
    files: Mapping[str, bytes], missing: list[str], plans: Mapping[str, list[str]]
) -> AbstractContextManager[FaultServer]:
    """A server of a snapshot whose list also has paths that are `missing`."""
    lines = "".join(f"{path}\n" for path in (*files, *missing))
    served = {f"/{path}": data for path, data in files.items()} | {
        LIST: gzip.compress(lines.encode())
    }
    return serving(served, {f"/{path}": plan for path, plan in plans.items()})


@pytest.mark.parametrize(
    ("number", "most", "limit"), [(8, 2, 1), pytest.param(200, 3, 8, marks=pytest.mark.long)]
)
def test_a_server_that_fails_gives_the_pairs_of_a_quiet_one(
    run: Runner,
    pages: list[bytes],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    number: int,
    most: int,
    limit: int,
) -> None:
    """And asks no more than it may, and tells nobody its password."""
    caplog.set_level(logging.INFO)
    files = name_paths(pages, number, size=3)
    missing = [f"crawl-data/{NAME}/missing/{n}.gz" for n in range(max(1, number // 20))]
    plans = make_plans([*files, *missing], seed=number, most=most)
    with serve_snapshot(files, missing, plans) as server:
        base = server.url.replace("//", f"//{SECRETS[0]}:{SECRETS[1]}@")
        settings = (
            *(f"crawl.name={NAME}", "crawl.kind=wat", f"crawl.base={base}"),
            *(f"crawl.requests.concurrent={limit}", "crawl.requests.wait=0.05"),
            *("crawl.requests.timeout=2", "crawl.min_coverage=0.8"),
            f"spark.spark.hadoop.fs.s3a.secret.key={SECRETS[2]}",
        )
        summary = run(extract_pairs, *settings)
        asked = server.count()
        assert server.most <= limit
        assert {asked[f"/{path}"] for path in missing} == {1}
        assert run(extract_pairs, *settings) == summary
        assert server.count() - asked == {LIST: 1}  # no file is asked for again
    assert summary["status"] == {"done": number, "failed": len(missing)}
    assert found_pairs(run, NAME) == expected_pairs(files)
    known = statuses(run, NAME)
    assert {path: known[path] for path in missing} == dict.fromkeys(
        missing, ("failed", "404 Not Found")
    )
    output = capfd.readouterr()
    said = [output.out, output.err, caplog.text, json.dumps(summary), str(known)]
    said += [file.read_text() for file in run.root.glob("*/_delta_log/*.json")]
    assert not [secret for secret in SECRETS for text in said if secret in text]


def test_a_snapshot_by_its_name(pages: list[bytes]) -> None:
    files = name_paths(pages, 40)
    with serve_snapshot(files, [], {}) as server:
        found = {}
        for limit in ("null", "7", "8", "99"):
            settings = (f"crawl.name={NAME}", "crawl.kind=wat", f"crawl.limit={limit}")
            config = load_config(None, [*settings, f"crawl.base={server.url}"])
            found[limit] = find_files(config.crawl)
        assert [file.path for file in found["null"]] == sorted(files) == sorted(files)
        assert found["99"] == found["null"]
        assert len(found["7"]) == 7
        assert set(found["7"]) < set(found["8"]) < set(found["null"])
        assert [file.path for file in found["7"]] != sorted(files)[:7]
        assert {file.url for file in found["7"]} <= {f"{server.url}/{path}" for path in files}
        config = load_config(
            None, [f"crawl.name={NAME}", "crawl.kind=warc", f"crawl.base={server.url}"]
        )
        with pytest.raises(InputError, match=r"a readable list of paths, found 404 Not Found"):
            find_files(config.crawl)
        assert server.count()[LIST] == 4


def test_names_without_credentials(tmp_path: Path) -> None:
    (tmp_path / "my.paths").write_text(
        "https://ann1e:pa55w0rd@h.example/a/x.gz?sig=5ecret\nhttp://h.example/y.gz#5ecret\n"
    )
    signed = "https://ann1e:pa55w0rd@h.example/b/z.warc.gz?sig=5ecret&x=[1]"
    config = load_config(None, [f"crawl.files=['{tmp_path}/my.paths', '{signed}']"])
    files = find_files(config.crawl)
    assert [file.path for file in files] == [
        "http://h.example/y.gz",
        "https://h.example/a/x.gz",
        "z.warc.gz",
    ]
    (tmp_path / "my.paths").write_text("a/x.gz?sig=5ecret\n")
    config = load_config(
        None, [f"crawl.files={tmp_path}/my.paths", "crawl.prefix=https://ann1e:pa55w0rd@h.example/"]
    )
    (file,) = find_files(config.crawl)
    assert file.path == "a/x.gz"
    assert file.url == "https://ann1e:pa55w0rd@h.example/a/x.gz?sig=5ecret"
    with pytest.raises(InputError, match="expected a local path, https:// or s3://, found gopher"):
        find_files(load_config(None, ["crawl.files=gopher://h.example/x"]).crawl)


@pytest.fixture
def s3(spark_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The endpoint of an S3 server of its own, which driver and workers know."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "ann1e",
        "AWS_SECRET_ACCESS_KEY": "5ecret",
    }
    spark_environment.update(settings)
    for key, value in settings.items():
        monkeypatch.setenv(key, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    yield settings["AWS_ENDPOINT_URL"]
    server.stop()


@pytest.fixture
def spark_environment(run: Runner) -> Iterator[dict[str, str]]:
    """Yield the environment of the workers that start from now on."""
    environment = run.spark.sparkContext.environment
    before = dict(environment)
    yield environment
    environment.clear()
    environment.update(before)


def test_s3_gives_the_same_pairs(run: Runner, pages: list[bytes], s3: str) -> None:
    files = name_paths(pages, 4, size=3)
    client = boto3.client("s3", endpoint_url=s3, region_name="us-east-1")
    client.create_bucket(Bucket="crawl")
    for path, data in files.items():
        client.put_object(Bucket="crawl", Key=path, Body=data)
    lines = "\n".join((*files, "missing.gz"))
    client.put_object(Bucket="crawl", Key=LIST[1:], Body=gzip.compress(lines.encode()))
    summary = run(
        extract_pairs,
        *(f"crawl.name={NAME}", "crawl.kind=wat", "crawl.base=s3://crawl/"),
        "crawl.min_coverage=0.8",
    )
    assert summary["status"] == {"done": 4, "failed": 1}
    assert found_pairs(run, NAME) == expected_pairs(files)
    assert statuses(run, NAME)["missing.gz"] == ("failed", "404 Not Found")
    glob = find_files(load_config(None, ["crawl.files=s3://crawl/**/*.wat.gz"]).crawl)
    assert [f"s3://crawl/{file.path}" for file in glob] == [file.url for file in glob]
    assert [file.path for file in glob] == sorted(files)


def test_a_file_that_kills_its_worker_is_found(
    run: Runner,
    pages: list[bytes],
    tmp_path: Path,
    spark_environment: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A real segfault in a library of the worker's; the files beside it are read."""
    plugin = ROOT / "tests" / "helpers" / "crashfs"
    spark_environment["PYTHONPATH"] = str(plugin)
    fsspec.register_implementation("crash", CrashFileSystem, clobber=True)
    files = {f"{n}{'bad' if n == 3 else ''}.gz": pages[n] for n in range(5)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    settings = (f"crawl.files=crash://{tmp_path}/*.gz", "crawl.min_coverage=0.8")
    with caplog.at_level("INFO", logger="metaclip"):
        summary = run(extract_pairs, *settings)
    assert summary["status"] == {"done": 4, "failed": 1}
    known = statuses(run, "local")
    assert known["3bad.gz"] == ("failed", "crashed")
    assert "3bad.gz: its worker crashed" in caplog.text
    assert "5 of 5 files" not in caplog.text.split("its worker crashed")[0]
    del files["3bad.gz"]
    assert found_pairs(run, "local") == expected_pairs(files)
    caplog.clear()
    assert run(extract_pairs, *settings)["status"] == summary["status"]
    assert "crashed" not in caplog.text.replace("(crashed)", "")  # it is not read again


@pytest.mark.long
def test_one_corrupt_file_of_fifty(
    run: Runner,
    pages: list[bytes],
    metadata: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    contents = [pages[n] + pages[n + 50] for n in range(50)]
    contents[20] = contents[20][:-40]
    write_files(tmp_path / "files", contents)
    run(import_metadata, f"metadata.file={metadata}")
    files = f"crawl.files={tmp_path}/files/*.gz"
    line = (
        r"50 files read, found 98\.0%: 020\.warc\.wat\.gz partial \(truncated at byte \d+\); rerun"
    )
    with pytest.raises(InputError, match=r"expected 100\.0% of " + line) as caught:
        run(extract_pairs, files)
    assert caught.value.exit_code == 2
    before = run.commits()
    with pytest.raises(InputError, match=r"expected 100\.0% of " + line):
        run(match_entries)
    assert run.commits() == before
    assert not run.warehouse.exists(MATCHES)
    with caplog.at_level("INFO", logger="metaclip"):
        matched = run(match_entries, "crawl.min_coverage=0.9")["matched"]
    assert matched == run.warehouse.read(MATCHES).count() > 0
    assert "of 50 files read 98.0%: 020.warc.wat.gz partial (truncated" in caplog.text
    # The file's good page counts among the pairs of what was read.
    good = {**{f"{n:03}.warc.wat.gz": data for n, data in enumerate(contents)}}
    assert found_pairs(run, "local") == expected_pairs(good)
    # Once it is mended, its size has changed; of those that failed none is read unasked.
    (tmp_path / "files" / "020.warc.wat.gz").write_bytes(pages[20] + pages[70])
    with caplog.at_level("INFO", logger="metaclip"):
        assert run(extract_pairs, files)["status"] == {"done": 50}
    pairs = sum(expected_pairs({"x": pages[20] + pages[70]}).values())
    assert f"50 of 50 files, {pairs} pairs, " in caplog.text
