"""Check that a list of entries can be matched with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from metaclip.errors import InputError

SHOWN = 5
_UNMATCHABLE = "\t\n\r"


def check_entries(
    entries: Sequence[object], where: str, languages: Sequence[str | None] | None = None
) -> None:
    """Raise InputError for entries that no list can have, with examples.

    Args:
        where: the setting and file, for the error.
        languages: one for each entry; an entry may be there once in each language.
    """
    if not entries:
        raise InputError(where, "at least one entry", "none")
    for number, entry in enumerate(entries):
        if not isinstance(entry, str):
            found = f"{json.dumps(entry)[:60]} at position {number}"
            raise InputError(where, "a list of strings", found)
    texts = [entry for entry in entries if isinstance(entry, str)]
    kinds = {
        "entries that are not blank": [e for e in texts if not e.strip()],
        "entries without tab, newline or carriage return, which no text can match": [
            e for e in texts if any(mark in e for mark in _UNMATCHABLE)
        ],
        "entries that UTF-8 can hold": [e for e in texts if not _encodable(e)],
        "each entry once": _repeated(texts, languages or [None] * len(texts)),
    }
    for expected, bad in kinds.items():
        if bad:
            shown = ", ".join(json.dumps(entry) for entry in bad[:SHOWN])
            more = " ..." if len(bad) > SHOWN else ""
            raise InputError(where, expected, f"{len(bad)}: {shown}{more}")


def _encodable(entry: str) -> bool:
    return entry.isascii() or not any("\ud800" <= character <= "\udfff" for character in entry)


def _repeated(entries: Sequence[str], languages: Sequence[str | None]) -> list[str]:
    counts = Counter(zip(languages, entries, strict=True))
    return [entry for (_, entry), count in counts.items() if count > 1]
