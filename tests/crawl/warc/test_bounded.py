"""Pages made to blow up: each is read or dropped in bounded memory, none ends more.

Their time has a limit of its own, which ends the child; it is tested here by a page beyond it.
"""

from __future__ import annotations

import os
import random
import resource
import signal
from pathlib import Path

import psutil
import pytest

from metaclip.crawl.warc import bounded, child
from metaclip.crawl.warc.bounded import TOO_COMPLEX, parse_bounded
from metaclip.crawl.warc.parsing import ParseOptions, parse_page
from tests.helpers.archives import response, run, zipped
from tests.helpers.blow_ups import UNITS, blow_up

CAT = '<img src="http://h.example/i.png" alt="a cat">'
PAIR = ("http://h.example/i.png", "a cat", "alt")
MANY_TAGS = "<p>x" * 6000  # more than are parsed in this process
MEGABYTES = 500


def child_megabytes() -> float:
    """Most memory that the living child has had."""
    process = bounded._CHILD.process
    if process is None:
        return 0
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def check(pages: list[str]) -> None:
    """Read the pages one by one, then all of them among plain ones as one file."""
    for page in pages:
        parse_bounded(page, ParseOptions())
        assert child_megabytes() < MEGABYTES, (page[:80], len(page))
    mixed = [record for page in pages for record in (response(page), response(CAT))]
    account, found = run(zipped(*mixed))
    assert account.status == "done"
    assert account.pages + account.dropped_records.get(TOO_COMPLEX, 0) == len(mixed)
    assert found.count(PAIR) >= len(pages)
    assert sum(account.dropped_records.values()) == account.dropped_records.get(TOO_COMPLEX, 0)


@pytest.mark.parametrize("kind", UNITS)
def test_blow_ups_of_each_kind_are_bounded(kind: str) -> None:
    rng = random.Random(kind)
    check([blow_up(kind, rng, size) for size in (20_000, 100_000)])


@pytest.mark.long
@pytest.mark.parametrize("part", range(50))
def test_5000_blow_ups_are_bounded(part: int) -> None:
    rng = random.Random(part)
    kinds = [rng.choice(list(UNITS)) for _ in range(100)]
    sizes = [int(10 ** rng.uniform(4, 6.91)) for _ in kinds]
    check([blow_up(kind, rng, size) for kind, size in zip(kinds, sizes, strict=True)])


def test_a_child_has_no_more_memory_than_its_limit() -> None:
    assert parse_bounded(MANY_TAGS, ParseOptions()) is not None
    process = bounded._CHILD.process
    assert process is not None
    soft, hard = psutil.Process(process.pid).rlimit(resource.RLIMIT_AS)
    assert soft == hard < MEGABYTES << 20


def test_a_tree_that_grows_with_the_square_is_dropped() -> None:
    page = blow_up("formatting elements in blocks", random.Random(0), 208_000)
    account, found = run(zipped(response(CAT), response(page), response(CAT)))
    assert (account.dropped_records, found) == ({TOO_COMPLEX: 1}, [PAIR, PAIR])
    assert (account.status, account.records, account.pages) == ("done", 3, 2)


def test_the_largest_tree_of_few_tags_takes_little_memory() -> None:
    half = bounded._MOST_TAGS // 2
    worst = "".join(f"<b a{i}>" for i in range(half)) + "<p>x" * half
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parse_page(worst, ParseOptions())
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MEGABYTES


def test_a_child_parses_as_this_process_does() -> None:
    page = MANY_TAGS + CAT + '<base href="/b/"><meta name=robots content=noai>'
    page += "<div><template shadowrootmode=open><img src=s title='кот'></template></div>"
    options = ParseOptions(lazy_images=True, metas=True)
    here, there = parse_page(page, options), parse_bounded(page, options)
    assert there is not None
    assert (there.base, there.metas) == (here.base, [tuple(one) for one in here.metas])
    assert [tuple(one.texts) for one in there.images] == [one.texts for one in here.images]
    assert [one.src for one in there.images] == ["http://h.example/i.png", "s"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_child_that_dies_is_started_again(number: int) -> None:
    assert parse_bounded(MANY_TAGS, ParseOptions()) is not None
    process = bounded._CHILD.process
    assert process is not None
    os.kill(process.pid, number)
    process.wait()
    assert parse_bounded(MANY_TAGS, ParseOptions()) is None
    assert parse_bounded(MANY_TAGS, ParseOptions()) is not None


def test_a_page_beyond_its_time_ends_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded._CHILD.stop()
    code = f"import {child.__name__} as c; c.SECONDS = 0.001; c.main()"
    monkeypatch.setattr(bounded, "COMMAND", ["-P", "-c", code])
    account, found = run(zipped(response(MANY_TAGS * 50), response(CAT)))
    assert (account.dropped_records, found) == ({TOO_COMPLEX: 1}, [PAIR])


def test_a_child_that_cannot_start_fails_the_task(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded._CHILD.stop()
    monkeypatch.setattr(bounded, "COMMAND", ["-c", "raise SystemExit(1)"])
    with pytest.raises(RuntimeError, match="no child process to parse pages"):
        parse_bounded(MANY_TAGS, ParseOptions())
    monkeypatch.undo()
    bounded._CHILD.stop()


def test_entities_of_xml_that_grow_are_bounded() -> None:
    levels = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))
    page = (
        f'<!DOCTYPE html [<!ENTITY e0 "ha">{levels}]><html xmlns="http://www.w3.org/1999/xhtml">'
        f'<img src="http://h.example/i.png" alt="a cat"/><p>&e9;</p></html>'
    )
    _, found = run(zipped(response(page, "Content-Type: application/xhtml+xml")))
    assert found == [PAIR]  # as HTML, since the XML parser refuses it
