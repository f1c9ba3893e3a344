"""Find the part of a page's base that precedes simple relative URLs, in kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from metaclip.crawl.scanner.json_walk import COLON, same
from metaclip.crawl.scanner.record import BASE, NO_BASE, PAGE_URL, PREFIX, ROWS
from metaclip.crawl.scanner.simple_url import ABSOLUTE, NO_FOLDER, NO_HOST, NO_SCHEME, simple_form
from metaclip.jit.compiler import inlined_uncounted

_SLASH, _QUESTION, _HASH, _AMPERSAND, _LESS, _GREATER, _HYPHEN = (
    np.uint8(ord(sign)) for sign in "/?#&<>-"
)


@inlined_uncounted
def _own_base(data: Any, found: Any) -> Any:
    """Return start and end of the page's base up to its query if that is simple, else (0, 0)."""
    start, end = found[2 * BASE], found[2 * BASE + 1]
    if start < 0:
        start, end = found[2 * PAGE_URL], found[2 * PAGE_URL + 1]
        if end > start and data[start] == _LESS:  # wget writes it as `<url>`
            start += 1
        if end > start and data[end - 1] == _GREATER:
            end -= 1
    for at in range(start, end):
        if data[at] == _AMPERSAND:  # it may start an entity
            return 0, 0
        if data[at] == _QUESTION or data[at] == _HASH:
            end = at
            break
    return (start, end) if simple_form(data, start, end) == ABSOLUTE else (0, 0)


@inlined_uncounted
def _note_prefix(base: Any, start: Any, end: Any, found: Any) -> None:
    """Note the prefixes of an HTTP base for simple URLs; the longest ends at its last slash."""
    scheme = start
    while base[scheme] != COLON:
        scheme += 1
    host = scheme + 3
    while base[host] != _SLASH:
        host += 1
    path = host
    for at in range(host, end):
        if base[at] == _QUESTION or base[at] == _HASH:
            break
        if base[at] == _SLASH:
            path = at + 1
    found[PREFIX], found[PREFIX + NO_SCHEME] = start, scheme + 1 - start
    found[PREFIX + NO_HOST], found[PREFIX + NO_FOLDER] = host - start, path - start


@inlined_uncounted
def take_base(data: Any, base: Any, longest: Any, found: Any) -> Any:
    """Note the prefixes of the base, if any; return False if Python must resolve it first."""
    given = base.shape[0] > 0
    if not given:
        start, end = _own_base(data, found)
        if end > start and end - start <= longest:
            _note_prefix(data, start, end, found)
            return True
        return found[ROWS] == 0
    found[NO_BASE] = base[0] == _HYPHEN
    is_http = same(base, 0, b"http://") or same(base, 0, b"https://")
    if is_http and base.shape[0] <= longest:
        _note_prefix(base, 0, base.shape[0], found)
    return True
