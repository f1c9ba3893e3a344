"""One file over many requests: against a server that fails in every way it can."""

from __future__ import annotations

import random
import socket
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import fsspec
import pytest

from metaclip.config.crawl import RequestSettings
from metaclip.crawl.files.remote import Response
from metaclip.crawl.files.retries import TransientError, parse_retry_after
from metaclip.crawl.files.stream import RemoteStream, open_source
from tests.helpers.http_server import FaultServer, serving

DATA = random.Random(7).randbytes(3_000_000)
# Time enough for a busy machine, but where a server stalls.
QUICK = RequestSettings(retries=4, wait=0.01, timeout=60)
STALLED = RequestSettings(retries=4, wait=0.01, timeout=1.5)
Storage = tuple[FaultServer, str]


@pytest.fixture(params=["http", "s3"])
def storage(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """A server of one file, and its URL: the same faults for plain GETs and for S3's."""
    with serving({"/bucket/file": DATA}) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        base = server.url if request.param == "http" else "s3:/"
        fsspec.filesystem("s3").clear_instance_cache()
        yield server, base + "/bucket/file"


def read(url: str, settings: RequestSettings = QUICK, size: int = 700_001) -> bytes:
    parts = []
    with open_source(url, settings) as stream:
        while part := stream.read(size):
            parts.append(part)
    return b"".join(parts)


def test_a_quiet_server_is_asked_once(storage: Storage) -> None:
    server, url = storage
    assert read(url) == DATA
    assert server.count() == {"/bucket/file": 1}


@pytest.mark.parametrize(
    "plan",
    [
        ["503", "503"],
        ["reset", "reset", "reset"],
        ["short", "503", "short"],
        ["stall"],
        ["short", "refuse range"],
        ["503", "reset", "stall", "refuse range"],
    ],
)
def test_faults(storage: Storage, plan: Sequence[str]) -> None:
    server, url = storage
    server.plans["/bucket/file"] = list(plan)
    assert read(url, STALLED if "stall" in plan else QUICK) == DATA
    asked = server.requests
    assert [request.fault for request in asked] == [*plan, None][: len(asked)]
    # Bytes that were read are not asked for again; a broken connection may lose others.
    assert "stall" not in plan or asked[-1].range


def test_retry_after_is_kept_to(storage: Storage) -> None:
    server, url = storage
    server.plans["/bucket/file"] = ["429"]
    assert read(url) == DATA
    first, second = server.requests
    assert second.time - first.time >= 1.0


def test_retry_after_at_a_date_is_kept_to() -> None:
    with serving({"/file": DATA}, {"/file": ["429 at a date"]}) as server:
        assert read(server.url + "/file") == DATA
        first, second = server.requests
        since_epoch = time.time() - time.monotonic()
        # The server gave a date one second after the first request, in whole seconds.
        assert since_epoch + second.time >= int(since_epoch + first.time + 1)


def test_a_longer_wait_than_allowed_fails(storage: Storage) -> None:
    server, url = storage
    server.plans["/bucket/file"] = ["429"]
    with pytest.raises(OSError, match="429 Too Many Requests, not before 1 s"):
        read(url, RequestSettings(max_wait=0.5, wait=0.01))
    assert len(server.requests) == 1


def test_retries_are_bounded(storage: Storage) -> None:
    server, url = storage
    server.plans["/bucket/file"] = ["503"] * 9
    with pytest.raises(OSError, match="503 Service Unavailable, 5 requests in vain"):
        read(url)
    assert len(server.requests) == 5


def test_progress_gives_new_retries(storage: Storage) -> None:
    """Five broken connections, each of which brought a megabyte, with two retries."""
    server, url = storage
    server.files = {"/bucket/file": DATA * 20}
    server.plans["/bucket/file"] = ["short"] * 5
    settings = RequestSettings(retries=2, wait=0.01)
    assert read(url, settings) == DATA * 20
    assert len(server.requests) == 6


def test_a_file_that_is_not_there_is_asked_for_once(storage: Storage) -> None:
    server, url = storage
    with pytest.raises(OSError, match=r"\A404 Not Found\Z"):
        read(url + "2")
    assert server.count() == {"/bucket/file2": 1}


def test_a_file_that_changes_is_not_spliced(storage: Storage) -> None:
    server, url = storage
    server.plans["/bucket/file"] = ["stall"]
    with open_source(url, STALLED) as stream:
        stream.read(1000)
        server.files = {"/bucket/file": DATA[:-1]}
        with pytest.raises(OSError, match="changed while it was read"):
            stream.read(len(DATA))


def test_credentials_of_the_url_and_of_netrc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login bob password 5ecret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with serving({"/file": DATA}) as server:
        assert read(server.url + "/file") == DATA
        assert read(server.url.replace("//", "//ann:pa55@") + "/file?sig=1") == DATA
    users = [b64encode(user).decode() for user in (b"bob:5ecret", b"ann:pa55")]
    assert [one.authorization for one in server.requests] == [f"Basic {user}" for user in users]


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OSError, match=r"connection broken \(Connect.*\), 2 requests in vain"):
        read(f"http://127.0.0.1:{port}/x", RequestSettings(retries=1, wait=0.01))


def test_no_short_reads_but_the_last() -> None:
    """The reader copies what it keeps for each block it gets."""
    with serving({"/file": DATA}) as server, open_source(server.url + "/file", QUICK) as stream:
        sizes = [len(stream.read(1 << 20)) for _ in range(4)]
    assert sizes == [1 << 20, 1 << 20, len(DATA) - (2 << 20), 0]


@pytest.mark.parametrize("seed", range(200))
def test_any_answers(seed: int) -> None:
    """Servers in memory that end, fail, ignore ranges and forget sizes as they like."""
    chance = random.Random(seed)
    data = chance.randbytes(chance.randint(0, 300))
    sized, ranges = chance.random() < 0.8, chance.random() < 0.7
    failures = 0

    def get(offset: int, version: str | None) -> Response:
        nonlocal failures
        if failures < 6 and chance.random() < 0.3:
            failures += 1
            raise TransientError("no")
        start = at = offset if ranges else 0

        def read(size: int) -> bytes:
            nonlocal at, failures
            if failures < 6 and chance.random() < 0.2:
                failures += 1
                if sized and chance.random() < 0.5:
                    return b""
                raise TransientError("broken")
            part = data[at : at + min(size, chance.randint(1, 90))]
            at += len(part)
            return part

        return Response(start, len(data) if sized else None, "1", read, lambda: None)

    stream = RemoteStream(get, RequestSettings(wait=0.0))
    found = b""
    while part := stream.read(chance.randint(1, 120)):
        found += part
    assert found == data


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("Wednesday, 21-Oct-15 07:28:30 GMT", 30.0),
        ("-1", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, datetime(2015, 10, 21, 7, 28, tzinfo=UTC)) == seconds
