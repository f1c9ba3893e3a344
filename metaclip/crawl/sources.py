"""Which files a crawl has: paths, globs and lists of paths, local or behind fsspec."""

from __future__ import annotations

import gzip
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

import fsspec

from metaclip.errors import InputError

_GLOB = re.compile(r"[*?\[]")


class SourceFile(NamedTuple):
    """One file: its stable name in the tables, where it is read, and its size if local."""

    path: str
    url: str
    size: int | None


def list_files(files: str | Sequence[str], prefix: str = "") -> list[SourceFile]:
    """Return the files that `crawl.files` and `crawl.prefix` name, sorted by path.

    A file named twice is there once. `path` is the line of a paths list, or what is below
    a glob's fixed part or a file's folder: no machine's prefix, credentials or query.

    Raises:
        InputError: nothing is named, something named is not there, or two files would
            share one path.
    """
    patterns = [files] if isinstance(files, str) else list(files)
    if not patterns:
        raise InputError("crawl.files", "a path, a glob or a list of them", "none")
    found: dict[str, SourceFile] = {}
    for pattern in patterns:
        for file in _expand(pattern, prefix):
            other = found.setdefault(file.path, file)
            if other.url != file.url:
                raise InputError(
                    "crawl.files",
                    "files that differ in their path below the folder or glob",
                    f"{file.path} twice",
                    "name them by one glob above both folders",
                )
    return [found[path] for path in sorted(found)]


def _expand(pattern: str, prefix: str) -> Iterator[SourceFile]:
    if re.search(r"\.paths(\.gz)?\Z", pattern):
        for line in _read_list(pattern):
            yield _source(line, prefix + line)
        return
    if not _GLOB.search(pattern):
        url = _absolute(pattern)
        yield _source(posixpath.basename(urlsplit(url).path if "://" in url else url), url)
        return
    fixed = posixpath.dirname(pattern[: _GLOB.search(pattern).start()] + "x")  # type: ignore[union-attr]
    urls = _glob(pattern)
    if not urls:
        raise InputError(f"crawl.files {pattern}", "at least one file", "none that matches")
    root = _absolute(fixed) if fixed else _absolute(".")
    for url in urls:
        yield _source(posixpath.relpath(url, root), url)


def _glob(pattern: str) -> list[str]:
    filesystem, path = fsspec.core.url_to_fs(pattern)
    names = [name for name in filesystem.glob(path) if not filesystem.isdir(name)]
    if "://" not in pattern:
        return names
    scheme = pattern.partition("://")[0]
    return [name if "://" in name else f"{scheme}://{name}" for name in names]


def _read_list(url: str) -> list[str]:
    try:
        with fsspec.open(url, "rb") as stream:
            data = stream.read()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"crawl.files {url}", "a readable list of paths", _reason(error)) from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"crawl.files {url}", "a list of paths", "an empty list")
    return lines


def _source(path: str, url: str) -> SourceFile:
    if "://" in url:
        return SourceFile(path, url, None)
    if os.path.isdir(url):  # noqa: PTH112 - the same words for local paths and URLs
        raise InputError(f"crawl.files {url}", "a file", "a folder", f"name {url}/*")
    try:
        return SourceFile(path, _absolute(url), os.stat(url).st_size)  # noqa: PTH116
    except OSError as error:
        raise InputError(f"crawl.files {url}", "a file", _reason(error)) from None


def _absolute(path: str) -> str:
    return path if "://" in path else os.path.abspath(path)  # noqa: PTH100


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
