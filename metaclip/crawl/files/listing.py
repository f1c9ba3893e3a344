"""List the files of a crawl: paths, folders, globs, lists of paths, Common Crawl snapshots."""

from __future__ import annotations

import gzip
import hashlib
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import fsspec

from metaclip.config.crawl import CrawlSettings, RequestSettings
from metaclip.crawl.files.stream import find_matching, read_whole
from metaclip.errors import InputError

_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_GLOB = re.compile(rf"[*?\[]|{_BRACES.pattern}")
_NO_DATA = re.compile(r"(\A|/)(\.|_[^/=]*(/|\Z))|(\A|/)(README|LICENSE)[^/]*\Z|\.md\Z")
"""Files of a folder that Spark, Hugging Face and editors put beside the data."""
_PACKAGES = {
    "http": "aiohttp",
    "https": "aiohttp",
    "s3": "s3fs",
    "s3a": "s3fs",
    "hf": "huggingface_hub",
}


class SourceFile(NamedTuple):
    """One file: its stable path in the tables, its URL, and its size if local.

    `origin` is a hash of the folder that `path` is below: it tells two files of one path
    apart, and shows nothing of a machine. None for a line of a list of paths, which is the
    same file on every mirror.
    """

    path: str
    url: str
    size: int | None
    origin: str | None = None


def find_files(crawl: CrawlSettings) -> list[SourceFile]:
    """Return the files that the settings of a crawl name, sorted by path.

    `crawl.limit` takes those with the least hashes of their paths: whatever the order of
    the list, and a smaller number is a part of a larger one.

    Raises:
        InputError: as `list_files`; or there is no such snapshot.
    """
    if crawl.kind is None:
        files = list_files(crawl.files, crawl.prefix, crawl.requests)
    else:
        base = crawl.base if crawl.base.endswith("/") else f"{crawl.base}/"
        paths = f"{base}crawl-data/{crawl.name}/{crawl.kind}.paths.gz"
        files = list_files(paths, base, crawl.requests)
    sample = sorted(files, key=lambda file: hashlib.sha256(f"limit\n{file.path}".encode()).digest())
    return sorted(sample[: crawl.limit])


def list_files(
    files: str | Sequence[str], prefix: str = "", requests: RequestSettings | None = None
) -> list[SourceFile]:
    """Return the files that `crawl.files` and `crawl.prefix` name, sorted by path.

    A file named twice is there once. `path` is the line of a list of paths, or the part below
    the folder, the glob's fixed part or the file's folder: no machine's prefix, credentials
    or query.

    Raises:
        InputError: nothing is named, something named is not there, or two files would
            share one path.
    """
    patterns = [files] if isinstance(files, str) else list(files)
    if not patterns:
        raise InputError("crawl.files", "a path, a glob or a list of them", "none")
    found: dict[str, SourceFile] = {}
    for pattern in patterns:
        for file in _expand(pattern, prefix, requests or RequestSettings()):
            other = found.setdefault(file.path, file)
            if other.url != file.url:
                raise InputError(
                    "crawl.files",
                    "files that differ in their path below the folder or glob",
                    f"{file.path} twice",
                    "name them by one glob above both folders",
                )
    return [found[path] for path in sorted(found)]


def _expand(pattern: str, prefix: str, requests: RequestSettings) -> Iterator[SourceFile]:
    require_package(pattern, f"crawl.files {pattern}")
    url = _absolute(pattern)
    path = _public(url)
    if re.search(r"\.paths(\.gz)?\Z", path):
        for line in _read_list(url, requests):
            yield _source(_public(line, prefix), prefix + line)
    elif _is_folder(pattern, url):
        yield from _below(url.rstrip("/") or "/", requests)
    elif glob := _find_glob(pattern, url):
        fixed = posixpath.dirname(pattern[: glob.start()] + "x")
        yield from _matching(pattern, _absolute(fixed) if fixed else _absolute("."), requests)
    else:
        yield _source(posixpath.basename(path), url, posixpath.dirname(path))


def _find_glob(pattern: str, url: str) -> re.Match[str] | None:
    """Return the first special character of a glob; a local file's name may have one too."""
    if _is_local(url) and Path(url).exists():
        return None
    # Over HTTP a question mark begins the query.
    return _GLOB.search(pattern.partition("?")[0] if _is_http(url) else pattern)


