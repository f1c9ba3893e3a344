"""Split an archived HTTP response into status, header fields and body, as browsers do."""

from __future__ import annotations

import re
from typing import NamedTuple

# Browsers find `HTTP` within the first bytes, in any case, with or without a version.
_STATUS_LINE = re.compile(
    rb"[\s\S]{0,4}?HTTP(?:/[0-9.]*)?[ \t]*([0-9]{3})?[ \t]*([^\r\n]*)\r*\n", re.I
)
_NEXT_HEAD = re.compile(rb"[\r\n]*HTTP/?[0-9. \t]", re.I)
_END = re.compile(rb"\n\r*\n")
_FOLD = re.compile(rb"[ \t\r]*\n[ \t]+")
_BLANK = " \t\r\n\0"


class Response(NamedTuple):
    """An HTTP response: status, header fields in order with names in lower case, and body."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """Return all values of a field, in order."""
        return [value for key, value in self.fields if key == name]

    def joined(self, name: str) -> str:
        """Return the values of a field as one list (RFC 9110, 5.3), "" where it is missing."""
        return ", ".join(self.values(name))


class BadPayloadError(ValueError):
    """A payload that can't be read; its text is the reason to drop the record."""


def read_response(block: bytes) -> Response:
    """Return the response of a block; interim ones before it are passed over.

    Raises:
        BadPayloadError: bad_http, where a head is missing or has no end.
    """
    at = 0
    while True:
        line = _STATUS_LINE.match(block, at)
        end = _END.search(block, line.end() - 1) if line else None
        if line is None or end is None:
            raise BadPayloadError("bad_http")
        status = int(line[1] or 200)
        at = end.end()
        if not (_is_interim(status, line[2]) and _NEXT_HEAD.match(block, at)):
            return Response(status, _fields(block[line.end() : end.start()]), block[at:])
        at += len(block[at : at + 64]) - len(block[at : at + 64].lstrip(b"\r\n"))


def _is_interim(status: int, reason: bytes) -> bool:
    """Return True for 1xx (RFC 9110, 15.2) and for a proxy's answer to CONNECT (9.3.6)."""
    if status == 101:
        return False
    return 100 <= status < 200 or (status == 200 and b"established" in reason.lower())


def _fields(head: bytes) -> list[tuple[str, str]]:
    """Return (name, value) of each line with a colon; a folded line goes on (RFC 9112, 5.2)."""
    text = _FOLD.sub(b" ", head).decode("latin-1")
    parts = [line.partition(":") for line in text.split("\n")]
    return [(k.strip(_BLANK).lower(), v.strip(_BLANK)) for k, colon, v in parts if colon]
