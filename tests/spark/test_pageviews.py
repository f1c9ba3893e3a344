"""Views of titles: a made set of hourly dumps with all quirks against a slow count."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

from metaclip.jobs.build_metadata import build_metadata
from metaclip.metadata.wikipedia.pageviews import NAMESPACES
from metaclip.warehouse.tables import METADATA
from tests.helpers.metadata_twins import best, slow_views
from tests.helpers.runner import Runner

TITLES = [
    *("Cat", "cat", "Main_Page", "Berlin", "Z%C3%BCrich", "Zürich", "100%", "100%25", "C++"),
    *("C%2B%2B", "A_%26_B", "a__b", "-", "%", "%FF", "%20", "Special:Search", "special:x"),
    *("File:X.jpg", "Image:x", "User_talk:A", "WP:NOR", "Talk:Cat", "Datei:x", "Datei_talk:y"),
    *("Alien:_Covenant", "2001:_A", ":Cat", "東京", "Washington,_D.C.", "AT&T", "Ends_"),
    *("_starts", "%E6%9D%B1%E4%BA%AC"),
]
DOMAINS = ["en", "en.m", "en.zero", "en.d", "en.m.d", "de", "de.m", "EN", "www.w", "", "enm"]
BROKEN = ["", "en Cat 5", "en Cat 5 0 1", "en Cat x 0", "en Cat -5 0", "en  5 0", "\x00", "en Cat"]


def make_hours(folder: Path, count: int) -> list[list[str]]:
    draw = random.Random(5)
    hours = []
    for number in range(count):
        weights = [9, 6, *[1] * 9]
        lines = [
            f"{draw.choices(DOMAINS, weights)[0]} {draw.choice(TITLES)} {draw.randrange(30)} 0"
            for _ in range(800)
        ]
        lines += draw.choices(BROKEN, k=40)
        draw.shuffle(lines)
        hours.append(lines)
        data = "\n".join([*lines, ""]).encode()
        name = f"pageviews-20260101-{number:02}0000"
        if number % 2:
            (folder / name).write_bytes(data)
        else:
            (folder / f"{name}.gz").write_bytes(gzip.compress(data))
    return hours


def test_views_of_titles_against_a_slow_count(run: Runner, tmp_path: Path) -> None:
    hours = make_hours(tmp_path, 5)
    rules = (
        "{pageviews: %s/pageviews-*, namespaces: [Datei], min_hourly_views: 230, min_views: 600}"
    )
    summary = run(build_metadata, f"build.titles={rules % tmp_path}", "build.numbers=0")
    names = {name.replace("_", " ") for name in NAMESPACES} | {"datei"}
    views, lines = slow_views(hours, "en", names, 230)
    assert summary["sources"]["pageviews"]["lines"] == dict(lines)
    assert sum(lines.values()) == sum(map(len, hours))
    assert set(lines) == {
        "kept",
        "below_hourly",
        "broken",
        "other_project",
        "no_title",
        "namespace",
    }
    expected = {
        title: float(count) for title, count in views.items() if count >= 600 and title != "%"
    }
    version = {"metadata_version": summary["metadata_version"]}
    rows = run.warehouse.read_partition(METADATA, version).orderBy("entry_id").collect()
    assert [row.entry for row in rows] == best(expected, set())
    assert {row.entry: row.score for row in rows} == expected
    assert {"Cat", "Zürich", "100%", "C++", "東京"} <= set(expected)
