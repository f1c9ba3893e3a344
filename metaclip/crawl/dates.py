"""Read the dates of WARC records."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

# W3CDTF (WARC 1.1, 5.4): from the year alone to fractions of a second of any precision.
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?"
    r"(?:[Zz]|([+-])(\d\d):?(\d\d))?)?)?)?",
    re.ASCII,
)

_SECONDS = len("2016-01-11T23:24:25Z")


def parse_date(text: str | None) -> datetime | None:
    """Return a WARC-Date in UTC; None if it is missing or no such date.

    Parts that a date with less precision lacks are their first: `2016` is 2016-01-01T00:00:00Z.
    """
    if text and len(text) == _SECONDS and text[-1] == "Z":  # nearly all
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None
    found = _DATE.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    year, month, day = (int(one or 1) for one in found.groups("")[:3])
    hour, minute, second = (int(one or 0) for one in found.groups("")[3:6])
    fraction = int((found[7] or "0")[:6].ljust(6, "0"))
    offset = timedelta(hours=int(found[9] or 0), minutes=int(found[10] or 0))
    try:
        local = datetime(year, month, day, hour, minute, second, fraction, UTC)
        return local + offset if found[8] == "-" else local - offset
    except (ValueError, OverflowError):
        return None
