"""Archives to pairs: against counts by hand, a plain JSON reading, and mutations."""

from __future__ import annotations

import io
import json
import random
import zlib
from pathlib import Path

import pyarrow as pa
import pytest

from metaclip.config.crawl import ExtractionOptions, RequestSettings
from metaclip.crawl.archive.members import read_pieces
from metaclip.crawl.archive.records import Record, read_records
from metaclip.crawl.archive.window import Window
from metaclip.crawl.extraction import FileAccount, extract
from metaclip.crawl.files.listing import SourceFile
from metaclip.crawl.wat.decoder import decode_wat, read_loosely
from metaclip.ingest.file_rows import read_file
from metaclip.warehouse.ids import pair_id
from metaclip.warehouse.tables import PAIR_SCHEMA
from tests.helpers.archives import members
from tests.helpers.shared_data import SHARED, needs_shared

DATA = Path(__file__).parents[1] / "data"
WAT, WARC = DATA / "wat" / "part.warc.wat.gz", DATA / "warc" / "part.warc.gz"
SMALL = sorted(p for p in (DATA / "warc").glob("*/*") if p.stat().st_size < 60_000)


def run(data: bytes, name: str = "x.warc.gz") -> tuple[FileAccount, pa.Table]:
    account = FileAccount()
    batches = list(extract(io.BytesIO(data), name, ExtractionOptions(), account))
    assert account.records == account.pages + account.others + sum(account.dropped_records.values())
    assert account.images == account.images_kept + sum(account.dropped_images.values())
    table = pa.Table.from_batches(batches, PAIR_SCHEMA)
    assert account.pairs == table.num_rows
    return account, table


def unique(table: pa.Table) -> set[tuple[str, str]]:
    return set(zip(table["image_url"].to_pylist(), table["text"].to_pylist(), strict=True))


def test_worked_example_of_pair_id() -> None:
    assert pair_id("http://example.org/cat.jpg", "a cat") == "5f65a344f4d2ce087b81655d1c0f3547"


def test_wat_is_read_whole() -> None:
    account, table = run(WAT.read_bytes())
    assert (account.status, account.records, account.others) == ("done", 451, 1)
    assert account.bytes == WAT.stat().st_size
    assert set(table["warc_file"].to_pylist()) == {"realpages.warc.gz"}


def test_fast_reading_is_the_plain_one() -> None:
    window = Window(io.BytesIO(WAT.read_bytes()))
    for record in read_records(read_pieces(window, 1 << 20), ExtractionOptions().limits):
        assert isinstance(record, Record)
        if b"application/json" in record.header:
            assert json.loads(record.block)
            fast, plain = decode_wat(record.block), read_loosely(record.block)
            assert str(fast).replace("(", "[") == str(plain).replace("(", "[")


def test_warc_pages_and_offsets() -> None:
    account, table = run(WARC.read_bytes(), "folder/part.warc.gz")
    assert (account.status, account.records, account.pages) == ("done", 71, 70)
    offsets, at = set(), 0
    for member in members(WARC.read_bytes()):
        offsets.add(at)
        at += len(member)
    assert set(table["warc_offset"].to_pylist()) <= offsets
    assert set(table["warc_file"].to_pylist()) == {"part.warc.gz"}


EXPECTED = {
    "Evil-Warc-Headers.warc": ("failed", 1, 0, 0),
    "bad.arc": ("failed", 0, 0, 0),
    "broken.warc": ("partial", 6, 1, 0),
    "empty-gzips.warc.gz": ("done", 9, 1, 0),
    "example-bad-non-chunked.warc.gz": ("done", 6, 1, 0),
    "example-bad.warc.gz.bad": ("done", 6, 2, 0),
    "invalid-warcfile-record-then-garbage.warc": ("failed", 1, 0, 0),
    "transfer_compression_none_truncated.warc.gz": ("failed", 3, 0, 0),
    "CC-MAIN-2024-22.warc.paths.gz": ("failed", 0, 0, 0),
    "CC-MAIN-sample.warc.wat.gz": ("failed", 1, 0, 0),
    "CC-MAIN-sample2.warc.wat.gz": ("done", 1, 1, 0),
    "cc.warc.gz": ("done", 1, 1, 6),
    "transfer_compression_brotli.warc.gz": ("done", 5, 1, 0),
    "transfer_compression_gzip_chunked.warc.gz": ("done", 3, 1, 37),
    "wget_ia.warc.gz": ("done", 2, 1, 27),
    "whirlwind.warc.gz": ("done", 4, 1, 7),
}


@pytest.mark.parametrize("path", SMALL, ids=lambda p: p.name)
def test_samples_give_the_pairs_counted_by_hand(path: Path) -> None:
    account, _ = run(path.read_bytes())
    found = (account.status, account.records, account.pages, account.pairs)
    assert found == EXPECTED.get(path.name, found)


