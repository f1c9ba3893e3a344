"""Recognise pages that ask not to be used for training."""

from __future__ import annotations

import re

_DIRECTIVES = frozenset({"noai", "noimageai"})


def says_no(name: object, value: object) -> bool:
    """Return True where an HTTP header or `<meta>` (name, content) opts the page out.

    `robots` and `X-Robots-Tag` with `noai` or `noimageai`, also after a crawler's name
    (`bot: noai`); TDMRep's `tdm-reservation: 1`. A list of values counts if one does.
    """
    if isinstance(value, list):
        return any(says_no(name, one) for one in value)
    if not isinstance(name, str) or not isinstance(value, str):
        return False
    name = name.strip().lower()
    if name in ("robots", "x-robots-tag"):
        return not _DIRECTIVES.isdisjoint(re.split(r"[\s,:]+", value.lower()))
    return name == "tdm-reservation" and value.strip() == "1"
