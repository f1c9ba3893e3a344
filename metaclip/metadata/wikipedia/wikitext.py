"""Convert wikitext to the text that a reader of the page sees.

Templates, references, tables' markup, comments and links to files and categories give no text.
Cells, list items and headings are lines of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mwparserfromhell.nodes import Node
    from mwparserfromhell.wikicode import Wikicode

PARSER = "mwparserfromhell"
FILE_NAMESPACES = frozenset({"file", "image", "category", "media"})
"""English names of the namespaces whose links show a picture or nothing; all wikis know them."""

_NO_TEXT = frozenset(
    (
        *("ref", "references", "math", "chem", "ce", "gallery", "imagemap", "timeline", "score"),
        *("syntaxhighlight", "source", "hiero", "graph", "categorytree", "inputbox", "section"),
        *("templatedata", "templatestyles", "mapframe", "maplink", "style", "script", "indicator"),
    )
)
_LINES = frozenset(
    (
        *("table", "tr", "td", "th", "caption", "li", "dd", "dt", "br", "hr", "p", "div", "ul"),
        *("ol", "dl", "blockquote", "center"),
    )
)
_SWITCHES = re.compile(r"__[A-Z]+__")
_INTERLANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]+)*:")


def parser_name() -> str:
    """Return the name and version of the parser, for the record of what was built."""
    return f"{PARSER} {version(PARSER)}"


def wikitext_to_text(wikitext: str, namespaces: frozenset[str] = FILE_NAMESPACES) -> str:
    """Return the text of a page.

    Args:
        namespaces: lower-case names of the namespaces for files and categories.
    """
    import mwparserfromhell

    code = mwparserfromhell.parse(_SWITCHES.sub("", wikitext))
    lines = (" ".join(line.split()) for line in "".join(_texts(code, namespaces)).split("\n"))
    return "\n".join(line for line in lines if line)


def _texts(code: Wikicode | None, namespaces: frozenset[str]) -> Iterator[str]:
    for node in code.nodes if code is not None else ():
        yield from _node_texts(node, namespaces)


def _node_texts(node: Node, namespaces: frozenset[str]) -> Iterator[str]:
    from mwparserfromhell import nodes

    match node:
        case nodes.Text():
            yield node.value
        case nodes.HTMLEntity():
            yield node.normalize() or ""
        case nodes.Heading():
            yield "\n"
            yield from _texts(node.title, namespaces)
            yield "\n"
        case nodes.Wikilink():
            yield from _link_texts(node, namespaces)
        case nodes.ExternalLink():
            yield from _texts(node.title, namespaces)
        case nodes.Tag():
            name = str(node.tag).strip().lower()
            separator = "\n" if name in _LINES else ""
            yield separator
            if name not in _NO_TEXT:
                yield from _texts(node.contents, namespaces)
            yield separator
        case _:  # templates, arguments and comments
            yield ""


def _link_texts(link: object, namespaces: frozenset[str]) -> Iterator[str]:
    title, text = str(link.title).strip(), link.text  # type: ignore[attr-defined]
    if title.partition(":")[0].strip().lower() in namespaces and ":" in title:
        return
    if text is not None:
        yield from _texts(text, namespaces)
    elif not _INTERLANGUAGE.match(title):
        yield title.lstrip(":")