def _is_folder(pattern: str, url: str) -> bool:
    """Return whether a local folder is named, or a remote one by a slash at its end."""
    if _is_local(url):
        return Path(url).is_dir()
    return pattern.endswith("/") and not _is_http(url)


def _below(folder: str, requests: RequestSettings) -> Iterator[SourceFile]:
    """Yield the files below a folder at any depth, without hidden ones and those about it."""
    escaped = re.sub(r"([*?\[])", r"[\1]", folder) if _is_local(folder) else folder
    files = _matching(f"{escaped.rstrip('/')}/**", folder, requests)
    found = [file for file in files if not _NO_DATA.search(file.path)]
    if not found:
        raise InputError(f"crawl.files {folder}", "files in the folder", "none")
    yield from found


def _matching(pattern: str, root: str, requests: RequestSettings) -> Iterator[SourceFile]:
    urls = sorted({url for one in _alternatives(pattern) for url in _glob(one, requests)})
    if not urls:
        raise InputError(f"crawl.files {pattern}", "at least one file", "none that matches")
    for url in urls:
        yield _source(_public(posixpath.relpath(url, root), url), url, _public(root))


def _alternatives(pattern: str) -> list[str]:
    """Return a pattern once for each choice of its braces, such as {a,b}, which fsspec lacks."""
    braces = _BRACES.search(pattern)
    if braces is None:
        return [pattern]
    before, after = pattern[: braces.start()], pattern[braces.end() :]
    return [
        one for choice in braces[1].split(",") for one in _alternatives(before + choice + after)
    ]


def require_package(url: str, where: str) -> None:
    """Raise InputError unless the package that reads URLs of this scheme is installed."""
    scheme = url.partition("://")[0] if "://" in url else "file"
    try:
        fsspec.get_filesystem_class(scheme)
    except ImportError:
        package = _PACKAGES.get(scheme)
        hint = f"pip install {package}" if package else "see fsspec's documentation"
        raise InputError(where, "the package that reads it", "none", hint) from None
    except ValueError:
        raise InputError(where, "a local path, https:// or s3://", f"{scheme}://") from None


def _public(path: str, prefix: str = "") -> str:
    """Return a path or URL without user, password and, where it is a URL, query."""
    path = re.sub(r"(?<=://)[^/?#]*@", "", path)
    return re.sub(r"[?#].*", "", path) if _is_http(path) or _is_http(prefix) else path


def _is_local(url: str) -> bool:
    return "://" not in url


def _is_http(url: str) -> bool:
    return url.startswith(("http://", "https://"))


def _glob(pattern: str, requests: RequestSettings) -> list[str]:
    try:
        names = find_matching(pattern, requests)
    except OSError as error:
        raise InputError(f"crawl.files {pattern}", "a listing", _reason(error)) from None
    if "://" not in pattern:
        return names
    scheme = pattern.partition("://")[0]
    return [name if "://" in name else f"{scheme}://{name}" for name in names]


def _read_list(url: str, requests: RequestSettings) -> list[str]:
    try:
        data = read_whole(url, requests)
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"crawl.files {url}", "a readable list of paths", _reason(error)) from None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"crawl.files {url}", "a list of paths", "an empty list")
    return lines


def _source(path: str, url: str, root: str | None = None) -> SourceFile:
    origin = None if root is None else _digest(root)
    if "://" in url:
        require_package(url, f"crawl.files {url}")
        return SourceFile(path, url, None, origin)
    try:
        if Path(url).is_dir():
            raise InputError(f"crawl.files {url}", "a file", "a folder")
        return SourceFile(path, _absolute(url), os.stat(url).st_size, origin)  # noqa: PTH116
    except OSError as error:
        raise InputError(f"crawl.files {url}", "a file", _reason(error)) from None


def _digest(root: str) -> str:
    """Return the hash of a folder, one for s3:// and s3a://."""
    name = re.sub(r"\As3a://", "s3://", root).rstrip("/")
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _absolute(path: str) -> str:
    return path if "://" in path else os.path.abspath(path)  # noqa: PTH100


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
