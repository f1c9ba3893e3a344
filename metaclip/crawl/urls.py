"""URLs of pages and images by the WHATWG rules."""

from __future__ import annotations

from typing import NamedTuple

from ada_url import join_url, normalize_url

HTTP = ("http://", "https://")
_LONGEST_BASE = 2000


class Folder(NamedTuple):
    """The beginning of a page's base that can stand before plain URLs (see `plain`): its
    first `ends[form]` bytes.
    """

    start: bytes
    ends: tuple[int, int, int, int, int]


_NOWHERE = Folder(b"", (0, 0, 0, 0, 0))


def folder_of(base: str | None) -> Folder | None:
    """The folder of a resolved base; None if it is not that of an HTTP page, or too long."""
    if base is None:
        return _NOWHERE
    if not base.startswith(HTTP) or len(base) > _LONGEST_BASE:
        return None
    scheme = base.index(":") + 1
    path = base.partition("?")[0].partition("#")[0]
    folder = path.rindex("/") + 1
    return Folder(path[:folder].encode(), (0, 0, scheme, path.index("/", scheme + 2), folder))


def bare_url(page_url: str | None) -> str:
    """A page's URL, which wget writes as `<url>`; "" if it is missing."""
    return page_url.removeprefix("<").removesuffix(">") if page_url else ""


def page_base(page_url: str, base: str | None) -> str | None:
    """The URL that relative ones resolve against; None if there is none.

    A bad `<base>` is ignored, as are `data:` and `javascript:` ones (HTML, "set the
    frozen base URL").
    """
    url = resolve(None, page_url)
    if base is not None:
        resolved = resolve(url, base)
        if resolved is not None and not resolved.startswith(("data:", "javascript:")):
            return resolved
    return url


def resolve(base: str | None, url: str) -> str | None:
    """`url` by the WHATWG rules against `base`; None if it is not valid."""
    try:
        return normalize_url(url) if base is None else join_url(base, url)
    except ValueError:
        return None
