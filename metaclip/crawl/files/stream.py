"""One remote file as one stream: a single GET, resumed where it broke off."""

from __future__ import annotations

import http
import re
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, NamedTuple, TypeVar, cast
from urllib.parse import urlsplit

import fsspec
from fsspec.asyn import sync

from metaclip.config.crawl import RequestSettings
from metaclip.crawl.files.retries import Retries, TransientError, parse_retry_after

T = TypeVar("T")
MEGABYTE = 1 << 20
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class Response(NamedTuple):
    """The answer to one GET.

    `start` is the offset of its first byte in the file, `size` the file's, if said, and
    `version` what the server names this content by (ETag, else date), if it does.
    `read` returns at most so many bytes, none at the end.
    """

    start: int
    size: int | None
    version: str | None
    read: Callable[[int], bytes]
    close: Callable[[], object]


Get = Callable[[int, str | None], Response]
"""From an offset, and the version that is wanted, to the bytes of a file from there on.

Raises TransientError where another try may help, else OSError.
"""


def is_remote(url: str) -> bool:
    """Return whether `url` is read by requests that are limited, repeated and resumed."""
    return url.startswith(("http://", "https://", "s3://", "s3a://"))


def open_source(url: str, settings: RequestSettings) -> BinaryIO:
    """Return the stream of a file, to be read forward once: local, remote, or any of fsspec's.

    Raises:
        OSError: it can't be opened; a remote one says so when it is read.
    """
    if is_remote(url):
        return cast(BinaryIO, RemoteStream(_open_remote(url, settings).get, settings))
    return cast(BinaryIO, fsspec.open(url, "rb").open())


def find_matching(pattern: str, settings: RequestSettings) -> list[str]:
    """Return the files, no folders, that a glob finds, as fsspec names them.

    Raises:
        OSError: there is no listing.
    """
    files, path = fsspec.core.url_to_fs(pattern)

    def find() -> list[str]:
        return [name for name in files.glob(path) if not files.isdir(name)]

    if not is_remote(pattern):
        return find()
    remote = _open_remote(pattern, settings)
    files, retries = remote.files, Retries(settings)
    while True:
        try:
            return remote.ask(find)
        except TransientError as error:
            retries.pause(error)


class RemoteStream:
    """The bytes of one remote file, over as many requests as it takes."""

    def __init__(self, get: Get, settings: RequestSettings) -> None:
        self._get, self._retries = get, Retries(settings)
        self._response: Response | None = None
        self._first: Response | None = None
        self._offset = self._came_on_at = 0

    def __enter__(self) -> RemoteStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the request under way, if any."""
        if self._response is not None:
            self._response.close()
            self._response = None

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end of the file.

        Raises:
            OSError: the file is not there, changed meanwhile, or retries were in vain.
        """
        parts: list[bytes] = []
        while size > 0:
            try:
                part = self._read(size)
            except TransientError as error:
                self.close()
                self._retries.pause(error)
                continue
            if not part:
                break
            parts.append(part)
            size -= len(part)
            self._offset += len(part)
            if self._offset - self._came_on_at >= MEGABYTE:
                self._came_on_at = self._offset
                self._retries.forget()
        return b"".join(parts)

    def _read(self, size: int) -> bytes:
        if self._response is None:
            self._response = self._open()
        part = self._response.read(size)
        if not part and self._offset < (self._response.size or 0):
            raise TransientError(f"{self._offset} of {self._response.size} bytes came")
        return part

    def _open(self) -> Response:
        """Send a request for what is missing; a server without ranges starts again."""
        response = self._get(self._offset, self._first and self._first.version)
        # What was read is of one version, so that all must be.
        if self._offset and self._first and not _same(self._first, response):
            response.close()
            raise OSError("changed while it was read")
        if response.start not in (0, self._offset):
            response.close()
            raise OSError(f"bytes from {response.start} on came for those from {self._offset}")
        self._first = response
        self._skip(response, self._offset - response.start)
        return response

    def _skip(self, response: Response, size: int) -> None:
        while size > 0:
            part = response.read(min(size, MEGABYTE))
            if not part:
                response.close()
                raise TransientError(f"the answer ended before byte {self._offset}")
            size -= len(part)


def _same(first: Response, other: Response) -> bool:
    sizes = {first.size, other.size} - {None}
    return first.version == other.version and len(sizes) < 2


def _open_remote(url: str, settings: RequestSettings) -> _HttpFile | _S3File:
    return _S3File(url, settings) if url.startswith("s3") else _HttpFile(url, settings)


