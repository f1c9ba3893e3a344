"""Stage the texts of dumps in the table `wiki_texts`: ranges in parallel, each once.

A commit publishes the texts and accounts of several ranges together. A rerun reads the ranges
that have no account without an error.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from metaclip.config.metadata import WikipediaSettings
from metaclip.errors import InputError
from metaclip.metadata.input_files import InputFile, digest
from metaclip.metadata.wikipedia.dump_parts import DumpPart, PartAccount, divide_dump, read_part
from metaclip.metadata.wikipedia.wikitext import parser_name
from metaclip.warehouse.table import arrow_schema
from metaclip.warehouse.tables import WIKI_TEXTS
from metaclip.warehouse.tasks import Tasks
from metaclip.warehouse.warehouse import Warehouse

PARTS_PER_COMMIT = 64
_BATCH_CHARACTERS = 4 << 20
_SCHEMA = arrow_schema(WIKI_TEXTS.schema_without())

log = logging.getLogger(__name__)


def dump_corpus(file: InputFile, settings: WikipediaSettings) -> str:
    """Return the hash that identifies the texts of a dump: its name, size, parser and bounds."""
    bounds = (settings.max_page_characters, settings.page_seconds, settings.page_memory)
    return digest(file.name, file.size, parser_name(), *bounds)


def stage_dumps(
    warehouse: Warehouse, files: Sequence[InputFile], settings: WikipediaSettings
) -> list[str]:
    """Read the ranges of all dumps that are not staged yet; return the corpus of each dump.

    Raises:
        InputError: a range can't be read to its end.
    """
    corpora = [dump_corpus(file, settings) for file in files]
    divided = [divide_dump(*pair) for pair in zip(files, corpora, strict=True)]
    parts = [part for of_dump in divided for part in of_dump]
    done = _done_paths(warehouse, corpora)
    pending = [part for part in parts if part.path not in done]
    for begin in range(0, len(pending), PARTS_PER_COMMIT):
        batch = pending[begin : begin + PARTS_PER_COMMIT]
        rows = _read_parts(warehouse, batch, settings)
        warehouse.replace(WIKI_TEXTS, rows, {}, {}, [part.path for part in batch])
        read = len(parts) - len(pending) + begin + len(batch)
        log.info("%s of %s ranges of %s dumps", read, len(parts), len(files))
    _require_read(warehouse, corpora)
    return corpora


def read_texts(warehouse: Warehouse, corpora: list[str]) -> DataFrame:
    """Return the texts of dumps, as rows with the column text."""
    rows = warehouse.read(WIKI_TEXTS).where(F.col("corpus").isin(corpora))
    return rows.where("page_id is not null").select("text")


def account_of_dumps(warehouse: Warehouse, corpora: list[str]) -> dict[str, object]:
    """Return the XML bytes, pages and drops of dumps, summed over their ranges."""
    rows = warehouse.read(WIKI_TEXTS).where(F.col("corpus").isin(corpora))
    accounts = rows.where("page_id is null").select("bytes", "pages", "dropped").collect()
    dropped: dict[str, int] = {}
    for account in accounts:
        for reason, count in account.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
    pages = sum(account.pages for account in accounts)
    return {
        "xml_bytes": sum(account.bytes for account in accounts),
        "pages": pages,
        "kept": pages - sum(dropped.values()),
        "dropped": dict(sorted(dropped.items())),
    }


def _done_paths(warehouse: Warehouse, corpora: list[str]) -> set[str]:
    if not warehouse.exists(WIKI_TEXTS):
        return set()
    accounts = warehouse.read(WIKI_TEXTS).where("page_id is null and error is null")
    done = accounts.where(F.col("corpus").isin(corpora)).select("path").collect()
    return {row.path for row in done}


def _require_read(warehouse: Warehouse, corpora: list[str]) -> None:
    rows = warehouse.read(WIKI_TEXTS).where(F.col("corpus").isin(corpora))
    broken = rows.where("error is not null").select("path", "error").orderBy("path").collect()
    if broken:
        name = broken[0].path.partition("/")[2]
        raise InputError(
            "build.wikipedia.dumps",
            "dumps that can be read to their end",
            f"broken ranges: {len(broken)}, the first {name}: {broken[0].error}",
            "download it again; the ranges that were read are kept",
        )


def _read_parts(warehouse: Warehouse, parts: list[DumpPart], settings: WikipediaSettings) -> Tasks:
    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for index in batch["id"].to_pylist():
                yield from part_batches(parts[index], settings)

    return Tasks(warehouse.spark.range(0, len(parts), 1, len(parts)), read)


def part_batches(part: DumpPart, settings: WikipediaSettings) -> Iterator[pa.RecordBatch]:
    """Yield the texts of a range as rows of `wiki_texts`, and its account last."""
    account = PartAccount()
    place = {"corpus": part.corpus, "path": part.path}
    rows: list[dict[str, object]] = []
    size = 0
    for page, text in read_part(part, settings, account):
        rows.append({**place, "page_id": page.page_id, "title": page.title, "text": text})
        size += len(text)
        if size > _BATCH_CHARACTERS:
            yield _to_batch(rows)
            rows, size = [], 0
    figures = {"bytes": account.bytes, "pages": account.pages, "error": account.error}
    dropped = sorted(account.dropped.items())
    yield _to_batch([*rows, {**place, **figures, "dropped": dropped}])


def _to_batch(rows: list[dict[str, object]]) -> pa.RecordBatch:
    columns = [pa.array([row.get(f.name) for row in rows], f.type) for f in _SCHEMA]
    return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)
