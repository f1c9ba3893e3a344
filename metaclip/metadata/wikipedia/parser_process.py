"""Parse wikitext in a process of its own, with a bound on each page's time and memory.

mwparserfromhell runs in C: a page can keep it busy for hours or take all memory, and no signal
reaches Python meanwhile. The kernel ends the process at its bound, and another one goes on.
"""

from __future__ import annotations

import math
import os
import resource
import signal
import struct
import subprocess
import sys
import time
from types import TracebackType
from typing import IO

from metaclip.metadata.wikipedia.wikitext import wikitext_to_text

_LENGTH = struct.Struct("<I")
_REASONS = {b"m": "page_memory", b"e": "parser_error"}
_TEXT = b"t"


class WikitextParser:
    """Converts pages to text; one process serves all pages of a task.

    Args:
        namespaces: lower-case names of the namespaces for files and categories.
        seconds: CPU time of one page, rounded up to whole seconds by the kernel.
        memory: bytes of address space of the process.
    """

    def __init__(self, namespaces: frozenset[str], seconds: float, memory: int) -> None:
        self._arguments = [str(seconds), str(memory), *sorted(namespaces)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> WikitextParser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def parse(self, wikitext: str) -> tuple[str | None, str]:
        """Return the text and "", or None and the reason why there is no text.

        Reasons: page_timeout, page_memory, parser_error, parser_crash.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _send(process.stdin, b"", wikitext)
            kind, text = process.stdout.read(1), _receive(process.stdout)
        except (EOFError, BrokenPipeError):
            code = self._stop()
            return None, "page_timeout" if code == -signal.SIGXCPU else "parser_crash"
        return (text, "") if kind == _TEXT else (None, _REASONS[kind])

    def _start(self) -> subprocess.Popen[bytes]:
        paths = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
        )
        return self._process

    def _stop(self) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        with process:  # closes the pipes, at which the process ends
            pass
        return process.returncode


def _send(stream: IO[bytes], kind: bytes, text: str) -> None:
    data = text.encode("utf-8", "replace")
    stream.write(kind + _LENGTH.pack(len(data)) + data)
    stream.flush()


def _receive(stream: IO[bytes]) -> str:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    data: bytes = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data.decode()


def serve(seconds: float, memory: int, namespaces: frozenset[str]) -> None:
    """Answer each page on stdin by its text on stdout, until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    while True:
        try:
            wikitext = _receive(sys.stdin.buffer)
        except EOFError:
            return
        limit = math.ceil(time.process_time() + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
        kind, text = _convert(wikitext, namespaces)
        _send(sys.stdout.buffer, kind, text)


def _convert(wikitext: str, namespaces: frozenset[str]) -> tuple[bytes, str]:
    from mwparserfromhell.parser import ParserError

    try:
        return _TEXT, wikitext_to_text(wikitext, namespaces)
    except MemoryError:
        return b"m", ""
    except (ParserError, RecursionError, ValueError):
        return b"e", ""


if __name__ == "__main__":
    serve(float(sys.argv[1]), int(sys.argv[2]), frozenset(sys.argv[3:]))
