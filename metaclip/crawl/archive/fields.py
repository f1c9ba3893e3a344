"""Look up the named fields of a WARC record's header."""

from __future__ import annotations

import re
from functools import lru_cache

_FOLD = re.compile(rb"[ \t\r]*\n[ \t]+")


def field_of(header: bytes, name: bytes) -> str | None:
    """Return the first value of a field; names count in any case, folded lines are joined.

    `name` is spelt as most writers do, which is looked for first.
    """
    start = header.find(b"\n" + name + b":") + len(name) + 2
    end = header.find(b"\n", start)
    if start > len(name) + 1 and header[end + 1 : end + 2] not in (b" ", b"\t"):
        return header[start:end].decode("utf-8", "replace").strip()
    found = _pattern(name).search(header)
    return _FOLD.sub(b" ", found[1]).decode("utf-8", "replace").strip() if found else None


@lru_cache(64)
def _pattern(name: bytes) -> re.Pattern[bytes]:
    value = rb"([^\r\n]*(?:\r*\n[ \t]+[^\r\n]*)*)"
    return re.compile(rb"(?i)\n" + re.escape(name) + rb"[ \t]*:" + value)
