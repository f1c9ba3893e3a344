"""Spacing: how a text becomes the string in which entries are looked for.

Source: Xu et al. 2023, section 3.1 and the substring matching of its appendix: an entry
matches where it stands between two spaces, after the punctuation below was set apart.
"""

from __future__ import annotations

from metaclip.config.settings import Spacing

SPACED_APART = ",.;:?!`"
BECOME_SPACE = "\t\n\r"

_TABLE = str.maketrans(
    {mark: f" {mark} " for mark in SPACED_APART} | dict.fromkeys(BECOME_SPACE, " ")
)


def space_text(text: str) -> str:
    """Return the spaced text: padded, `, . ; : ? !` and the backtick set apart.

    Nothing is lower-cased, collapsed or normalised.
    """
    return f" {text} ".translate(_TABLE)


def entry_pattern(entry: str, spacing: Spacing) -> str:
    """Return the substring of a spaced text that means `entry` was found.

    Under `reference` the entry stands as it is between two spaces, so that one with
    punctuation inside a word (`U.S.`) can't match; under `symmetric` it is spaced as
    the texts are.
    """
    return f" {entry} " if spacing == "reference" else space_text(entry)
