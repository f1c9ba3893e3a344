"""Read remote files as streams: one GET a file, resumed where it broke off."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, cast

import fsspec

from metaclip.config.crawl import RequestSettings
from metaclip.crawl.files.remote import MEGABYTE, Get, Response, open_remote
from metaclip.crawl.files.retries import Retries, TransientError


def is_remote(url: str) -> bool:
    """Return whether `url` is read by requests that are limited, repeated and resumed."""
    return url.startswith(("http://", "https://", "s3://", "s3a://"))


def open_source(url: str, settings: RequestSettings) -> BinaryIO:
    """Return the stream of a file, to be read forward once: local, remote, or any of fsspec's.

    Raises:
        OSError: it can't be opened; a remote file is opened at its first read.
    """
    if is_remote(url):
        return cast(BinaryIO, RemoteStream(open_remote(url, settings).get, settings))
    if "://" not in url:
        return Path(url).open("rb")  # "::" in a name would be a chain to fsspec
    return cast(BinaryIO, fsspec.open(url, "rb").open())


def read_whole(url: str, settings: RequestSettings) -> bytes:
    """Return all bytes of a file that fits into memory.

    Raises:
        OSError: it can't be read.
    """
    with open_source(url, settings) as stream:
        return b"".join(iter(lambda: stream.read(MEGABYTE), b""))


def find_matching(pattern: str, settings: RequestSettings) -> list[str]:
    """Return the files, no folders, that a glob finds, as fsspec names them.

    Raises:
        OSError: there is no listing.
    """
    files, path = fsspec.core.url_to_fs(pattern)

    def find() -> list[str]:
        found = files.glob(path, detail=True)
        return [name for name, about in found.items() if about["type"] != "directory"]

    if not is_remote(pattern):
        return find()
    remote = open_remote(pattern, settings)
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
        """End the request under way, if any."""
        if self._response is not None:
            self._response.close()
            self._response = None

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end of the file.

        Raises:
            OSError: the file is missing, has changed meanwhile, or each retry failed.
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
        # All bytes must be of the version that the first ones were of.
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
