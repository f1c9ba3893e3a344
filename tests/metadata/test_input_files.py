"""Files of a source: all that a pattern names, and none that is silently left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from metaclip.errors import InputError
from metaclip.metadata.input_files import digest, list_source


def write(folder: Path, sizes: dict[str, int]) -> None:
    for name, size in sizes.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x" * size)


def test_files_of_all_patterns_are_sorted_by_name(tmp_path: Path) -> None:
    write(tmp_path, {"b.bz2": 2, "a.bz2": 1, "more/0.bz2": 3, "c.txt": 4})
    files = list_source([f"{tmp_path}/*.bz2", f"{tmp_path}/more/0.bz2"], "test")
    assert [(file.name, file.size) for file in files] == [("0.bz2", 3), ("a.bz2", 1), ("b.bz2", 2)]
    assert list_source(f"{tmp_path}/*.bz2", "test") == files[1:]
    assert list_source([], "test") == []


def test_a_file_that_two_patterns_name_is_there_once(tmp_path: Path) -> None:
    write(tmp_path, {"a.bz2": 1})
    assert len(list_source([f"{tmp_path}/*.bz2", f"{tmp_path}/a.bz2"], "test")) == 1


def test_marks_of_spark_are_no_files(tmp_path: Path) -> None:
    write(tmp_path, {"part-0.parquet": 1, "_SUCCESS": 0, ".part-0.crc": 1})
    assert [file.name for file in list_source(f"{tmp_path}/*", "test")] == ["part-0.parquet"]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"a.bz2": 1, "b.bz2": 0, "c.bz2": 0}, "files with content, found 2 empty, such as b.bz2"),
        ({"a.bz2": 1, "more/a.bz2": 2}, "files of different names, found a.bz2 twice"),
        ({"a.txt": 1}, "at least one file with content, found none"),
        ({"folder.bz2/a": 1}, "at least one file with content, found a folder"),
    ],
)
def test_files_that_would_be_missed_are_refused(
    tmp_path: Path, sizes: dict[str, int], message: str
) -> None:
    write(tmp_path, sizes)
    with pytest.raises(InputError, match=message):
        list_source([f"{tmp_path}/*.bz2", f"{tmp_path}/*/*.bz2"], "test")


def test_a_digest_is_of_the_values() -> None:
    assert digest("a", [1, "b"]) == digest("a", [1, "b"])
    assert len({digest("a", "b"), digest("ab"), digest(["a", "b"]), digest("b", "a")}) == 4
