"""Make small dumps of Wikipedia, and read them with the plainest of tools."""

from __future__ import annotations

import bz2
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from xml.sax.saxutils import escape

from metaclip.config.metadata import WikipediaSettings

HEADER = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" xml:lang="en"><siteinfo>
<sitename>Wikipedia</sitename><namespaces><namespace key="-1">Special</namespace>
<namespace key="0" /><namespace key="6">Datei</namespace><namespace key="14">Kategorie</namespace>
<namespace key="10">Vorlage</namespace></namespaces></siteinfo>
"""
FOOTER = "</mediawiki>\n"
SETTINGS = WikipediaSettings()


def page(number: int, text: str, title: str = "", namespace: int = 0, redirect: str = "") -> str:
    """Return the XML of one page."""
    target = f'<redirect title="{redirect}" />' if redirect else ""
    return (
        f"<page><title>{escape(title or f'Page {number}')}</title><ns>{namespace}</ns>"
        f"<id>{number}</id>{target}<revision><id>{number + 1000}</id><contributor>"
        f"<username>A</username><id>7</id></contributor>"
        f'<text xml:space="preserve">{escape(text)}</text></revision></page>\n'
    )


def dump(pages: Sequence[str]) -> bytes:
    """Return a dump of one stream."""
    return bz2.compress((HEADER + "".join(pages) + FOOTER).encode())


def multistream(pages: Sequence[str], per_stream: int) -> tuple[bytes, bytes]:
    """Return a multistream dump and its index, both compressed."""
    data, lines = bz2.compress(HEADER.encode()), []
    for begin in range(0, len(pages), per_stream):
        group = pages[begin : begin + per_stream]
        ids = [re.search(r"<id>(\d+)</id>", text) for text in group]
        lines += [f"{len(data)}:{found[1]}:a:title" for found in ids if found]
        data += bz2.compress("".join(group).encode())
    data += bz2.compress(FOOTER.encode())
    return data, bz2.compress("\n".join([*lines, ""]).encode())


def slow_pages(data: bytes) -> list[tuple[int, str, int, bool, str]]:
    """Return id, title, namespace, redirect and text of all pages by Python's own XML tree."""
    root = ET.parse(io.BytesIO(bz2.decompress(data))).getroot()
    name = re.sub(r"mediawiki\Z", "", root.tag)
    return [
        (
            int(found.findtext(f"{name}id") or ""),
            found.findtext(f"{name}title") or "",
            int(found.findtext(f"{name}ns") or ""),
            found.find(f"{name}redirect") is not None,
            found.findtext(f"{name}revision/{name}text") or "",
        )
        for found in root.iter(f"{name}page")
    ]
