"""The large real inputs, which lie beside the checkout, if at all: see README, "Tests"."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
LANGUAGE_MODEL = DATA / "languages" / "lid.176.ftz"
SHARED = Path(__file__).parents[3] / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"the large real inputs are not in {SHARED}"
)
