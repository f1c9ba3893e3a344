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
    """Numba's locator without the folder within CACHE_DIR that has the source's path.

    So the machine code is also found after the package has moved: each executor unpacks its
    environment somewhere else.
    """

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """Return no further folder."""
        return ""


def inlined(function: F, **options: bool) -> F:
    """Return `function`, compiled as a part of each kernel that calls it; LLVM inlines it."""
    options |= {"nogil": True, "forceinline": True}
    return cast(F, numba.njit(function, error_model="numpy", **options))


# Kernels that make no array need not count references to those that they are given. Numba
# counts them wherever a function gets one, inlined or not, with a locked instruction: that
# took two thirds of the time of a kernel of many small functions. Numba's own functions use
# this option.
compiled_uncounted = partial(compiled, _nrt=False)
inlined_uncounted = partial(inlined, _nrt=False)
