"""The archive of Java's classes is made anew where a part of it is newer."""

from __future__ import annotations

import os
from pathlib import Path

from metaclip.setup.class_archive import is_newer


def test_an_archive_counts_until_a_part_is_put_in_place_after_it(tmp_path: Path) -> None:
    archive, parts = tmp_path / "classes.jsa", [tmp_path / "a.jar", tmp_path / "b.jar"]
    for part in parts:
        part.touch()
        os.utime(part, (0, 0))  # a jar keeps the time at which it was built
    assert not is_newer(archive, parts)
    archive.touch()
    placed = max(part.stat().st_ctime for part in parts)
    os.utime(archive, (placed + 1, placed + 1))
    assert is_newer(archive, parts)
    os.utime(archive, (placed - 1, placed - 1))
    assert not is_newer(archive, parts)
