"""Build lists of entries in one plain process, to compare with what Spark builds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from metaclip.metadata.tokens import split_segments
from metaclip.metadata.wikipedia.wikitext import FILE_NAMESPACES, wikitext_to_text
from tests.helpers.dumps import slow_pages

Bigram = tuple[str, str]


def dump_segments(file: Path, namespaces: Iterable[str] = ()) -> list[list[str]]:
    """Return the runs of words of all articles of a dump."""
    names = FILE_NAMESPACES | set(namespaces)
    texts = [
        wikitext_to_text(text, names)
        for _, _, namespace, redirect, text in slow_pages(file.read_bytes())
        if namespace == 0 and not redirect
    ]
    return [segment for text in texts for segment in split_segments(text)]


def count_segments(segments: Iterable[list[str]]) -> tuple[Counter[str], Counter[Bigram]]:
    """Return the counts of words and of adjacent words."""
    words: Counter[str] = Counter()
    bigrams: Counter[Bigram] = Counter()
    for segment in segments:
        words.update(segment)
        bigrams.update(pairwise(segment))
    return words, bigrams


def best(scores: dict[str, float], taken: set[str], top: int | None = None) -> list[str]:
    """Return the new entries by score from the highest, then by their UTF-8 bytes."""
    new = [entry for entry in scores if entry not in taken]
    return sorted(new, key=lambda entry: (-scores[entry], entry.encode()))[:top]


def slow_views(
    hours: Iterable[Sequence[str]], domain: str, namespaces: set[str], min_hourly: int
) -> tuple[Counter[str], Counter[str]]:
    """Return the views of each title and the number of lines of each reason."""
    views: Counter[str] = Counter()
    lines: Counter[str] = Counter()
    for hour in hours:
        hourly: Counter[str] = Counter()
        of_title: Counter[str] = Counter()
        for line in hour:
            reason, title, count = _slow_line(line, domain, namespaces)
            if reason != "kept":
                lines[reason] += 1
                continue
            hourly[title] += count
            of_title[title] += 1
        for title, count in hourly.items():
            lines["kept" if count >= min_hourly else "below_hourly"] += of_title[title]
            if count >= min_hourly:
                views[title] += count
    return views, lines


def _slow_line(line: str, domain: str, namespaces: set[str]) -> tuple[str, str, int]:
    fields = line.split(" ")
    if len(fields) != 4 or not re.fullmatch(r"[0-9]{1,18}", fields[2]) or not fields[1]:
        return "broken", "", 0
    if fields[0] not in (domain, f"{domain}.m", f"{domain}.zero"):
        return "other_project", "", 0
    title = fields[1]
    if re.fullmatch(r"(?:[^%]|%[0-9A-Fa-f]{2})*", title):
        decoded = unquote(title, errors="replace")
        title = title if "\ufffd" in decoded else decoded
    title = re.sub(r"[_\s]+", " ", title).strip()
    title = title[:1].upper() + title[1:]
    if title in ("", "-"):
        return "no_title", "", 0
    prefix, colon, _ = title.partition(":")
    name = prefix.strip().lower()
    if colon and (name in namespaces or name.removesuffix(" talk") in namespaces):
        return "namespace", "", 0
    return "kept", title, int(fields[2])