class _HttpFile:
    """GET through fsspec's HTTP file system."""

    def __init__(self, url: str, settings: RequestSettings) -> None:
        import aiohttp

        # Bytes as the server has them: offsets count these, and gzip is told by content.
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=settings.timeout, sock_read=settings.timeout
        )
        client = {
            "timeout": timeout,
            "auto_decompress": False,
            "trust_env": True,
            "read_bufsize": MEGABYTE,
        }
        self.url, self.settings = url, settings
        self.files: Any = fsspec.filesystem(urlsplit(url).scheme, client_kwargs=client)

    def get(self, offset: int, version: str | None) -> Response:
        headers = {"Accept-Encoding": "identity"}
        if offset:
            headers["Range"] = f"bytes={offset}-"
            if version and version.startswith('"'):  # no weak tags, no dates
                headers["If-Range"] = version
        # Of the size, fsspec wants to know only whether it is there: else it asks by HEAD.
        stream = self.ask(lambda: self.files.open(self.url, block_size=0, size=1, headers=headers))
        got = stream.r.headers
        start, size = _content_range(got.get("Content-Range"))
        if stream.r.status != http.HTTPStatus.PARTIAL_CONTENT:
            start, size = 0, _number(got.get("Content-Length"))
        version = got.get("ETag") or got.get("Last-Modified")
        return Response(
            start, size, version, lambda n: self.ask(lambda: stream.read(n)), stream.close
        )

    def ask(self, action: Callable[[], T]) -> T:
        """Return what `action` does, its errors told apart as `Get` says."""
        import aiohttp

        try:
            return action()
        except aiohttp.ClientResponseError as error:
            raise _refusal(error.status, error.headers or {}) from None
        except FileNotFoundError:
            raise _refusal(404, {}) from None
        except TimeoutError:
            raise _stalled(self.settings) from None
        except aiohttp.InvalidURL:
            raise OSError("not a URL") from None
        except aiohttp.ClientConnectorCertificateError:
            raise OSError("the server's certificate is not valid") from None
        except (aiohttp.ClientError, ConnectionError) as error:
            raise TransientError(_broken(error)) from None


class _S3File:
    """GetObject through s3fs, whose retries and botocore's are off: ours are the only ones."""

    def __init__(self, url: str, settings: RequestSettings) -> None:
        client = {
            "retries": {"total_max_attempts": 1},
            "connect_timeout": settings.timeout,
            "read_timeout": settings.timeout,
        }
        self.files: Any = fsspec.filesystem("s3", config_kwargs=client)
        self.files.retries = 1
        self.bucket, self.key, _ = self.files.split_path(url)
        self.settings = settings

    def get(self, offset: int, version: str | None) -> Response:
        wanted = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and version:
            wanted["IfMatch"] = version
        answer = self.ask(
            lambda: self.files.call_s3("get_object", Bucket=self.bucket, Key=self.key, **wanted)
        )
        start, size = _content_range(answer.get("ContentRange"))
        if not answer.get("ContentRange"):
            start, size = 0, answer.get("ContentLength")
        body = answer["Body"]

        def read(n: int) -> bytes:
            return bytes(self.ask(lambda: sync(self.files.loop, body.read, n)))

        def close() -> None:
            self.files.loop.call_soon_threadsafe(body.close)

        return Response(start, size, answer.get("ETag"), read, close)

    def ask(self, action: Callable[[], T]) -> T:
        """Return what `action` does, its errors told apart as `Get` says."""
        import aiohttp
        from botocore import exceptions as aws

        try:
            return action()
        except (aws.ReadTimeoutError, aws.ConnectTimeoutError, TimeoutError):
            raise _stalled(self.settings) from None
        except (
            *(aws.HTTPClientError, aws.IncompleteReadError, aws.ResponseStreamingError),
            *(aiohttp.ClientError, ConnectionError),
        ) as error:
            raise TransientError(_broken(error)) from None
        except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.TokenRetrievalError):
            raise OSError("no credentials for S3") from None
        except OSError as error:
            answer = getattr(error.__cause__, "response", None)
            if answer is None:
                raise
            about = answer["ResponseMetadata"]
            raise _refusal(about["HTTPStatusCode"], about.get("HTTPHeaders", {})) from None


def _refusal(status: int, headers: Mapping[str, str]) -> Exception:
    try:
        reason = f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        reason = str(status)
    if status in (http.HTTPStatus.PRECONDITION_FAILED, 416):
        return OSError(f"changed while it was read ({reason})")
    if status in _TRANSIENT:
        retry_after = headers.get("Retry-After") or headers.get("retry-after")
        return TransientError(reason, parse_retry_after(retry_after))
    return OSError(reason)


def _stalled(settings: RequestSettings) -> TransientError:
    return TransientError(f"timed out, {settings.timeout:g} s without a byte")


def _broken(error: Exception) -> str:
    """Name a broken connection; the error's own words may hold the URL."""
    cause = error.__cause__ or error
    words = cause.strerror if isinstance(cause, OSError) else None
    return f"connection broken ({words or type(cause).__name__})"


def _content_range(value: str | None) -> tuple[int, int | None]:
    """Return (first byte, size of the file) of a Content-Range header."""
    found = re.match(r"bytes (\d+)-\d+/(\d+|\*)", value or "")
    if not found:
        return -1, None
    return int(found[1]), _number(found[2])


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() else None
