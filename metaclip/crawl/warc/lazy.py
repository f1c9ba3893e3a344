"""Choose the URL of an image that a script loads later: lazy attributes and `srcset`."""

from __future__ import annotations

import re
from collections.abc import Callable

LAZY_ATTRIBUTES = (
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-echo",
    "data-lazyload",
    "data-lazy-original",
    "data-original-src",
    "data-orig-src",
    "data-img-src",
    "data-image-src",
    "data-ll-src",
    "data-lazyload-src",
    "data-srclazy",
    "data-normal",
    "data-flickity-lazyload",
    "data-cfsrc",
    "data-hi-res-src",
    "data-orig-file",
    "nitro-lazy-src",
)
"""Attributes whose URL a script puts into `src`, of lazysizes, jQuery and vanilla lazyload, lozad,
bLazy, unveil, slick, Echo, WordPress, Jetpack, Slider Revolution and Mirage.
"""
LAZY_SRCSETS = ("data-srcset", "data-lazy-srcset", "data-original-set", "nitro-lazy-srcset")
"""Lists of candidates that a script puts into `srcset`."""
_LOOSE_ATTRIBUTES = ("data-url", "data-image", "data-img", "data-large")
"""Attributes that hold other URLs as well: they count beside a placeholder alone."""
_PLACEHOLDER_FILE = re.compile(
    r"(?i)(?:\A|[/_.-])(?:1x1|1px|ajax-loader|blank|clear|dot|dummy|empty|fallback|gr[ae]y|holder"
    r"|lazy(?:load(?:ing|er)?)?|load(?:er|ing)?|no-?image|pixel|placeholder|preload(?:er)?|shim"
    r"|spacer|spin(?:ner)?|t(?:rans(?:parent)?)?|trans?p|white)"
    r"[\w.-]*?\.(?:avif|gif|jpe?g|png|svg|webp)(?:[?#]|\Z)"
)
_CANDIDATE = re.compile(r"[\s,]*([^\s,][^\s]*)")
_DESCRIPTOR = re.compile(r"[^,(]*(?:\([^)]*\)[^,(]*)*")
_NUMBER = re.compile(r"(?:\A|\s)(\d+(?:\.\d+)?)([wx])(?=\s|\Z)")
_BLANKS = "".join(map(chr, range(0x21)))
_MOST_CANDIDATES = 100

Attribute = Callable[[str], str | None]


def is_placeholder(src: str | None) -> bool:
    """Return True for no URL: a missing, blank or `data:` one."""
    src = (src or "").strip(_BLANKS)
    return not src or src[:5].lower() == "data:"


def lazy_url(attribute: Attribute) -> str | None:
    """Return the URL that a script would put into `src`, None where `src` is the image.

    A lazy attribute counts whatever `src` is, since a script replaces that, a file such as
    blank.gif as well. `srcset` and attributes of other uses count beside a placeholder only.
    """
    found = _first(attribute, LAZY_ATTRIBUTES)
    if found is None:
        found = _best(attribute, LAZY_SRCSETS)
    src = attribute("src")
    if found is not None or not (is_placeholder(src) or _PLACEHOLDER_FILE.search(src or "")):
        return found
    found = _best(attribute, ("srcset",))
    return found if found is not None else _first(attribute, _LOOSE_ATTRIBUTES)


def _first(attribute: Attribute, names: tuple[str, ...]) -> str | None:
    values = (attribute(name) for name in names)
    return next((value for value in values if value and not is_placeholder(value)), None)


def _best(attribute: Attribute, names: tuple[str, ...]) -> str | None:
    values = (best_candidate(attribute(name) or "") for name in names)
    return next((value for value in values if value is not None), None)


def best_candidate(srcset: str) -> str | None:
    """Return the URL of the largest width or density (HTML standard, 4.8.4.2.2).

    Equal ones: the first. `data:` URLs are none.
    """
    best, largest, at = None, 0.0, 0
    for _ in range(_MOST_CANDIDATES):
        url = _CANDIDATE.match(srcset, at)
        if url is None:
            break
        text, at, descriptors = url[1], url.end(), ""
        if text.endswith(","):
            text = text.rstrip(",")
        else:
            rest = _DESCRIPTOR.match(srcset, at)
            assert rest is not None  # it matches the empty string
            descriptors, at = rest[0], rest.end()
        number = _NUMBER.search(descriptors)
        size = float(number[1]) if number else 1.0
        if size > largest and not is_placeholder(text):
            best, largest = text, size
    return best
