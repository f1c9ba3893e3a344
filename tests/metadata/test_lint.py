"""Lint: an entry is dead where no text has it, and each mistake is named."""

from __future__ import annotations

from itertools import product

import pytest

from metaclip.config.settings import Spacing
from metaclip.matching.spacing import entry_pattern, space_text
from metaclip.metadata.lint import (
    SPACINGS,
    can_match,
    has_control_character,
    is_mojibake,
    lint_entries,
)

ALPHABET = "a .,"


def strings(length: int) -> list[str]:
    return ["".join(s) for n in range(length + 1) for s in product(ALPHABET, repeat=n)]


SPACED = [space_text(text) for text in strings(6)]


@pytest.mark.parametrize("spacing", SPACINGS)
def test_an_entry_can_match_where_some_short_text_has_it(spacing: Spacing) -> None:
    for entry in strings(4):
        if entry.strip():
            found = any(entry_pattern(entry, spacing) in text for text in SPACED)
            assert can_match(entry, spacing) == found, entry


@pytest.mark.parametrize("entry", ["a\tb", "a\nb", "a\r"])
def test_line_ends_and_tabs_never_match_under_reference(entry: str) -> None:
    assert not can_match(entry, "reference")


def test_each_check_by_hand() -> None:
    entries = [
        "cat",
        "Cat",
        "U.S.",
        "3.5",
        " ",
        "a",
        "x\u200by",
        "ca\u0301t",
        "cát",
        "Ã¤ra",
        "b" * 9,
    ]
    found = lint_entries(entries, [None] * len(entries), 8)
    assert {name: finding.examples for name, finding in found.items()} == {
        "unmatchable_reference": ["U.S.", "3.5"],
        "blank": [" "],
        "control_characters": ["x\u200by"],
        "mojibake": ["Ã¤ra"],
        "single_character": [" ", "a"],
        "too_long": ["b" * 9],
        "same_when_normalized": ["ca\u0301t", "cát"],
        "same_when_case_folded": ["cat", "Cat"],
    }
    revived = found["unmatchable_reference"].matches_under
    assert isinstance(revived, dict)
    assert revived["symmetric"] == 2


def test_doubles_are_those_of_one_language() -> None:
    entries = ["Gift", "gift", "GIFT"]
    assert lint_entries(entries, ["de", "en", "en"], 100)["same_when_case_folded"].examples == [
        "gift",
        "GIFT",
    ]


def test_five_examples_are_shown_of_all() -> None:
    finding = lint_entries([f"{n}.{n}" for n in range(9)], [None] * 9, 100)["unmatchable_reference"]
    assert (finding.count, len(finding.examples)) == (9, 5)


@pytest.mark.parametrize("text", ["café", "naïve", "北京", "Straße", "–", "Ångström", "§ 5"])
def test_a_true_text_is_no_mojibake(text: str) -> None:
    assert not is_mojibake(text)
    assert is_mojibake(text.encode().decode("cp1252", "replace"))


@pytest.mark.parametrize(
    ("entry", "found"), [("a b", False), ("می\u200cخواهم", False), ("a\x00", True)]
)
def test_characters_that_join_letters_are_no_controls(entry: str, found: bool) -> None:
    assert has_control_character(entry) is found
