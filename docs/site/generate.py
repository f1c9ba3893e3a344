"""Generate the reference pages and the tables of measured behaviour from the code.

python docs/site/generate.py            write them
python docs/site/generate.py --check    exit with 1 and name those that differ
"""

from __future__ import annotations

import sys
from pathlib import Path

import archive_faults
import jobs_page
import reasons_page
import settings_page
import tables_page

DOCS = Path(__file__).parents[1]


def render_all() -> dict[Path, str]:
    """Return the text of each file that has generated parts."""
    reading = DOCS / "design" / "reading-archives.md"
    return {
        DOCS / "reference" / "jobs.md": jobs_page.render(),
        DOCS / "reference" / "settings.md": settings_page.render(),
        DOCS / "reference" / "tables.md": tables_page.render(),
        DOCS / "reference" / "drop-reasons.md": reasons_page.render(),
        reading: archive_faults.insert(reading.read_text("utf-8")),
    }


def main() -> int:
    """Write the files, or compare them."""
    texts = render_all()
    differing = [
        file for file, text in texts.items() if not file.exists() or file.read_text("utf-8") != text
    ]
    for file in differing:
        name = file.relative_to(DOCS.parent)
        if "--check" in sys.argv:
            print(f"{name}: expected the generated text, found another; make docs writes it")
        else:
            file.write_text(texts[file], encoding="utf-8")
            print(f"{name}: written")
    return 1 if differing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
