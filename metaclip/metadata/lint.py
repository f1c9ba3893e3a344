"""Find the entries of a list that can never match, or that are probably mistakes."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import get_args

from msgspec import UNSET, Struct, UnsetType

from metaclip.config.settings import Spacing
from metaclip.matching.spacing import BECOME_SPACE, SPACED_APART, entry_pattern

EXAMPLES = 5
SPACINGS: tuple[Spacing, ...] = get_args(Spacing)

_MARKS = re.escape(SPACED_APART)
_MARKED = re.compile(f"[{_MARKS}{BECOME_SPACE}]")
_SUBSTRING_OF_SPACED = re.compile(
    # Units of a spaced text: a mark between its two spaces, or another character. The first
    # and the last unit may be cut.
    f"[{_MARKS}]|(?:[{_MARKS}] )?(?: [{_MARKS}] |[^{_MARKS}{BECOME_SPACE}])*(?: [{_MARKS}])?"
)
_CONTROLS = ("Cc", "Cf", "Co", "Cn")
_JOINERS = "\u200c\u200d"
"""Zero-width characters that words of Persian, Hindi and others need."""
_LEGACY = ("cp1252", "latin-1")


class Finding(Struct, frozen=True):
    """The entries that one check names."""

    count: int
    examples: list[str]
    matches_under: dict[str, int] | UnsetType = UNSET
    """Number of them that can match under each other spacing."""


def lint_entries(
    entries: Sequence[str], languages: Sequence[str | None], max_characters: int
) -> dict[str, Finding]:
    """Return what each check finds; a check that finds nothing is left out.

    Args:
        languages: one for each entry; doubles are those of one language.
    """
    found = {f"unmatchable_{spacing}": _unmatchable(entries, spacing) for spacing in SPACINGS}
    checks: dict[str, Iterable[str]] = {
        "blank": (entry for entry in entries if not entry.strip()),
        "control_characters": filter(has_control_character, entries),
        "mojibake": filter(is_mojibake, entries),
        "single_character": (entry for entry in entries if len(entry) == 1),
        "too_long": (entry for entry in entries if len(entry) > max_characters),
        "same_when_normalized": _doubles(entries, languages, normalize),
        "same_when_case_folded": _doubles(entries, languages, str.casefold),
    }
    found |= {name: _finding(list(bad)) for name, bad in checks.items()}
    return {name: finding for name, finding in found.items() if finding.count}


def _finding(entries: Sequence[str]) -> Finding:
    return Finding(len(entries), list(entries[:EXAMPLES]))


def _unmatchable(entries: Sequence[str], spacing: Spacing) -> Finding:
    dead = [entry for entry in entries if not can_match(entry, spacing)]
    others: dict[str, int] = {
        other: sum(can_match(entry, other) for entry in dead)
        for other in SPACINGS
        if dead and other != spacing
    }
    return Finding(len(dead), dead[:EXAMPLES], others)


def can_match(entry: str, spacing: Spacing) -> bool:
    """Return whether any text has a match of the entry.

    A pattern can match where it is a substring of some spaced text: each mark in it has the
    spaces around it that spacing adds.
    """
    if not _MARKED.search(entry):
        return True
    return _SUBSTRING_OF_SPACED.fullmatch(entry_pattern(entry, spacing)) is not None


def has_control_character(entry: str) -> bool:
    """Return whether an entry has an invisible character, but one that joins letters."""
    if entry.isprintable():  # then only spaces and visible characters
        return False
    return any(
        unicodedata.category(character) in _CONTROLS and character not in _JOINERS
        for character in entry
    )


def is_mojibake(entry: str) -> bool:
    """Return whether an entry is UTF-8 that was read as a Western encoding, or has U+FFFD."""
    if entry.isascii():
        return False
    return "\ufffd" in entry or any(_decodes(entry, encoding) for encoding in _LEGACY)


def _decodes(entry: str, encoding: str) -> bool:
    try:
        entry.encode(encoding).decode("utf-8")
    except UnicodeError:
        return False
    return True


def normalize(entry: str) -> str:
    """Return an entry in NFKC with single spaces."""
    return " ".join(unicodedata.normalize("NFKC", entry).split())


def _doubles(
    entries: Sequence[str], languages: Sequence[str | None], fold: Callable[[str], str]
) -> Iterator[str]:
    """Yield the entries that `fold` maps to one string with others of their language."""
    keys = [(language, fold(entry)) for entry, language in zip(entries, languages, strict=True)]
    counts = Counter(keys)
    return (entry for entry, key in zip(entries, keys, strict=True) if counts[key] > 1)
