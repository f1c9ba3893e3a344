"""Find the columns of a pool that hold URL, text and id, and those of `import.where`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from metaclip.config.crawl import ImportSettings
from metaclip.ingest.pool.opening import FormError
from metaclip.ingest.pool.values import Role

NAMES: Mapping[Role, tuple[str, ...]] = {
    "url": ("url", "URL"),
    "text": ("text", "TEXT", "caption"),
    "id": ("uid", "key", "source_id"),
}
"""The names by which a column is known unless one is set; the first that a file has counts."""

Where = Mapping[str, pa.DataType]
"""The columns of `import.where`, by the names that it gives them, and the types to read."""


class Columns(NamedTuple):
    """The names of one file's columns."""

    url: str
    text: str
    id: str | None
    where: dict[str, str]
    """Name in `import.where` to name in the file; a column that it lacks is null."""

    def all(self) -> list[str]:
        """Return each name once."""
        names = (self.url, self.text, self.id, *self.where.values())
        return list(dict.fromkeys(name for name in names if name is not None))


def names_of(settings: ImportSettings, role: Role) -> tuple[str, ...]:
    """Return the names that a column of this role may have."""
    given: str | None = getattr(settings, role)
    return NAMES[role] if given is None else (given,)


def find_columns(names: Sequence[str], settings: ImportSettings, where: Where) -> Columns:
    """Return which of a file's columns are read.

    Raises:
        FormError: it has no URL or no text column, or two of the same name.
    """
    return Columns(
        require_column(names, settings, "url"),
        require_column(names, settings, "text"),
        _find_id(names, settings),
        {name: found for name in where if (found := ignoring_case(names, name)) is not None},
    )


def require_column(names: Sequence[str], settings: ImportSettings, role: Role) -> str:
    """Return the name of the column of this role.

    Raises:
        FormError: there is none, or there are two.
    """
    known = names_of(settings, role)
    found = next((name for name in known if name in names), None)
    if found is None:
        shown = ", ".join(names[:20]) or "none"
        raise FormError(
            f"a column {' or '.join(known)}", f"the columns {shown}", f"name it by import.{role}"
        )
    if list(names).count(found) > 1:
        raise FormError(f"one column {found}", f"{list(names).count(found)} of this name")
    return found


def _find_id(names: Sequence[str], settings: ImportSettings) -> str | None:
    if settings.id is not None:
        return require_column(names, settings, "id")
    found = next((name for name in NAMES["id"] if name in names), None)
    return found if list(names).count(found or "") == 1 else None


def ignoring_case(names: Sequence[str], name: str) -> str | None:
    """Return the column that Spark would resolve `name` to; an exact one goes first."""
    same = [found for found in names if found == name]
    same = same or [found for found in names if found.lower() == name.lower()]
    if len(same) > 1:
        raise FormError(f"one column {name} for import.where", ", ".join(same))
    return same[0] if same else None
