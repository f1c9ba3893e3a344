"""Compilation once per machine: where the machine code of the kernel is kept.

Numba keeps machine code beside the source, or in the home; a Spark executor often has
neither (a read-only environment, no HOME). So the places below are tried in turn, and the
folder is named by the sources of all kernels: Numba itself looks only at the one file
that a function stands in, and would run stale code after a change of what it calls. Its
index also knows the CPU, so one folder serves unlike machines. A packed environment brings
the folder beside the source, filled, so that no executor compiles (some 25 s) on a CPU like
that of the machine where it was packed.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import UserProvidedCacheLocator

F = TypeVar("F", bound=Callable[..., Any])

_HERE = Path(__file__).parent
_KERNEL_SOURCES = (
    "jit.py",
    "balance/probability.py",
    "balance/expectation.py",
    "matching/spacing.py",
    "matching/tokens.py",
    "matching/lookup.py",
    "matching/placing.py",
    "matching/trie.py",
    "matching/layout.py",
    "matching/finish.py",
    "matching/kernel.py",
    "crawl/json_walk.py",
    "crawl/strings.py",
    "crawl/plain.py",
    "crawl/scan.py",
    "crawl/columns.py",
    "crawl/folder.py",
    "crawl/append.py",
)


def compiled(function: F, **options: bool) -> F:
    """Compile `function` at its first call, or take its machine code from the cache."""
    options |= {"nogil": True}
    folder = cache_folder()
    if folder is None:
        return cast(F, numba.njit(function, error_model="numpy", **options))
    # Numba reads the settings when it wraps the function, and has no arguments for them.
    before = numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES
    numba.config.CACHE_DIR = str(folder)
    numba.config.CACHE_LOCATOR_CLASSES = f"{__name__}.{Locator.__name__}"
    try:
        return cast(F, numba.njit(function, error_model="numpy", cache=True, **options))
    finally:
        numba.config.CACHE_DIR, numba.config.CACHE_LOCATOR_CLASSES = before


class Locator(UserProvidedCacheLocator):  # type: ignore[misc]
    """Numba's own, but for a folder within CACHE_DIR that it names by the source's path.

    So machine code is also found after the package has moved: each executor unpacks its
    environment somewhere else.
    """

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """Return no further folder."""
        return ""


def inlined(function: F, **options: bool) -> F:
    """Compile `function` as a part of each kernel that calls it; LLVM inlines it."""
    options |= {"nogil": True, "forceinline": True}
    return cast(F, numba.njit(function, error_model="numpy", **options))


# For kernels that make no array, and what they call. They need not count references to those
# that they are given, which Numba does wherever a function gets one, inlined or not, with a
# locked instruction: that took two thirds of the time of a kernel of many small functions.
# Numba's own functions use this option.
compiled_uncounted = partial(compiled, _nrt=False)
inlined_uncounted = partial(inlined, _nrt=False)


@cache
def cache_folder() -> Path | None:
    """Return the folder of the machine code, made if need be; None if none is writable."""
    digest = hashlib.sha256(b"".join((_HERE / name).read_bytes() for name in _KERNEL_SOURCES))
    name = f"metaclip-{digest.hexdigest()[:16]}"
    return next((base / name for base in _bases() if _is_ours(base / name)), None)


def _bases() -> Iterator[Path]:
    """Yield: the user's wish, beside the source, the user's cache, a temporary folder."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(os.environ["NUMBA_CACHE_DIR"])
    yield _HERE / "__pycache__"
    if os.environ.get("XDG_CACHE_HOME"):
        yield Path(os.environ["XDG_CACHE_HOME"])
    if os.environ.get("HOME"):
        yield Path(os.environ["HOME"]) / ".cache"
    yield Path(tempfile.gettempdir()) / f"metaclip-{os.getuid()}"


def _is_ours(folder: Path) -> bool:
    """Make `folder`; say if it can be written and no one else can write to it.

    A cache is code that is run: in /tmp another user could have made it first.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    status = folder.stat()
    private = status.st_uid == os.getuid() and not status.st_mode & 0o022
    return private and os.access(folder, os.W_OK | os.X_OK)
