"""Generate pages that are made to take a parser's time and memory."""

from __future__ import annotations

import random
from collections.abc import Callable

MAX_BYTES = 8_000_000
_FORMATTING = [
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong",
    "tt", "u",
]  # fmt: skip
_BLOCKS = [
    "p", "div", "li", "td", "th", "tr", "table", "option", "select", "button", "h1",
    "form", "ul", "dd", "dt", "svg", "g", "math", "mi",
]  # fmt: skip

Unit = Callable[[random.Random, int], str]


def _attributes(rng: random.Random, i: int) -> str:
    return " ".join(f"{rng.choice('abcxyz')}{i}{j}={i}" for j in range(rng.randrange(12)))


UNITS: dict[str, Unit] = {
    "formatting elements in blocks": lambda r, i: f"<p><font color=#{i:06x}>x",
    "links": lambda r, i: f"<p><a href={i}>x",
    "links in cells": lambda r, i: f"<table><td><a href={i}>x",
    "options": lambda r, i: f"<option><font color={i}>x",
    "nobr": lambda r, i: f"<p><nobr id={i}>x",
    "nested blocks": lambda r, i: f"<{r.choice(_BLOCKS)}>",
    "nested formatting": lambda r, i: f"<{r.choice(_FORMATTING)} a={i}>",
    "nested tables": lambda r, i: "<table><tr><td>",
    "foster parents": lambda r, i: f"<table><b id={i}>x</table>",
    "ends without starts": lambda r, i: f"</{r.choice(_BLOCKS + _FORMATTING)}>",
    "adoption": lambda r, i: f"<{r.choice(_FORMATTING)} a={i}><div></{r.choice(_FORMATTING)}>",
    "attributes": lambda r, i: f" a{i}={i}",
    "formatting of many attributes": lambda r, i: f"<b {_attributes(r, i)}><p>",
    "svg": lambda r, i: r.choice(["<svg>", "<desc>", "<p>", "<foreignObject>", "<title>"]),
    "math": lambda r, i: r.choice(["<math>", "<mi>", "<annotation-xml encoding=text/html>", "<p>"]),
    "comments": lambda r, i: r.choice(["<!--", "<!-->", "<!-- x -->", "<![CDATA[", "<!x>", "--!>"]),
    "templates and forms": lambda r, i: r.choice(["<template>", "<form>", "<td>", "</template>"]),
    "shadow roots": lambda r, i: "<div><template shadowrootmode=open><img>",
    "images in templates": lambda r, i: r.choice(["<template>", "<div>", "<img src=x alt=y>"]),
    "selected content": lambda r, i: r.choice(
        ["<select>", "<selectedcontent>", "<option selected>x"]
    ),
    "framesets": lambda r, i: r.choice(["<frameset>", "<frame>", "<noframes>", "</frameset>"]),
    "entities": lambda r, i: r.choice(["&notit;", "&#x10ffff;", "&#99999999999;", "&am", "&"]),
    "ruby": lambda r, i: r.choice(["<ruby>", "<rb>", "<rt>", "<rtc>", "<rp>"]),
    "images": lambda r, i: f"<img src={i} alt={i}>",
    "anything": lambda r, i: r.choice([
        f"<{r.choice(_FORMATTING)} a={i}>", f"<{r.choice(_BLOCKS)}>", f"</{r.choice(_BLOCKS)}>",
        f"</{r.choice(_FORMATTING)}>", "x", "<template>", "</template>", "<svg>", "<img>",
    ]),
}  # fmt: skip
"""Kinds of what is repeated: shapes of lexbor 340, selectolax 153 and 221, html5lib's and browsers'
lists, and mixtures of them; `i` is the number of the repetition.
"""


def blow_up(kind: str, rng: random.Random, size: int) -> str:
    """Return a page of one kind, of about `size` characters and at most MAX_BYTES bytes."""
    unit, parts, length = UNITS[kind], [], 0
    # One stretch of 500 units, then again with other numbers: generating must not take longer.
    for i in range(500):
        parts.append(unit(rng, i))
    stretch = "".join(parts)
    while length < size:
        parts.append(stretch if kind != "formatting elements in blocks" else _numbered(length))
        length += len(parts[-1])
    start = "<p" if kind == "attributes" else "<select>" if kind == "options" else ""
    return (start + "".join(parts))[: min(size, MAX_BYTES)]


def _numbered(start: int) -> str:
    return "".join(f"<p><font color=#{start + i:06x}>x" for i in range(1000))
