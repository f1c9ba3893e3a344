"""Space texts and entries, so that a match is a substring.

Source: Xu et al. 2023, section 3.1 and the substring matching of its appendix: an entry
matches where it occurs between two spaces, once spaces surround the punctuation below.
"""

from __future__ import annotations

from metaclip.config.settings import Spacing

SPACED_APART = ",.;:?!`"
"""Characters that get a space on both sides."""
BECOME_SPACE = "\t\n\r"
"""Characters that a space replaces."""

_TABLE = str.maketrans(
    {mark: f" {mark} " for mark in SPACED_APART} | dict.fromkeys(BECOME_SPACE, " ")
)


def space_text(text: str) -> str:
    """Return the spaced text: a space at both ends and around `, . ; : ? !` and the backtick.

    Case, repeated spaces and Unicode form stay as they are.
    """
    return f" {text} ".translate(_TABLE)


def entry_pattern(entry: str, spacing: Spacing) -> str:
    """Return the substring of a spaced text that is a match of `entry`.

    Under `reference` it is the entry itself between two spaces, so an entry with punctuation
    inside a word (`U.S.`) never matches; under `symmetric` the entry is spaced as texts are.
    """
    return f" {entry} " if spacing == "reference" else space_text(entry)
