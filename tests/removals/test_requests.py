"""Keys of listed pairs, images and domains; positions of the entries of a text."""

from __future__ import annotations

import pytest

from metaclip.curation.explanation import find_entries
from metaclip.removals.requests import keys_of
from metaclip.warehouse.ids import image_id


@pytest.mark.parametrize(
    ("domain", "keys"),
    [
        ("example.org", [".example.org"]),
        ("Example.ORG:8080", [".example.org"]),
        ("*.example.org", [".example.org"]),
        (".example.org.", [".example.org"]),
        ("bücher.de", [".bücher.de", ".xn--bcher-kva.de"]),
        ("BÜCHER.de", [".bücher.de", ".xn--bcher-kva.de"]),
        ("xn--bcher-kva.de", [".bücher.de", ".xn--bcher-kva.de"]),
        ("192.168.0.1", [".192.168.0.1"]),
        ("[::1]:80", [".[::1]"]),
    ],
)
def test_a_domain_is_read_in_each_spelling(domain: str, keys: list[str]) -> None:
    assert keys_of("domain", domain) == sorted(keys)


@pytest.mark.parametrize(
    "value",
    ["com", "localhost", "", "*", "a b.org", "http://a.org/", "a.org/path", "me@a.org", "a..b.org"],
)
def test_a_value_that_is_no_domain_gives_no_key(value: str) -> None:
    assert keys_of("domain", value) == []


def test_ids_and_urls_give_their_keys() -> None:
    assert keys_of("pair_id", "A" * 32) == ["a" * 32]
    assert keys_of("image_id", "0" * 24) == ["0" * 24]
    for kind, value in (("pair_id", "a" * 31), ("pair_id", "g" * 32), ("image_id", "0" * 32)):
        assert keys_of(kind, value) == []
    given, read = "HTTP://Example.org/ä b.jpg", "http://example.org/%C3%A4%20b.jpg"
    assert keys_of("image_url", given) == sorted([image_id(given), image_id(read)])
    assert keys_of("image_url", read) == [image_id(read)]
    assert keys_of("image_url", "http://") == [image_id("http://")]


def test_positions_of_entries_are_those_worked_by_hand() -> None:
    """Worked by hand: the spaced text is ' a cat , a cat cat '."""
    found = find_entries("a cat, a cat cat", ["a", "a cat", "cat", ",", "cat a", "at"], "reference")
    assert [(entry, positions) for _, entry, positions in found] == [
        ("a", [1, 10]),
        ("a cat", [1, 10]),
        ("cat", [3, 12, 16]),
        (",", [7]),
    ]
    assert [entry_id for entry_id, _, _ in found] == [0, 1, 2, 3]
    assert find_entries("the U.S. mail", ["U.S."], "reference") == []
    spaced = find_entries("the U.S. mail", ["U.S."], "symmetric")
    assert [positions for _, _, positions in spaced] == [[5]]
