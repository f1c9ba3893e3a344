"""Find real inputs: small ones in tests/data, large ones beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
LANGUAGE_MODEL = DATA / "languages" / "lid.176.ftz"
# A clean checkout has no large inputs. tests/conftest.py deselects these tests there.
SHARED = Path(__file__).parents[3] / "shared" / "data"
needs_shared = pytest.mark.shared
