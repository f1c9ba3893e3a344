"""URLs of pages and images by the WHATWG rules."""

from __future__ import annotations

from ada_url import join_url, normalize_url

HTTP = ("http://", "https://")


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
