"""Files are listed by path, folder, glob and braces."""

from __future__ import annotations

from pathlib import Path

import pytest

from metaclip.crawl.files.listing import list_files
from metaclip.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with x.csv and y.tsv in each of a and b, and a file with braces."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for file in ("x.csv", "y.tsv"):
            (tmp_path / name / file).touch()
    (tmp_path / "{a,b}.csv").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("{a,b}/x.csv", ["a/x.csv", "b/x.csv"]),
        ("a/{x,y}.?sv", ["x.csv", "y.tsv"]),
        ("*/{x.csv,y.tsv,none}", ["a/x.csv", "a/y.tsv", "b/x.csv", "b/y.tsv"]),
        ("{a,b}/{x,y}.csv", ["a/x.csv", "b/x.csv"]),
        ("{a,b}.csv", ["{a,b}.csv"]),
        ("b", ["x.csv", "y.tsv"]),
    ],
)
def test_a_pattern_gives_the_paths_below_its_fixed_part(
    folder: Path, pattern: str, paths: list[str]
) -> None:
    assert [file.path for file in list_files(f"{folder}/{pattern}")] == paths


def test_braces_without_a_file_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"\{c,d\}/x.csv: expected at least one file, found none"):
        list_files(f"{folder}/{{c,d}}/x.csv")
