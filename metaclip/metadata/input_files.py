"""List the files of a source, and identify them by name and size."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import fsspec
from py4j.protocol import Py4JJavaError

from metaclip.config.metadata import BuildSettings
from metaclip.errors import InputError, root_cause
from metaclip.redaction import redact

_SPARKS_FILE = re.compile(r"FAILED_READ_FILE.*? reading file (\S+?)\.?(?:\s|$)")
"""The file in Spark's error condition FAILED_READ_FILE."""


class InputFile(NamedTuple):
    """One file: its name, the URL or path that opens it, and its bytes."""

    name: str
    url: str
    size: int


def list_source(patterns: str | Sequence[str], setting: str) -> list[InputFile]:
    """Return the files that paths, globs and folders name, sorted by name.

    Raises:
        InputError: one of them has no file, or two files share a name.
    """
    found: dict[str, InputFile] = {}
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        for file in _expand(pattern, setting):
            if found.setdefault(file.name, file) != file:
                raise InputError(setting, "files of different names", f"{file.name} twice")
    return [found[name] for name in sorted(found)]


@dataclass(frozen=True)
class InputFiles:
    """All files of the sources, listed before any of them is read."""

    omw: list[InputFile]
    dumps: list[InputFile]
    texts: list[InputFile]
    counts: list[InputFile]
    pageviews: list[InputFile]


def list_inputs(settings: BuildSettings) -> InputFiles:
    wikipedia = settings.wikipedia
    inputs = InputFiles(
        list_source(settings.omw, "build.omw"),
        list_source(wikipedia.dumps, "build.wikipedia.dumps"),
        list_source(wikipedia.texts, "build.wikipedia.texts"),
        list_source(settings.unigrams.counts, "build.unigrams.counts"),
        list_source(settings.titles.pageviews, "build.titles.pageviews"),
    )
    if inputs.counts and (inputs.dumps or inputs.texts):
        raise InputError(
            "build.unigrams.counts",
            "ready counts or texts to count, not both",
            "both",
            "empty build.wikipedia.dumps and build.wikipedia.texts, or the counts",
        )
    return inputs


def _expand(pattern: str, setting: str) -> list[InputFile]:
    where = f"{setting} {pattern}"
    try:
        system, path = fsspec.core.url_to_fs(pattern)
        paths = system.glob(path) if re.search(r"[*?\[]", path) else [path]
        infos = [system.info(path) for path in paths]
        files = [
            InputFile(name, system.unstrip_protocol(info["name"]), int(info["size"] or 0))
            for info in infos
            # Spark takes names that begin so, such as `_SUCCESS`, for no data.
            if info["type"] == "file"
            and not (name := posixpath.basename(info["name"])).startswith(("_", "."))
        ]
    except (OSError, ValueError, ImportError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(where, "readable files", reason) from None
    if not files:
        kinds = {info["type"] for info in infos}
        found = "a folder" if kinds == {"directory"} else "none"
        raise InputError(where, "at least one file with content", found, "name files or a glob")
    empty = [file.name for file in files if not file.size]
    if empty:
        found = f"{len(empty)} empty, such as {empty[0]}"
        raise InputError(where, "files with content", found, "download them again, or remove them")
    return files


@contextmanager
def refusing_unreadable_files(setting: str) -> Iterator[None]:
    """Raise InputError where Spark can't read a file of a source, such as a gzip cut short."""
    try:
        yield
    except Py4JJavaError as error:
        file = _SPARKS_FILE.search(str(error))
        if file is None:
            raise
        where = f"{setting} {posixpath.basename(file[1])}"
        hint = "download it again"
        raise InputError(where, "a readable file", root_cause(error), hint) from None


def spark_path(file: InputFile) -> str:
    """Return the URL of a file as Hadoop takes it."""
    return re.sub(r"\As3://", "s3a://", file.url)


def describe_files(files: Iterable[InputFile]) -> list[dict[str, str | int]]:
    """Return the names and sizes of files for the record of a version."""
    return [{"name": redact(file.name), "bytes": file.size} for file in files]


def digest(*parts: object) -> str:
    """Return 16 hex digits that identify `parts`, which JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
