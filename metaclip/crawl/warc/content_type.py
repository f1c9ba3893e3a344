"""Parse Content-Type fields and pick the one that counts (Fetch and MIME Sniffing standards)."""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = r"[-!#$%&'*+.^_`|~A-Za-z0-9]+"
_HTTP_BLANK = " \t\r\n"
_TYPE = re.compile(rf"({_TOKEN})/({_TOKEN})[ \t\r\n]*(?=;|\Z)")
# A list's comma is outside of quoted strings; a quote that nothing closes runs to the end.
_LIST_ITEM = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.?)*(?:"|\Z))+', re.S)
_PARAMETER_NAME = re.compile(r"[ \t\r\n]*([^;=]*)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.?)*)(?:"|\Z)[^;]*', re.S)
_ESCAPE = re.compile(r"\\(.?)", re.S)
_PLAIN = re.compile(r"[^;]*")
_IS_TOKEN = re.compile(rf"{_TOKEN}\Z")
_IS_QUOTABLE = re.compile(r"[\t\x20-\x7e\x80-\xff]*\Z")


class MimeType(NamedTuple):
    """A MIME type: `type/subtype` in lower case, and its charset parameter, if any."""

    essence: str
    charset: str | None = None


def parse_mime_type(text: str) -> MimeType | None:
    """Return the MIME type (MIME Sniffing 4.4), None where the text is none."""
    text = text.strip(_HTTP_BLANK)
    found = _TYPE.match(text)
    if found is None:
        return None
    return MimeType(f"{found[1]}/{found[2]}".lower(), _charset(text, found.end()))


def _charset(text: str, at: int) -> str | None:
    """Return the first valid `charset` parameter behind the essence."""
    while at < len(text):
        name = _PARAMETER_NAME.match(text, at + 1)
        assert name is not None  # it matches the empty string
        at = name.end()
        if at >= len(text) or text[at] == ";":
            continue
        value = _QUOTED.match(text, at + 1)
        if value:
            charset = _ESCAPE.sub(lambda one: one[1] or "\\", value[1]) or None
            at = value.end()
        else:
            plain = _PLAIN.match(text, at + 1)
            assert plain is not None
            charset, at = plain[0].rstrip(_HTTP_BLANK) or None, plain.end()
        valid = charset is not None and _IS_QUOTABLE.match(charset)
        if name[1].lower() == "charset" and _IS_TOKEN.match(name[1]) and valid:
            return charset
    return None


def extract_mime_type(values: list[str]) -> MimeType | None:
    """Return the MIME type of all Content-Type fields (Fetch, "extract a MIME type").

    The last valid value that is not `*/*` counts; a charset that an earlier value of the same
    essence has goes over to it. None where no value is valid.
    """
    found: MimeType | None = None
    charset: str | None = None
    for value in values:
        for item in _LIST_ITEM.findall(value):
            new = parse_mime_type(item)
            if new is None or new.essence == "*/*":
                continue
            if found is None or new.essence != found.essence:
                charset = new.charset
            elif new.charset is None:
                new = MimeType(new.essence, charset)
            found = new
    return found
