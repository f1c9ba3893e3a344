"""Images of HTML and XHTML pages: shadow roots, bases, lazy attributes, candidates."""

from __future__ import annotations

import pytest

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.warc.html import read_html
from metaclip.crawl.warc.lazy import LAZY_ATTRIBUTES, LAZY_SRCSETS, best_candidate
from metaclip.crawl.warc.xhtml import read_xhtml
from tests.helpers.archives import response, run, zipped

HTML = '<html xmlns="http://www.w3.org/1999/xhtml">'


def lazy_urls(tag: str) -> list[str]:
    account, found = run(zipped(response(tag)), ExtractionOptions(lazy_images=True))
    assert account.lazy_images <= account.images_kept
    return [url.removeprefix("http://example.org/folder/") for url, *_ in found]


@pytest.mark.parametrize("name", LAZY_ATTRIBUTES)
@pytest.mark.parametrize("src", ["", "src=''", "src=data:image/gif;base64,R0", "src=a.gif"])
def test_each_lazy_attribute_counts(name: str, src: str) -> None:
    assert lazy_urls(f"<img {src} {name}=b.jpg alt=x>") == ["b.jpg"]
    assert lazy_urls(f"<img src=a.gif {name}=data:, alt=x>") == ["a.gif"]


@pytest.mark.parametrize("name", [*LAZY_SRCSETS, "srcset"])
@pytest.mark.parametrize("src", ["", "src=' '", "src=/img/blank.gif", "src=spinner-2.svg?v=1"])
def test_the_best_of_a_list_counts(name: str, src: str) -> None:
    srcset = "data:image/gif;base64,R0 4x, a.jpg 1x, b.jpg 2x"
    assert lazy_urls(f"<img {src} {name}='{srcset}' alt=x>") == ["b.jpg"]


def test_a_list_beside_an_image_is_not_needed() -> None:
    assert lazy_urls("<img src=cat.jpg srcset='b.jpg 2x' data-url=/page alt=x>") == ["cat.jpg"]
    assert lazy_urls("<img src=loading.gif data-url=b.jpg alt=x>") == ["b.jpg"]


@pytest.mark.parametrize(
    ("srcset", "best"),
    [
        ("a.jpg", "a.jpg"),
        ("a.jpg 300w, b.jpg 600w , c.jpg 50w", "b.jpg"),
        ("a.jpg 1.5x,b.jpg 2x", "b.jpg"),
        ("a,b.jpg 2x, c.jpg", "a,b.jpg"),
        ("a.jpg,, b.jpg 2x", "b.jpg"),
        (",a.jpg 100w 50h", "a.jpg"),
        ("a.jpg (x, y) 2x, b.jpg 1x", "a.jpg"),
        ("data:image/png;base64,xx 3x, a.jpg 1x", "a.jpg"),
        ("data:,x", None),
        (" ,", None),
        ("", None),
        ("a.jpg 2x, b.jpg 2x", "a.jpg"),
    ],
)
def test_the_best_candidate(srcset: str, best: str | None) -> None:
    assert best_candidate(srcset) == best


def test_images_of_open_shadow_roots_are_images_of_the_page() -> None:
    page = """<div><template shadowrootmode=open><base href=/z/><img src=a alt=a><x-y>
        <template shadowrootmode=open><img src=b alt=b></template></x-y><template><img src=c alt=c>
        </template></template><img src=d alt=d></div><x-y><template shadowrootmode=closed>
        <img src=e alt=e></template></x-y><template><div><template shadowrootmode=open>
        <img src=f alt=f></template></div></template><base href=/b/>"""
    found = read_html(page)
    assert sorted(str(one.src) for one in found.images) == ["a", "b", "d"]
    assert found.base == "/b/"


def test_only_a_base_of_html_counts() -> None:
    assert read_html("<svg><base href=/s/></svg><base><base href=/h/><base href=/i/>").base == "/h/"
    assert read_html("<template><base href=/t/></template><svg><base href=/s/></svg>").base is None


@pytest.mark.parametrize(
    ("page", "images"),
    [
        (f"{HTML}<script/><img src='a' alt='x'/></html>", ["a"]),
        (f"<?xml version='1.0' encoding='koi8-r'?>{HTML}<img src='a' alt='x'/></html>", ["a"]),
        (
            f"<!DOCTYPE html SYSTEM 'x'>{HTML}<p>&nbsp;</p><img src='a' alt='&eacute;'/></html>",
            ["a"],
        ),
        (f"{HTML}<template><img src='t'/></template><img src='a'/><IMG src='b'/></html>", ["a"]),
        ("<html><img src='a'/></html>", []),
        (f"{HTML}<img src='a'></html>", None),
        (f"{HTML}<p>&nbsp;</p></html>", None),
        (f"{HTML}<p a='1' a='2'/></html>", None),
        ("", None),
    ],
)
def test_images_of_xml(page: str, images: list[str] | None) -> None:
    found = read_xhtml(page)
    assert (found and [one.src for one in found.images]) == images


def test_an_external_entity_is_not_read() -> None:
    page = f"<!DOCTYPE html [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>{HTML}<p>&e;</p></html>"
    found = read_xhtml(page)
    assert found is not None
    assert found.images == []


def test_xhtml_that_is_not_well_formed_is_read_as_html() -> None:
    media = "Content-Type: application/xhtml+xml; charset=utf-8"
    for body in (f"{HTML}<script/><img src=a.png alt=x>", f"{HTML}<br><img src='a.png' alt='x'/>"):
        expected = [] if "script" in body else [("http://example.org/folder/a.png", "x", "alt")]
        assert run(zipped(response(body, media)))[1] == expected
