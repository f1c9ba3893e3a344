"""A storage library with a bug, as fsspec finds it: opening a file named `*bad*` segfaults."""

from __future__ import annotations

import ctypes
from typing import Any

from fsspec.implementations.local import LocalFileSystem


class CrashFileSystem(LocalFileSystem):  # type: ignore[misc]
    """Local files under `crash://`."""

    protocol = "crash"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("crash://")))

    def _open(self, path: str, *args: Any, **kwargs: Any) -> Any:
        if "bad" in path:
            ctypes.string_at(0)
        return super()._open(path, *args, **kwargs)
