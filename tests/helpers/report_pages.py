"""Make a warehouse whose captions are hostile, and read the numbers of a report page."""

from __future__ import annotations

import json
import random
from html.parser import HTMLParser
from pathlib import Path

from pyspark.sql import Row, SparkSession

from metaclip.jobs.count_entries import count_entries
from metaclip.jobs.import_metadata import import_metadata
from metaclip.jobs.import_pairs import import_pairs
from metaclip.jobs.match_entries import match_entries
from metaclip.jobs.sample_pairs import sample_pairs
from metaclip.warehouse.views import NamedTables
from tests.helpers.runner import Runner

T = 40
"""The threshold of the curation `default`: above the counts of the last words."""
WORDS = ["cat", "dog", "the cat", "red", "blue", "sea", "old", "tree", "<b>bold</b>", "$x^2$"]
HOSTILE = [
    "cat <script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">",
    "dog </script><!-- ]]> {{ 7 * 7 }} &amp; &lt;b&gt;",
    "red \u202edesrever si siht\u202c blue \u2067\u05e9\u05dc\u05d5\u05dd\u2069",
    "sea 👩‍👩‍👧‍👦 🏳️‍🌈 \U0001f9d1\u200d\U0001f680",
    "tree Z" + "\u0300\u0301\u0302\u0323" * 40 + "algo",
    "old " + "long caption " * 800,
    "blue \u0000 \u0007 \ufffe control",
    "cat " + "x" * 10_000,
    "dog $\\frac{1}{0}$ \\ $ % # _ ` | *bold* [link](javascript:alert(1))",
]


def make_pools(folder: Path) -> None:
    """Write the files of two crawls that share a third of their pairs, and the entries."""
    chance = random.Random(17)
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        {
            "url": f"http://host{number % 7}.example.org/{number}.jpg",
            "text": " ".join(
                [*chance.choices(WORDS, [20, 9, 5, 4, 3, 2, 1, 1, 1, 1], k=2), str(number)]
            ),
        }
        for number in range(600)
    ]
    hostile = [{"url": f"https://evil.example/{n}.png", "text": t} for n, t in enumerate(HOSTILE)]
    no_match = [{"url": f"http://none.example/{n}.png", "text": "zebra"} for n in range(20)]
    one, other = [*lines[:400], *lines[:30], *hostile, *no_match], lines[200:]
    for name, rows in (("one", one), ("other", other)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    entries = [*WORDS, 'never "found" <i>', "été", "\u202enever"]
    (folder / "entries.json").write_text(json.dumps(entries), "utf-8")


def make_curations(spark: SparkSession, folder: Path) -> Runner:
    """Return a warehouse of two crawls with the curations `default` and `large`."""
    make_pools(folder)
    run = Runner(spark, folder / "warehouse")
    run(import_metadata, f"metadata.file={folder}/entries.json")
    for crawl in ("one", "other"):
        run(import_pairs, f"crawl.files={folder}/{crawl}.jsonl", f"crawl.name={crawl}")
        for step in (match_entries, count_entries):
            run(step, f"crawl.name={crawl}")
    run(sample_pairs, "balance.curation=default", f"balance.t={T}", "balance.seed=3")
    run(sample_pairs, "balance.curation=large", "balance.tail_share=0.4")
    return run


def read_page(run: Runner) -> str:
    """Return the page of `default` against `large`."""
    folder = run.root / "reports" / "default-against-large"
    return (folder / "report.html").read_text("utf-8")


def rows(run: Runner, table: str, **chosen: str) -> list[Row]:
    """Return the rows of a table as the driver holds them."""
    frame = NamedTables(run.spark, str(run.root), "test", "0")[table]
    return [row for row in frame.collect() if all(row[k] == v for k, v in chosen.items())]


def number(text: str) -> float:
    """Return a number as the page shows it."""
    return float(text.replace(",", ""))


class PageNumbers(HTMLParser):
    """The numbers of a page: `values` by id, `tables` by id as rows of cells, all `text`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, float] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self.tags: list[str] = []
        self._rows: list[list[str]] = []
        self._in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if tag == "data" and given.get("id"):
            self.values[str(given["id"])] = float(str(given["value"]))
        if tag == "table":
            self._rows = self.tables.setdefault(given.get("id") or f"table {len(self.tables)}", [])
        if tag == "tr":
            self._rows.append([])
        if tag in ("td", "th"):
            self._rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self._rows[-1][-1] += data
