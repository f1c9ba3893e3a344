"""Open a pool's file as local bytes, decompressed by their content."""

from __future__ import annotations

import bz2
import gzip
import shutil
import tempfile
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import IO, BinaryIO, cast

import pyarrow as pa

from metaclip.config.crawl import RequestSettings
from metaclip.crawl.files.stream import open_source

DAMAGE: tuple[type[Exception], ...] = (OSError, EOFError, pa.ArrowException, zlib.error)
"""The errors that the bytes of a damaged file raise."""
_BLOCK = 1 << 20


class PoolError(Exception):
    """A file that can't be read, or in part: what was expected, what was found, and a hint."""

    def __init__(self, expected: str, found: str, hint: str = "") -> None:
        self.expected, self.found, self.hint = expected, found, hint
        text = f"expected {expected}, found {found}"
        super().__init__(f"{text}; {hint}" if hint else text)


class FormError(PoolError):
    """A file of another form than the settings tell: columns, header, delimiter, encoding."""


UNREADABLE: tuple[type[Exception], ...] = (PoolError, UnicodeError, *DAMAGE)
"""The errors that the records of a file raise."""


def open_local(url: str, requests: RequestSettings) -> IO[bytes]:
    """Return a file that can seek: a local one, else a temporary copy that goes when closed.

    Parquet begins at its end and a TSV's quotes are looked for first, so both need two reads.

    Raises:
        OSError: it can't be opened or downloaded.
    """
    if "://" not in url:
        return Path(url).open("rb")
    with ExitStack() as stack:
        copy = stack.enter_context(tempfile.TemporaryFile())
        with open_source(url, requests) as stream:
            shutil.copyfileobj(stream, copy, _BLOCK)
        copy.seek(0)
        stack.pop_all()  # the caller closes it
        return copy


def decompressed(file: IO[bytes]) -> BinaryIO:
    """Return the file's bytes from its start, decompressed where they begin like gzip, bzip2, zstd.

    A name may hide a compression, and a download may have undone one that a name has.
    """
    file.seek(0)
    head = file.read(4)
    file.seek(0)
    if head[:2] == b"\x1f\x8b":
        # Not igzip: it gives nothing of a block in which it finds damage.
        return cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb"))
    if head[:3] == b"BZh":
        return cast(BinaryIO, bz2.open(file, "rb"))
    if head == b"\x28\xb5\x2f\xfd":
        return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(_Shared(file), "r"), "zstd"))
    return cast(BinaryIO, file)


class _Shared:
    """A file that Arrow reads and does not close with its own stream."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self.read = file.read

    def close(self) -> None:
        """Leave the file open."""
