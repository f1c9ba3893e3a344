"""Hostile and odd bytes: each has a bound and a reason, and none stops the file."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from metaclip.config.crawl import ExtractionLimits, ExtractionOptions
from metaclip.crawl.warc.html import read_html
from tests.helpers.archives import image, record, response, run, wat, wat_record, zipped

CAT = '<img src="http://h.example/i.png" alt="a cat">'
PAIR = ("http://h.example/i.png", "a cat", "alt")


def pages(*bodies: bytes) -> list[tuple[str, str, str]]:
    return run(zipped(*bodies))[1]


def test_wrong_bytes_are_replaced_and_the_rest_stays() -> None:
    body = '<meta charset="utf-8"><img src="http://h.example/i" alt="Käse '.encode() + b'\xff\0b">'
    (row,) = pages(response(body))
    assert row[1] == "Käse \ufffd\ufffdb"  # HTML replaces NUL in attribute values


def test_images_of_a_page() -> None:
    html = """<base href="/base/"><img alt="no src"><img src="" alt=blank><img src=a.png alt=" x
        y "><image src=b.png title=t><noscript><img src=c.png alt=c></noscript>
        <script>'<img src=d.png alt=d>'</script><template><img src=e.png alt=e></template>
        <!-- <img src=f.png alt=f> --><textarea><img src=g.png alt=g></textarea>
        <img src=h.png alt="&copy;&amp;amp;&copy h" data-image-title=h>
        <img src="data:,x" alt=data><img src="javascript:1" alt=js>"""
    account, found = run(zipped(response(html)))
    assert [(url[-11:], *rest) for url, *rest in found] == [
        ("/base/a.png", "x         y", "alt"),
        ("/base/b.png", "t", "title"),
        ("/base/c.png", "c", "alt"),
        ("/base/h.png", "©&amp;© h", "alt"),
        ("/base/h.png", "h", "data-image-title"),
    ]
    assert account.dropped_images == {"bad_url": 2, "not_http": 2}


OPT_OUTS: list[tuple[str, str, bool]] = [
    ("robots", "noai", True),
    ("ROBOTS", "index, NoImageAI", True),
    ("robots", "noindex, nofollow", False),
    ("robots", "noairplane", False),
    ("tdm-reservation", "1", True),
    ("tdm-reservation", "0", False),
    ("description", "noai", False),
]


@pytest.mark.parametrize(("name", "content", "out"), OPT_OUTS)
def test_pages_that_opt_out_are_dropped(name: str, content: str, out: bool) -> None:
    meta = {"name": name, "content": content}
    value = wat([image(PAIR[0])])
    page = value["Envelope"]["Payload-Metadata"]["HTTP-Response-Metadata"]["HTML-Metadata"]
    page["Head"]["Metas"] = [meta]
    html = response(f'<meta name="{name}" content="{content}">{CAT}')
    for data in (wat_record(value), html):
        account, found = run(zipped(data), ExtractionOptions(opt_outs=True))
        assert (account.dropped_records, found) == (({"opt_out": 1}, []) if out else ({}, [PAIR]))
        assert run(zipped(data))[1] == [PAIR]  # not asked for


def test_opt_outs_in_http_headers() -> None:
    options = ExtractionOptions(opt_outs=True)
    for field in ("X-Robots-Tag: bot: noai", "tdm-reservation: 1"):
        account, _ = run(zipped(response(CAT, field)), options)
        assert account.dropped_records == {"opt_out": 1}


def seconds(html: str) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        read_html(html)
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize(
    ("unit", "number"),
    [
        ('<img src="/i.png" alt="a cat">', 2500),
        ("<div>", 10_000),
        ("<b><p>", 5_000),
        ("<a href=x><table><tr>", 2_500),
        ("<svg><g>", 5_000),
    ],
)
def test_time_grows_with_the_size(unit: str, number: int) -> None:
    small, large = seconds(unit * number), seconds(unit * 4 * number)
    assert large < 10 * small + 0.02  # 4 if linear, 16 if quadratic


def test_a_page_of_100_000_images() -> None:
    account, found = run(zipped(response('<img src="/i.png" alt="a cat">' * 100_000)))
    assert (account.images, len(found)) == (100_000, 20_000)
    assert account.dropped_images == {"too_many_images": 80_000}


def test_a_tag_of_100_000_attributes_is_read() -> None:
    many = " ".join(f"a{i}=1" for i in range(100_000))
    assert pages(response(f"<img {many}>{CAT}"), response(CAT)) == [PAIR, PAIR]


def test_deep_nesting_costs_no_other_page() -> None:
    assert pages(response("<div>" * 200_000 + CAT), response(CAT))[-1] == PAIR


def test_megabyte_attributes_are_too_long() -> None:
    big = "x" * 2_000_000
    html = (
        f'<img src="http://h.example/{big}" alt=a><img src="{PAIR[0]}" alt="{big}" title="a cat">'
    )
    for data in (
        response(html + f'<img src="{PAIR[0]}" alt="{big}">'),
        wat_record(
            wat([image(PAIR[0] + big), image(PAIR[0], big, title="a cat"), image(PAIR[0], big)])
        ),
    ):
        account, found = run(zipped(data))
        assert found == [(PAIR[0], "a cat", "title")]
        assert account.dropped_images == {"long_url": 1, "long_text": 1}


def test_bare_newlines_and_lower_case_headers() -> None:
    body = "HTTP/1.1 200 OK\ncontent-type: text/html\n\n" + CAT
    plain = (
        f"WARC/1.1\nwarc-type: response\nwarc-target-uri: <http://h.example/>\n"
        f"content-length: {len(body)}\n\n{body}\n\n"
    ).encode()
    for data in (plain * 3, zipped(plain, plain, plain)):
        account, found = run(data)
        assert (account.status, found) == ("done", [PAIR] * 3)


@pytest.mark.parametrize(
    ("damage", "kind", "records"),
    [
        (lambda one: one + zipped(response(CAT))[:-9], "truncated", 3),
        (lambda one: one + one[: len(one) // 4] + b"\xff" * 99 + one, "damaged", None),
        (lambda one: one + b"no gzip at all" * 99, "garbage", 2),
        (lambda one: one[: len(one) // 2] + b"noise" * 99 + one, "garbage", 3),
        (lambda one: one + b"\0" * 512, None, 2),  # padding of a tape block
    ],
)
def test_damage_costs_its_records_only(
    damage: Callable[[bytes], bytes], kind: str | None, records: int | None
) -> None:
    account, found = run(damage(zipped(response(CAT), response(CAT))))
    assert found[:2] == [PAIR, PAIR]
    assert account.status == ("partial" if kind else "done")
    assert str(account.error).startswith(str(kind))
    assert records in (None, account.records)


def test_a_record_beyond_the_limit_is_passed_over() -> None:
    options = ExtractionOptions(limits=ExtractionLimits(max_record_bytes=100_000))
    big = record("resource", b"WARC " * 500_000)
    for data in (response(CAT) + big + response(CAT), zipped(response(CAT), big, response(CAT))):
        account, found = run(data, options)
        assert (account.status, found) == ("done", [PAIR, PAIR])
        assert (account.records, account.dropped_records) == (3, {"too_large": 1})


def test_memory_stays_bounded_in_a_record_beyond_the_limit() -> None:
    import tracemalloc

    options = ExtractionOptions(limits=ExtractionLimits(max_record_bytes=100_000))
    data = zipped(record("resource", bytes(150_000_000)), response(CAT))
    tracemalloc.start()
    account, found = run(data, options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (account.dropped_records, found) == ({"too_large": 1}, [PAIR])
    assert peak < 80_000_000  # a step inflates 17 MB at most, and that is copied
