"""Send the GET of one remote file over HTTP or S3; tell errors that may pass from others."""

from __future__ import annotations

import http
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import fsspec
from fsspec.asyn import sync

from metaclip.config.crawl import RequestSettings
from metaclip.crawl.files.retries import TransientError, parse_retry_after

T = TypeVar("T")
MEGABYTE = 1 << 20
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class Response(NamedTuple):
    """The answer to one GET.

    `start` is the offset of its first byte in the file. `size` is the file's, and `version`
    its ETag, else its date; None where the server sends none. `read` returns at most so many
    bytes, none at the end.
    """

    start: int
    size: int | None
    version: str | None
    read: Callable[[int], bytes]
    close: Callable[[], object]


Get = Callable[[int, str | None], Response]
"""Takes an offset and the wanted version; returns the bytes of a file from the offset on.

Raises TransientError where another try may help, else OSError.
"""


def open_remote(url: str, settings: RequestSettings) -> _HttpFile | _S3File:
    """Return the remote file, not yet asked for."""
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
        # Any size will do: without one fsspec sends a HEAD first.
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
        """Return the result of `action`; its errors are those of `Get`."""
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
        """Return the result of `action`; its errors are those of `Get`."""
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
