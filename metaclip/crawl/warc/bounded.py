"""Parse a page within a bound on time and memory, whatever its HTML is.

The parser takes linear time and memory but for one shape, which HTML prescribes: each block
opens all formatting elements again that nothing closed, so that the tree grows with the square
of the tags. Few tags are parsed here: 5,000 give 6 million elements at most, 0.2 s and 210 MB.
More tags, 2 pages of 100, are parsed in a child process with limits, which also outlives
a fault of the parser.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from threading import Lock

import msgspec

from metaclip.crawl.warc import child
from metaclip.crawl.warc.html import HtmlImages
from metaclip.crawl.warc.parsing import ParseOptions, parse_page

TOO_COMPLEX = "too_complex"
"""Drop reason of a page that would take too long or too much memory."""
COMMAND = ["-P", "-m", child.__name__]
"""Arguments of the interpreter that runs a child."""
_MOST_TAGS = 5000
_WALL_SECONDS = 300.0
"""A child without an answer for so long has failed; its own limit is of CPU time."""


def parse_bounded(text: str, options: ParseOptions) -> HtmlImages | None:
    """Return the images of a page, None where it is beyond the bound."""
    if text.count("<") <= _MOST_TAGS and not (options.xml and "<!ENTITY" in text):
        return parse_page(text, options)
    with _LOCK:
        return _CHILD.parse(text, options)


class _Child:
    """The child process, started at the first request and after each one that ended it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = 0

    def parse(self, text: str, options: ParseOptions) -> HtmlImages | None:
        process = self._running()
        assert process.stdin is not None
        try:
            child.write(process.stdin, msgspec.msgpack.encode(options), text.encode())
            answer = self._answer(process)
        except BrokenPipeError:
            answer = None
        if answer is None:
            self.stop()
            return None
        return msgspec.msgpack.decode(answer, type=HtmlImages)

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.owner != os.getpid():  # a fork starts its own
            self.process, self.owner = self._started(), os.getpid()
        return self.process

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, *COMMAND]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        if self._answer(process) != b"ready":
            process.kill()
            process.communicate()
            raise RuntimeError(f"no child process to parse pages: {' '.join(command)} failed")
        return process

    def _answer(self, process: subprocess.Popen[bytes]) -> bytes | None:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], _WALL_SECONDS)
        return child.read(process.stdout) if ready else None

    def stop(self) -> None:
        """End the process; the next request starts another one."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


_CHILD, _LOCK = _Child(), Lock()
