"""Read the dictionary of a .warc.zst file (WARC Zstandard compression 1.0, IIPC).

The file's first frame is a skippable one with the dictionary, as it is or compressed itself.
"""

from __future__ import annotations

import zstandard

from metaclip.crawl.archive.window import Window

_DICTIONARY_FRAME = b"\x5d\x2a\x4d\x18"
_FRAME = b"\x28\xb5\x2f\xfd"
_MAX_DICTIONARY_BYTES = 16 * 1024 * 1024


def read_dictionary(window: Window) -> tuple[int, bytes | None]:
    """Return the offset of the first record's frame and the dictionary, None for none."""
    window.fill(8, 0)
    if window.slice(0, 4) != _DICTIONARY_FRAME:
        return 0, None
    size = int.from_bytes(window.slice(4, 4), "little")
    if size > _MAX_DICTIONARY_BYTES or not window.fill(8 + size, 0):
        return 0, None
    data = window.slice(8, size)
    return 8 + size, _inflated(data) if data.startswith(_FRAME) else data


def _inflated(data: bytes) -> bytes | None:
    try:
        with zstandard.ZstdDecompressor().stream_reader(data) as reader:
            found: bytes = reader.read(_MAX_DICTIONARY_BYTES)
    except zstandard.ZstdError:
        return None
    return found
