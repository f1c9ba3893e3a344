"""Make small pools of every form, seeded, and read them slowly by other means."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

Cell = str | bytes | int | float | list[str] | None
Row = tuple[Cell, Cell, Cell]
"""id, URL, text."""
Quoting = Literal[0, 1, 2, 3]
Pair = tuple[str | None, str, str]
_TEXTS = (
    "a red fox", "Mädchen für 3 €", "漢字 🐈", 'he said "miau", twice', "a, b; c | d", " blanks ",
    "one 5\" nail", "'quoted'", "\\backslash\\", "nul \0 here", "3.50", "NULL", "a\u2028b",
    "é" * 300,
)  # fmt: skip
_NEWLINES = ("two\nlines", "two\r\nlines", "two\rlines", "tab\there")
_OPEN = ('"Untitled, a painting', '"Cat" on a mat')
_COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": lambda data: bytes(pa.Codec("zstd").compress(data, asbytes=True)),
}
_NAMES = (("uid", "url", "text"), ("key", "URL", "TEXT"), ("source_id", "url", "caption"))


@dataclass
class MadePool:
    """One file: its name and bytes, the settings that read it, and its pairs."""

    name: str
    data: bytes
    records: int
    pairs: list[Pair]
    bad: int = 0
    settings: dict[str, Any] = field(default_factory=dict)
    damaged: bool = False
    """Some of the bytes are wrong or missing."""
    cut: bool = False
    """Bytes are missing at the end, and nothing else."""


def make_pool(seed: int) -> MadePool:
    """Return the pool of a seed."""
    chance = random.Random(seed)
    make = chance.choice((_make_parquet, _make_csv, _make_csv, _make_tsv, _make_tsv, _make_json))
    return make(chance)


def _rows(chance: random.Random, texts: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for number in range(chance.choice((0, 1, 3, 30, 30, 200))):
        url: Cell = f"http://example.org/{number}/{chance.randrange(1000)}.jpg"
        text: Cell = chance.choice(texts)
        spoil = chance.random()
        if spoil < 0.03:
            url = chance.choice((None, "", "  "))
        elif spoil < 0.08:
            text = chance.choice((None, "", " \u3000"))
        rows.append((f"id{number}", url, text))
    return rows


def judged(rows: Sequence[Row]) -> list[Pair]:
    """Return the pairs of rows: one for each text that is not blank, of a URL that is not."""
    pairs = []
    for given, url, text in rows:
        texts = text if isinstance(text, list) else [text]
        for one in texts:
            if isinstance(url, str) and url.strip() and isinstance(one, str) and one.strip():
                pairs.append((None if given is None else str(given), url, one))
    return pairs


def _order(chance: random.Random) -> tuple[list[str], list[int], int]:
    """Return the names of all columns, where id, URL and text are, and their number."""
    names = list(chance.choice(_NAMES))
    others = [f"x{n}" for n in range(chance.randrange(3))]
    columns = names + others
    chance.shuffle(columns)
    return columns, [columns.index(name) for name in names], len(columns)


def _compressed(chance: random.Random, pool: MadePool, cut: bool) -> MadePool:
    suffix = chance.choice(list(_COMPRESSIONS))
    pool.data = _COMPRESSIONS[suffix](pool.data)
    hidden = suffix and chance.random() < 0.2
    pool.name += "" if hidden else suffix.upper() if chance.random() < 0.2 else suffix
    if suffix and cut and len(pool.data) > 40:
        pool.damaged = True
        pool.cut = chance.random() < 0.5
        if pool.cut:
            pool.data = pool.data[: chance.randrange(20, len(pool.data) - 10)]
        else:
            at = chance.randrange(20, len(pool.data) - 10)
            flipped = bytes([pool.data[at] ^ 1 << chance.randrange(8)])
            pool.data = pool.data[:at] + flipped + pool.data[at + 1 :]
    return pool


def _cells(row: Row, at: Sequence[int], width: int) -> list[str]:
    cells = ["1"] * width
    for cell, index in zip(row, at, strict=True):
        cells[index] = "" if cell is None else str(cell)
    return cells


def _make_csv(chance: random.Random) -> MadePool:
    delimiter = chance.choice(",,,;|")
    quoting: Quoting = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    return _delimited(chance, "csv", delimiter, quoting, _TEXTS + _NEWLINES)


def _make_tsv(chance: random.Random) -> MadePool:
    if chance.random() < 0.5:
        quoting: Quoting = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
        return _delimited(chance, "tsv", "\t", quoting, _TEXTS + _NEWLINES)
    # A writer that knows no quotes gives texts with one at their start too.
    return _delimited(chance, "tsv", "\t", csv.QUOTE_NONE, _TEXTS + _OPEN)


def _delimited(
    chance: random.Random, kind: str, delimiter: str, quoting: Quoting, texts: Sequence[str]
) -> MadePool:
    names, at, width = _order(chance)
    rows = _rows(chance, texts)
    end, headless = chance.choice(("\n", "\r\n")), chance.random() < 0.2
    settings: dict[str, Any] = {}
    encoding = chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"))
    if encoding == "latin-1":
        settings["encoding"] = encoding
        rows = [(i, u, t if _fits(t, encoding) else "plain") for i, u, t in rows]
    lines = [] if headless else [_line(names, delimiter, quoting)]
    if headless:
        settings["header"] = names
        for role, name in zip(("id", "url", "text"), (names[n] for n in at), strict=True):
            settings[role] = name
    if delimiter not in ",\t":
        settings["delimiter"] = delimiter
    kept: list[Row] = []
    bad = 0
    for row in rows:
        cells = _cells(row, at, width)
        fate = chance.random()
        if fate < 0.03:
            cells.append("one more")
            bad += 1
        else:
            kept.append((cells[at[0]], cells[at[1]], cells[at[2]]))
        lines.append(_line(cells, delimiter, quoting))
        if fate > 0.98:
            lines.append("")
    data = "".join(line + end for line in lines).encode(encoding)
    if (
        encoding == "utf-8"
        and quoting == csv.QUOTE_MINIMAL
        and width == 3
        and chance.random() < 0.2
    ):
        data += delimiter.join(["caf\xe9"] * width).encode("latin-1") + b"\n"
        rows = [*rows, ("", "", "")]
        bad += 1
    pool = MadePool(f"pool.{kind}", data, len(rows), judged(kept), bad, settings)
    return _compressed(chance, pool, chance.random() < 0.2)


def _fits(text: Cell, encoding: str) -> bool:
    try:
        str(text).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _line(cells: Sequence[str], delimiter: str, quoting: Quoting) -> str:
    if quoting == csv.QUOTE_NONE:
        return delimiter.join(cells)
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerow(cells)
    return stream.getvalue()[:-1]


def _make_json(chance: random.Random) -> MadePool:
    names, at, _ = _order(chance)
    rows = _rows(chance, _TEXTS + _NEWLINES)
    form = chance.choice(("jsonl", "ndjson", "json", "array", "columns"))
    settings: dict[str, Any] = {}
    if form not in ("array", "columns"):
        rows = [(i, u, _varied(chance, t)) for i, u, t in rows]
    objects = []
    for row in rows:
        cells: dict[str, Any] = {name: chance.choice((1, 2.5, None, [1], "x")) for name in names}
        cells.update(zip((names[n] for n in at), row, strict=True))
        objects.append(cells)
    ascii_only = chance.random() < 0.5
    bad = 0
    if form == "array":
        text = json.dumps(objects, ensure_ascii=ascii_only, indent=chance.choice((None, 1)))
    elif form == "columns":
        columns = {name: [cells[name] for cells in objects] for name in names}
        text = json.dumps(columns if objects else {}, ensure_ascii=ascii_only)
        if not objects:
            text = ""
    else:
        lines = [json.dumps(cells, ensure_ascii=ascii_only) for cells in objects]
        for _ in range(chance.choice((0, 0, 1))):
            bad += bool(lines)
            if lines:
                broken = ('{"url": "x', "[1, 2]", '{"url": "u", "text": "a \\ud83d", "caption": 1,'
                          ' "URL": "u", "TEXT": "b \\ud83d"}')  # fmt: skip
                lines.insert(chance.randrange(1, len(lines) + 1), chance.choice(broken[:2]))
        text = chance.choice(("\n", "\r\n")).join([*lines, ""])
    kind = form if form in ("jsonl", "ndjson") else "json"
    kept = [tuple(_as_written(cell) for cell in row) for row in rows]
    records = len(rows) + bad
    pool = MadePool(f"pool.{kind}", text.encode(), records, judged(kept), bad, settings)  # type: ignore[arg-type]
    return _compressed(chance, pool, kind != "json" and chance.random() < 0.2)


def _varied(chance: random.Random, text: Cell) -> Cell:
    kind = chance.random()
    if kind < 0.05:
        return [str(text), "second", "  "]
    return chance.choice((12345, 1.5, 100000000000)) if kind < 0.1 else text


def _as_written(cell: Cell) -> Cell:
    return json.dumps(cell) if isinstance(cell, (int, float)) else cell


def _make_parquet(chance: random.Random) -> MadePool:
    names, at, _ = _order(chance)
    rows = _rows(chance, _TEXTS + _NEWLINES)
    arrays: dict[str, pa.Array] = {name: _odd_column(chance, len(rows)) for name in names}
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    given: Sequence[Cell] = columns[0]
    arrays[names[at[0]]], shown = _ids(chance, given)
    arrays[names[at[1]]] = _strings(chance, columns[1])
    texts = list(columns[2])
    bad = 0
    if chance.random() < 0.3:
        spoiled = {n for n in range(len(texts)) if chance.random() < 0.05}
        data = [None if t is None else str(t).encode() for t in texts]
        data = [b"caf\xe9" if n in spoiled else t for n, t in enumerate(data)]
        arrays[names[at[2]]] = _unchecked(chance, data)
        bad = len(spoiled)
        texts = [None if n in spoiled else t for n, t in enumerate(texts)]
    elif chance.random() < 0.2:
        lists = [None if t is None else [str(t), "second"] for t in texts]
        arrays[names[at[2]]] = pa.array(lists, pa.list_(pa.string()))
        texts = lists
    else:
        arrays[names[at[2]]] = _strings(chance, texts)
    stream = io.BytesIO()
    pq.write_table(
        pa.table(arrays),
        stream,
        compression=chance.choice(("none", "snappy", "gzip", "brotli", "zstd", "lz4")),
        row_group_size=chance.choice((7, 50, 1000)),
        use_dictionary=chance.random() < 0.5,
    )
    kept: list[Row] = list(zip(shown, columns[1], texts, strict=True))
    name = chance.choice(("pool.parquet", "pool.pq", "POOL.PARQUET"))
    pool = MadePool(name, stream.getvalue(), len(rows), judged(kept), bad)
    if chance.random() < 0.1:
        pool.damaged = pool.cut = True
        pool.data = pool.data[: chance.randrange(4, len(pool.data) - 4)]
    return pool


def _ids(chance: random.Random, given: Sequence[Cell]) -> tuple[pa.Array, list[Cell]]:
    kind = chance.randrange(4)
    numbers = list(range(len(given)))
    if kind == 0:
        return pa.array(numbers, pa.int64()), [str(n) for n in numbers]
    if kind == 1:
        return pa.array(map(float, numbers), pa.float64()), [str(n) for n in numbers]
    if kind == 2:
        data = [n.to_bytes(16, "big") for n in numbers]
        return pa.array(data, pa.binary(16)), [one.hex() for one in data]
    return pa.array(given, pa.string()), list(given)


def _strings(chance: random.Random, values: Sequence[Cell]) -> pa.Array:
    array = pa.array(values, pa.string())
    kind = chance.choice((pa.string(), pa.large_string(), pa.binary(), "dictionary"))
    return array.dictionary_encode() if kind == "dictionary" else array.cast(kind)


def _unchecked(chance: random.Random, data: Sequence[bytes | None]) -> pa.Array:
    """Return bytes as a binary column, or as a string column that was never checked."""
    array = pa.array(data, pa.binary())
    if chance.random() < 0.5:
        return array
    validity, ends, values = array.buffers()
    return pa.StringArray.from_buffers(len(array), ends, values, validity)


def _odd_column(chance: random.Random, count: int) -> pa.Array:
    """Return a column that nobody needs, often of a type that Spark can't read."""
    kind = chance.choice(
        (pa.int64(), pa.float64(), pa.null(), pa.time64("ns"), pa.timestamp("ns"), pa.float16())
    )
    return pa.nulls(count, kind)
