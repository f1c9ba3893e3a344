"""Tell the files of a pool from crawl files: kinds, suffixes and the columns of hive folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import get_args
from urllib.parse import unquote

from metaclip.config.crawl import ImportSettings, PoolKind
from metaclip.crawl.files.listing import SourceFile
from metaclip.errors import InputError

_KINDS: dict[str, PoolKind] = {
    "parquet": "parquet",
    "pq": "parquet",
    "csv": "csv",
    "tsv": "tsv",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "json",
}
_SUFFIX = re.compile(rf"\.({'|'.join(_KINDS)})(\.(gz|bz2|zst))?\Z", re.IGNORECASE)
_HIVE = re.compile(r"(?:\A|/)([^/=]+)=([^/]*)(?=/)")
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"


def pool_kind(name: str) -> PoolKind | None:
    """Return the kind that a file's suffix names, or None."""
    found = _SUFFIX.search(name)
    return _KINDS[found[1].lower()] if found else None


def is_pool(files: Sequence[SourceFile], settings: ImportSettings) -> bool:
    """Return whether files are a pool: `import.kind` is set, or a file has a pool's suffix."""
    return settings.kind is not None or any(pool_kind(file.path) for file in files)


def require_pool(files: Iterable[SourceFile], settings: ImportSettings) -> None:
    """Raise InputError unless all files are of one kind, by suffix or `import.kind`."""
    if settings.kind is not None:
        return
    kinds = {pool_kind(file.path) or file.path for file in files}
    if len(kinds) != 1 or not kinds <= set(get_args(PoolKind)):
        unknown = sorted(kinds - set(get_args(PoolKind)))
        raise InputError(
            "crawl.files",
            "a pool in one format: .parquet, .csv, .tsv or .jsonl",
            unknown[0] if unknown else ", ".join(sorted(kinds)),
            "name files of one format, such as FOLDER/*.parquet, or set import.kind; "
            "extract_pairs reads WAT and WARC",
        )


def refuse_pool(files: Sequence[SourceFile]) -> None:
    """Raise InputError where a file that was named as a crawl file is a pool's."""
    found = next((file.path for file in files if pool_kind(file.path)), None)
    if found is not None:
        raise InputError("crawl.files", "WAT or WARC files", found, "run import_pairs")


def hive_columns(url: str) -> dict[str, str | None]:
    """Return the columns that folders such as `lang=en` give a file."""
    found = {unquote(key): unquote(value) for key, value in _HIVE.findall(url)}
    return {key: None if value == _HIVE_NULL else value for key, value in found.items()}
