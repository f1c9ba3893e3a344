"""Choose the folder that keeps the kernels' machine code, one for each version of their source.

Numba keeps machine code beside the source, or in the home; a Spark executor often has
neither (a read-only environment, no HOME). So several folders are tried in turn. The folder's
name has a hash over the source of all kernels: Numba itself checks only the file that defines
a function, and would run stale code after a change in a function that it calls. Numba's index
has the CPU's name, so one folder serves different machines. A packed environment contains the
filled folder beside the source. An executor then compiles (some 25 s) only if its CPU differs
from that of the machine that packed it.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]
KERNEL_FOLDERS = ("balance", "crawl/scanner", "jit", "matching")
"""The folders of all compiled code and of the constants that it contains."""


def kernel_sources(package: Path = _PACKAGE) -> list[Path]:
    """Return the Python files that determine the machine code, sorted."""
    return sorted(file for name in KERNEL_FOLDERS for file in package.joinpath(name).rglob("*.py"))


def cache_name(package: Path = _PACKAGE) -> str:
    """Return the name of the cache folder of the kernels of `package`."""
    digest = hashlib.sha256()
    for file in kernel_sources(package):
        digest.update(f"{file.relative_to(package)}\n".encode() + file.read_bytes())
    return f"metaclip-{digest.hexdigest()[:16]}"


@cache
def cache_folder() -> Path | None:
    """Return the folder of the machine code, created if missing; None if none is writable."""
    name = cache_name()
    return next((base / name for base in _bases() if _is_private(base / name)), None)


def _bases() -> Iterator[Path]:
    """Yield the parents to try: named by the user, beside the source, in the home, temporary."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(os.environ["NUMBA_CACHE_DIR"])
    yield _PACKAGE / "__pycache__"
    if os.environ.get("XDG_CACHE_HOME"):
        yield Path(os.environ["XDG_CACHE_HOME"])
    if os.environ.get("HOME"):
        yield Path(os.environ["HOME"]) / ".cache"
    yield Path(tempfile.gettempdir()) / f"metaclip-{os.getuid()}"


def _is_private(folder: Path) -> bool:
    """Create `folder`; return whether this user alone can write to it.

    A cache holds code that is executed: in /tmp, another user could have created it first.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    status = folder.stat()
    private = status.st_uid == os.getuid() and not status.st_mode & 0o022
    return private and os.access(folder, os.W_OK | os.X_OK)
