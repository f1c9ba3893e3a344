"""Read a forward-only stream, with its last bytes addressed by their offset."""

from __future__ import annotations

from typing import BinaryIO

READ_BYTES = 1 << 20


class Window:
    """The last bytes of a forward-only stream, addressed by their offset in it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.data = b""
        self.head = b""  # the file's first bytes
        self.offset = 0
        self.ended = False

    @property
    def end(self) -> int:
        """Return the offset behind the last byte read so far."""
        return self.offset + len(self.data)

    def fill(self, until: int, keep: int) -> bool:
        """Read until byte `until` - 1 is there; may forget bytes before `keep`."""
        while self.end < until and not self.ended:
            block = self.stream.read(READ_BYTES)
            self.ended = not block
            self.head = self.head or block[:4]
            cut = max(0, min(keep - self.offset, len(self.data)))
            self.data = self.data[cut:] + block
            self.offset += cut
        return self.end >= until

    def slice(self, start: int, length: int) -> bytes:
        """Return at most `length` bytes from offset `start`."""
        start -= self.offset
        return self.data[start : start + length]

    def find(self, needle: bytes, start: int) -> int:
        """Return the offset of `needle` at or after `start`, -1 for none; read on as needed."""
        while True:
            found = self.data.find(needle, start - self.offset)
            if found >= 0:
                return self.offset + found
            start = max(start, self.end - len(needle) + 1)
            if not self.fill(self.end + 1, start):
                return -1