@pytest.mark.parametrize(
    ("data", "error"), [(b"", "empty"), (b"no archive\n" * 9, "not_an_archive")]
)
def test_other_bytes_are_no_archive(data: bytes, error: str) -> None:
    account, _ = run(data)
    assert (account.status, account.error) == ("failed", error)


def test_cut_member_leaves_the_others() -> None:
    parts = members(WAT.read_bytes())[:20]
    account, table = run(b"".join(parts)[:-3000])
    assert account.status == "partial"
    assert str(account.error).startswith("truncated")
    assert unique(table) == unique(run(b"".join(parts[:-1]))[1])


def mutate(parts: list[bytes], rng: random.Random) -> tuple[bytes, list[bytes]]:
    """Mutated bytes, and those of `parts` that are whole in them."""
    parts = rng.choices(parts, k=min(len(parts), 6))
    whole = list(parts)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(parts))
        part, kind = bytearray(parts[at]), rng.randrange(5)
        if kind == 0:  # a bit flips
            part[rng.randrange(len(part))] ^= 1 << rng.randrange(8)
        elif kind == 1:  # the end is cut off
            del part[rng.randrange(len(part)) :]
        elif kind == 2:  # other bytes are inserted
            start = rng.randrange(len(part))
            part[start:start] = rng.randbytes(rng.randint(1, 2000))
        elif kind == 3:  # it goes on as another one
            other = rng.choice(parts)
            part[rng.randrange(len(part)) :] = other[rng.randrange(len(other)) :]
        else:  # it is there again
            parts.append(bytes(part))
            whole.append(whole[at])
            continue
        parts[at], whole[at] = bytes(part) or b"x", b""
    return b"".join(parts), [part for part in whole if part]


def read_as_a_task(file: Path) -> set[tuple[str, str]]:
    """The unique pairs of a file; its account is the last row, and adds up."""
    account = FileAccount()
    source = SourceFile(file.name, str(file), file.stat().st_size)
    *batches, ledger = read_file(source, ExtractionOptions(), RequestSettings(), account)
    assert account.records == account.pages + account.others + sum(account.dropped_records.values())
    assert account.images == account.images_kept + sum(account.dropped_images.values())
    (row,) = ledger.to_pylist()
    assert (row["kind"], row["path"], row["pair"]) == ("file", file.name, None)
    assert row["file"]["status"] in ("done", "partial", "failed")
    assert row["file"]["bytes"] == source.size
    assert account.pairs == row["file"]["pairs"] == sum(batch.num_rows for batch in batches)
    pairs = [pair for batch in batches for pair in batch["pair"].to_pylist()]
    return {(pair["image_url"], pair["text"]) for pair in pairs}


def fuzz(number: int, folder: Path) -> None:
    """Three of four times gzip members of real pages and samples, else whole archives of any
    form, of whose pairs nothing is known.
    """
    rng, file = random.Random(2023), folder / "x.warc.gz"
    archives = [data for path in SMALL if (data := path.read_bytes())]
    # A warcinfo changes what the records behind it are: whether entities are decoded.
    good = members(WAT.read_bytes())[1:60] + members(WARC.read_bytes())[:20]
    good += [m for data in archives if data[:2] == b"\x1f\x8b" for m in _whole(data)]
    alone: dict[bytes, set[tuple[str, str]]] = {}
    for _ in range(number):
        known = rng.random() < 0.75
        data, whole = mutate(good if known else archives, rng)
        file.write_bytes(data)
        found = read_as_a_task(file)
        for member in whole if known else []:
            if member not in alone:
                alone[member] = unique(run(member)[1])
            assert alone[member] <= found


def _whole(data: bytes) -> list[bytes]:
    inflated = ((m, zlib.decompressobj(31).decompress(m)) for m in members(data))
    return [m for m, block in inflated if block and b"\nSoftware-Info" not in block]


def test_mutated_archives_keep_the_pairs_of_whole_members(tmp_path: Path) -> None:
    fuzz(200, tmp_path)


@pytest.mark.long
def test_many_mutated_archives_keep_the_pairs_of_whole_members(tmp_path: Path) -> None:
    fuzz(20_000, tmp_path)


@pytest.mark.long
@needs_shared
def test_real_wat_gives_what_was_expected() -> None:
    from hashlib import sha256

    expected = json.loads((SHARED / "wat" / "realpages.expected.json").read_text())
    account, table = run((SHARED / "wat" / "realpages.warc.wat.gz").read_bytes())
    lines = sorted(f"{url}\t{text}\n" for url, text in unique(table))
    assert sha256("".join(lines).encode()).hexdigest() == expected["pairs_sha256"]
    names = {"records": "records", "pages": "pages", "images": "images", "pairs": "pairs"}
    assert all(getattr(account, ours) == expected[theirs] for ours, theirs in names.items())
