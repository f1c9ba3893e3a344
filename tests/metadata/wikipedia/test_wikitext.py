"""Wikitext: the text that a reader of the page sees, and a bound on each page."""

from __future__ import annotations

import pytest

from metaclip.metadata.wikipedia.parser_process import WikitextParser
from metaclip.metadata.wikipedia.wikitext import FILE_NAMESPACES, wikitext_to_text

MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    ("wikitext", "text"),
    [
        ("'''A''' ''b'' c", "A b c"),
        ("[[cat]] [[dog|dogs]] [[:Category:Pets]]", "cat dogs Category:Pets"),
        ("[[File:x.jpg|thumb|300px|a [[cat]] here]]before", "before"),
        ("[[image:x.jpg|thumb]]a[[Category:Cats]]", "a"),
        ("[[de:Katze]] [[zh-min-nan:Niau]] a", "a"),
        ("{{Infobox|name=[[a]]|x={{y}}}} text", "text"),
        ("one<ref name=a>two</ref> three<ref name=a/>", "one three"),
        ("a<!-- b -->c", "ac"),
        ("== Head ==\nbody", "Head\nbody"),
        ("* one\n* two", "one\ntwo"),
        ("{| class=x\n! head\n|-\n| one || two\n|}", "head\none\ntwo"),
        ("x &amp; y &nbsp; z &#228;", "x & y z ä"),
        ("[https://example.org a link] https://example.org", "a link"),
        ("<math>x^2</math> a <b>c</b>", "a c"),
        ("<nowiki>[[x]]</nowiki>", "[[x]]"),
        ("__NOTOC__ a<br>b<br/>c", "a\nb\nc"),
        ("unclosed [[link and {{template", "unclosed [[link and {{template"),
        ("", ""),
    ],
)
def test_text_of_a_page_by_hand(wikitext: str, text: str) -> None:
    assert wikitext_to_text(wikitext) == text


def test_a_wikis_own_namespaces_show_no_text() -> None:
    names = FILE_NAMESPACES | {"файл"}
    assert wikitext_to_text("[[Файл:x.jpg|мини|текст]]а", names) == "а"
    assert wikitext_to_text("[[Файл:x.jpg|мини|текст]]а") != "а"


def test_a_page_that_hangs_the_parser_ends_and_the_next_is_read() -> None:
    with WikitextParser(FILE_NAMESPACES, 1, 1024 * MEGABYTE) as parser:
        assert parser.parse("'''a'''") == ("a", "")
        assert parser.parse("[[a|" * 50_000) == (None, "page_timeout")
        assert parser.parse("''ä''") == ("ä", "")


def test_the_bound_is_of_each_page_not_of_all() -> None:
    heavy = "{{a|[[b]]|''c''}} " * 4_000
    with WikitextParser(FILE_NAMESPACES, 1, 1024 * MEGABYTE) as parser:
        assert {parser.parse(heavy)[1] for _ in range(8)} == {""}


def test_a_page_that_takes_too_much_memory_ends() -> None:
    with WikitextParser(FILE_NAMESPACES, 20, 160 * MEGABYTE) as parser:
        text, reason = parser.parse("[[a]] " * 500_000)
        assert text is None
        assert reason in ("page_memory", "parser_crash")
        assert parser.parse("a") == ("a", "")
