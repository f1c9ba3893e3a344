"""Read lists of entries: the error names every way in which one can be wrong."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from metaclip.errors import InputError
from metaclip.metadata.entries import ENTRY_SCHEMA, metadata_version, read_entries

REAL = Path(__file__).parents[1] / "data" / "metadata" / "entries.parquet"


def parquet(columns: dict[str, pa.Array]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def read(folder: Path, data: bytes, name: str = "entries") -> pa.Table:
    file = folder / name
    file.write_bytes(data)
    return read_entries(str(file))


def refused(folder: Path, data: bytes) -> str:
    """Return the line that refuses a list with these bytes, without its start."""
    with pytest.raises(InputError) as caught:
        read(folder, data)
    start = f"metadata.file {folder / 'entries'}: expected "
    message = str(caught.value)
    assert message.startswith(start)
    assert "\n" not in message
    return message.removeprefix(start)


@pytest.mark.parametrize(
    "data",
    [
        b"a cat\ndog\n\xc3\xa4\n",
        b"a cat\ndog\n\xc3\xa4",
        b"a cat\r\ndog\r\n\xc3\xa4\r\n",
        b"\xef\xbb\xbfa cat\r\ndog\r\n\xc3\xa4\r\n",
        b'["a cat", "dog", "\xc3\xa4"]',
        b'\xef\xbb\xbf [\r\n"a cat",\r\n"dog", "\\u00e4"]\r\n',
        parquet({"entry": pa.array(["a cat", "dog", "ä"])}),
        parquet({"entry": pa.array(["a cat", "dog", "ä"], pa.large_string())}),
        parquet({"entry_id": pa.array([2, 0, 1]), "entry": pa.array(["ä", "a cat", "dog"])}),
    ],
    ids=["lf", "no_last_lf", "crlf", "bom", "json", "json_bom", "parquet", "large", "parquet_ids"],
)
def test_the_same_list_in_each_form(tmp_path: Path, data: bytes) -> None:
    table = read(tmp_path, data)
    assert table.schema.equals(ENTRY_SCHEMA)
    assert table["entry_id"].to_pylist() == [0, 1, 2]
    assert table["entry"].to_pylist() == ["a cat", "dog", "ä"]
    assert set(table["source"].to_pylist()) == {"import"}


def test_columns_of_a_parquet_list_stay(tmp_path: Path) -> None:
    columns = {
        "entry": pa.array(["cat", "ab"]),
        "source": pa.array(["wordnet", None]).dictionary_encode(),
        "language": pa.array(["en", None], pa.large_string()),
        "score": pa.array([1, None], pa.float32()),
        "other": pa.array([1, 2]),
    }
    assert read(tmp_path, parquet(columns)).to_pylist() == [
        {"entry_id": 0, "entry": "cat", "language": "en", "source": "wordnet", "score": 1.0},
        {"entry_id": 1, "entry": "ab", "language": None, "source": "import", "score": None},
    ]


def test_the_real_list() -> None:
    table = read_entries(str(REAL))
    assert table.num_rows == 500_000
    assert set(table["source"].unique().to_pylist()) > {"number", "wordnet"}


def test_an_entry_may_be_there_once_in_each_language(tmp_path: Path) -> None:
    words, languages = pa.array(["gift", "gift", "gift"]), pa.array(["de", "en", "sv"])
    table = read(tmp_path, parquet({"entry": words, "language": languages}))
    assert table["language"].to_pylist() == ["de", "en", "sv"]
    twice = parquet({"entry": words, "language": pa.array(["de", "en", "de"])})
    assert refused(tmp_path, twice) == 'each entry once, found 1: "gift"'


def test_a_version_with_languages_by_hand() -> None:
    digest = hashlib.sha256(b"de\tgift\nen\tgift\n").hexdigest()
    assert metadata_version(["gift", "gift"], ["de", "en"]) == digest[:16]
    assert metadata_version(["a", "b"], [None, None]) == metadata_version(["a", "b"])


def test_version_by_hand() -> None:
    digest = hashlib.sha256("a cat\ndog\nä\n".encode()).hexdigest()
    assert metadata_version(["a cat", "dog", "ä"]) == digest[:16]
    assert metadata_version(["ab", "c"]) != metadata_version(["a", "bc"])


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"\xef\xbb\xbf", parquet({"entry": pa.array([], pa.string())})]
)
def test_empty(tmp_path: Path, data: bytes) -> None:
    assert refused(tmp_path, data) == "at least one entry, found none"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"cat\ndog\xff\n", "UTF-8, found byte 0xff at offset 7"),
        ("cat\n".encode("utf-16"), "UTF-8, found byte 0xff at offset 0"),
        (b'["cat", "dog"', "a JSON list of strings, found bad JSON: "),
        (b'["cat"]x', "a JSON list of strings, found bad JSON: "),
        (b'{"cat": 1}', "a JSON list of strings, found a JSON "),
        (b'["cat", 7]', "a list of strings, found 7 at position 1"),
        (b'["cat", null, "dog"]', "a list of strings, found null at position 1"),
        (b'[["cat"]]', 'a list of strings, found ["cat"] at position 0'),
        (b'["cat", {"entry": "dog"}]', 'a list of strings, found {"entry": "dog"} at position 1'),
        (b"[NaN]", "a list of strings, found NaN at position 0"),
        (b'["\\ud800"]', 'entries that UTF-8 can hold, found 1: "\\ud800"'),
        (b"\x1f\x8b\x08\x00", "UTF-8, found byte 0x8b at offset 1"),
        (b"PAR1 but no Parquet", "a Parquet file, found "),
        (parquet({"text": pa.array(["cat"])}), "a column entry, found the columns text"),
        (parquet({"entry": pa.array([1, 2])}), "entry of type string, found int64"),
        (
            parquet({"entry": pa.array(["cat", None])}),
            "a list of strings, found null at position 1",
        ),
        (
            parquet({"entry_id": pa.array([0, 2]), "entry": pa.array(["cat", "dog"])}),
            "entry_id to be 0, 1, 2 ... without gaps, found other numbers",
        ),
        (
            parquet({"entry_id": pa.array([0, 0]), "entry": pa.array(["cat", "dog"])}),
            "entry_id to be 0, 1, 2 ... without gaps, found other numbers",
        ),
        (
            parquet({"entry": pa.array(["cat"]), "score": pa.array(["high"])}),
            "score of type double, found string",
        ),
        (
            parquet({"entry": pa.array(["cat"]), "source": pa.array([1])}),
            "source of type string, found int64",
        ),
    ],
)
def test_not_a_list_of_strings(tmp_path: Path, data: bytes, message: str) -> None:
    assert refused(tmp_path, data).startswith(message)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["cat", "dog", "cat"], 'each entry once, found 1: "cat"'),
        (["b", "b", "a", "a", "a"], 'each entry once, found 2: "b", "a"'),
        (["cat", "", "dog"], 'entries that are not blank, found 1: ""'),
        (["cat", "  ", ""], 'entries that are not blank, found 2: "  ", ""'),
        (["cat", "\u00a0"], 'entries that are not blank, found 1: "\\u00a0"'),
        (["a\tb", "cat"], "entries without tab, newline or carriage return, which no text can"),
    ],
)
def test_entries_that_no_list_can_have(
    tmp_path: Path, entries: list[str], message: str, as_json: bool
) -> None:
    text = json.dumps(entries) if as_json else "\n".join([*entries, ""])
    assert refused(tmp_path, text.encode()).startswith(message)


@pytest.mark.parametrize("entry", ["a\nb", "a\tb", "a\rb"])
def test_unmatchable_entries_are_named(tmp_path: Path, entry: str) -> None:
    message = refused(tmp_path, json.dumps(["cat", entry]).encode())
    assert message.endswith(f"which no text can match, found 1: {json.dumps(entry)}")


def test_many_bad_entries_are_counted_and_five_named(tmp_path: Path) -> None:
    entries = [f"entry {number}" for number in range(9)] * 2
    named = ", ".join(f'"entry {number}"' for number in range(5))
    assert (
        refused(tmp_path, json.dumps(entries).encode()) == f"each entry once, found 9: {named} ..."
    )


@pytest.mark.parametrize("name", ["none.json", "."])
def test_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"expected a readable file, found (No such|Is a dir)"):
        read_entries(str(tmp_path / name))


def test_a_scheme_that_is_none() -> None:
    with pytest.raises(InputError, match="expected a readable file"):
        read_entries("nothing://bucket/entries.json")
