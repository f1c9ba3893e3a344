"""Compile functions with Numba, with their machine code kept in the kernel cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import numba
from numba.core.caching import UserProvidedCacheLocator

from metaclip.jit.cache import cache_folder

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F, **options: bool) -> F:
    """Return `function`, compiled at its first call or loaded from the cache."""
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
    """Locate machine code in CACHE_DIR itself, not in a subfolder named after the source's path.

    So Numba finds the machine code after the package has moved: each executor unpacks its
    environment into another folder.
    """

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """Return no further folder."""
        return ""


def inlined(function: F, **options: bool) -> F:
    """Return `function`, compiled and inlined into each kernel that calls it."""
    options |= {"nogil": True, "forceinline": True}
    return cast(F, numba.njit(function, error_model="numpy", **options))


compiled_uncounted = partial(compiled, _nrt=False)
inlined_uncounted = partial(inlined, _nrt=False)
"""The same without reference counts, for kernels that allocate no array.

Numba counts references wherever a function gets an array, inlined or not, by a locked
instruction. That took two thirds of the time of a kernel of many small functions. Numba's own
functions use this option.
"""
