"""Parse pages in a process of little memory and time, one request after another.

A page beyond a bound ends the process; `bounded` starts the next one.
"""

from __future__ import annotations

import resource
import signal
import struct
import sys
from pathlib import Path
from typing import IO

import msgspec

from metaclip.crawl.warc.parsing import ParseOptions, parse_page

MEMORY_BYTES = 384 << 20
"""Memory for one page, its text and its tree, beyond what the process starts with."""
SECONDS = 1.6
"""CPU time for one page; linear shapes of 8 MB take 0.5 s."""
LENGTH = struct.Struct("<Q")
"""Prefix of each part of a message: the number of its bytes."""


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    _set_limits()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    write(answers, b"ready")
    while (options := read(requests)) is not None:
        text = read(requests) or b""
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            found = parse_page(text.decode(), msgspec.msgpack.decode(options, type=ParseOptions))
            answer = msgspec.msgpack.encode(found)
        except (MemoryError, RecursionError):
            return
        signal.setitimer(signal.ITIMER_PROF, 0)
        del found, text
        write(answers, answer)


def _set_limits() -> None:
    """Bound memory; a page's time ends the process by SIGPROF's default."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to handle
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    statm = Path("/proc/self/statm")
    if statm.exists():  # Linux: elsewhere the limit is not of what a process has
        pages = int(statm.read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def write(stream: IO[bytes], *parts: bytes) -> None:
    """Write parts of a message, each behind its length."""
    for part in parts:
        stream.write(LENGTH.pack(len(part)))
        stream.write(part)
    stream.flush()


def read(stream: IO[bytes]) -> bytes | None:
    """Return the next part of a message, None where the stream has ended."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    part = stream.read(size)
    return part if len(part) == size else None


if __name__ == "__main__":
    main()
