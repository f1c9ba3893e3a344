"""Inflate gzip members and Zstandard frames step by step, with one face for both."""

from __future__ import annotations

from typing import Protocol

import zstandard
from isal import isal_zlib
from isal.igzip_lib import IsalError

GZIP, ZSTD = "gzip", "zstd"
MAGICS: dict[str, tuple[bytes, ...]] = {
    GZIP: (b"\x1f\x8b\x08",),
    ZSTD: (b"\x28\xb5\x2f\xfd", *(bytes((low, 0x2A, 0x4D, 0x18)) for low in range(0x50, 0x60))),
}
"""First bytes of a member; of Zstandard a frame, then the skippable ones."""
# ArchiveTeam's records are made with windows of up to 128 MB.
_ZSTD_WINDOW_BYTES = 128 * 1024 * 1024
_FEXTRA, _FNAME, _FCOMMENT, _FHCRC = 4, 8, 16, 2
_GZIP_HEAD = 10


class Inflater(Protocol):
    """One member's decoder: `eof` is True at its end, `unused` counts bytes behind that."""

    eof: bool
    unused: int

    def inflate(self, block: bytes) -> bytes | None:
        """Return the bytes that a block gives, None where it is damaged."""

    def head_bytes(self, block: bytes) -> int:
        """Return the length of the member's head, -1 where the block does not hold it all."""


def new_inflater(kind: str, dictionary: bytes | None) -> Inflater:
    """Return the decoder of one more member."""
    return _Gzip() if kind == GZIP else _Zstd(dictionary)


class _Gzip:
    def __init__(self) -> None:
        self.stream = isal_zlib.decompressobj(31)  # 31: gzip, its checksum verified
        self.eof, self.unused = False, 0

    def inflate(self, block: bytes) -> bytes | None:
        try:
            data = self.stream.decompress(block)
        except IsalError:  # type: ignore[misc]  # its stub declares an instance
            return None
        if self.stream.eof:
            self.eof, self.unused = True, len(self.stream.unused_data)
        return data

    def head_bytes(self, block: bytes) -> int:
        """Return the length by RFC 1952, 2.3: the fixed part and four optional fields."""
        if len(block) < _GZIP_HEAD:
            return -1
        flags, at = block[3], _GZIP_HEAD
        if not flags:  # nearly all
            return at
        if flags & _FEXTRA:
            at += 2 + int.from_bytes(block[at : at + 2], "little")
        for flag in (_FNAME, _FCOMMENT):
            if flags & flag:
                at = block.find(b"\0", at) + 1
                if at == 0:
                    return -1
        at += 2 if flags & _FHCRC else 0
        return at if at <= len(block) else -1


class _Zstd:
    def __init__(self, dictionary: bytes | None) -> None:
        known = zstandard.ZstdCompressionDict(dictionary) if dictionary else None
        context = zstandard.ZstdDecompressor(dict_data=known, max_window_size=_ZSTD_WINDOW_BYTES)
        self.stream = context.decompressobj()
        self.eof, self.unused = False, 0
        self.skip = -1  # bytes of a skippable frame that are still to come

    def inflate(self, block: bytes) -> bytes | None:
        if self.skip >= 0 or block[1:4] == MAGICS[ZSTD][1][1:]:
            return self._passed_over(block)
        try:
            data = self.stream.decompress(block)
        except zstandard.ZstdError:
            return None
        if self.stream.eof:
            self.eof, self.unused = True, len(self.stream.unused_data)
        return data

    def _passed_over(self, block: bytes) -> bytes:
        """Pass over a skippable frame: a length of four bytes, and so many."""
        if self.skip < 0:
            self.skip = 8 + int.from_bytes(block[4:8], "little")
        taken = min(self.skip, len(block))
        self.skip -= taken
        self.eof, self.unused = self.skip == 0, len(block) - taken
        return b""

    def head_bytes(self, block: bytes) -> int:
        return 0 if len(block) >= 8 else -1
