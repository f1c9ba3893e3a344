"""Ask a real browser, scripts off, for the images of archived responses."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

CHROMIUM = Path("/usr/bin/chromium")
HINT = (
    "this test needs Debian's Chromium and Playwright: `apt-get install chromium` and "
    "`pip install -c constraints.txt -e '.[browser]'`"
)
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_IMAGES = """() => {
    const found = [];
    const walk = root => {
        for (const one of root.querySelectorAll('img')) {
            const texts = ['alt', 'title', 'data-image-title'].map(name => one.getAttribute(name));
            found.push([one.src, ...texts]);
        }
        for (const one of root.querySelectorAll('*')) if (one.shadowRoot) walk(one.shadowRoot);
    };
    walk(document);
    return found;
}"""
_MILLISECONDS = 20_000


class Shown(NamedTuple):
    """An image as the browser has it: its resolved `src`, and the texts."""

    src: str
    alt: str | None
    title: str | None
    image_title: str | None


class Browser:
    """One tab; `images` loads a page and returns what it shows, None for a download."""

    def __init__(self, page: object) -> None:
        self.page = page

    def images(self, url: str) -> list[Shown] | None:
        """Return the images of a page that the browser loads from the network or a route."""
        from playwright.sync_api import Error

        try:
            self.page.goto(url, wait_until="domcontentloaded", timeout=_MILLISECONDS)  # type: ignore[attr-defined]
        except Error as error:
            if "net::ERR_" in str(error) or "Download" in str(error):
                return None
            raise
        return [Shown(*one) for one in self.page.evaluate(_IMAGES)]  # type: ignore[attr-defined]

    def images_of(self, url: str, fields: dict[str, str], body: bytes) -> list[Shown] | None:
        """Return the images of a response that is put in place of the network's under its URL."""

        def answer(route: object) -> None:
            request = route.request  # type: ignore[attr-defined]
            if request.is_navigation_request() and request.frame == self.page.main_frame:  # type: ignore[attr-defined]
                route.fulfill(status=200, headers=fields, body=body)  # type: ignore[attr-defined]
            else:
                route.abort()  # type: ignore[attr-defined]

        self.page.route("**/*", answer)  # type: ignore[attr-defined]
        try:
            return self.images(url)
        finally:
            self.page.unroute("**/*")  # type: ignore[attr-defined]


@contextmanager
def browser(proxy: str | None = None) -> Iterator[Browser]:
    """Yield a browser whose scripts are off; it reaches nothing but the proxy."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise RuntimeError(HINT) from error
    if not CHROMIUM.exists():
        raise RuntimeError(HINT)
    server = {"server": proxy or "http://127.0.0.1:9"}
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=_FLAGS, proxy=server
        )
        context = program.new_context(java_script_enabled=False)
        yield Browser(context.new_page())
        program.close()


class RawProxy:
    """An HTTP proxy that answers with archived bytes as they are, by the URL's query."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        answers = self.answers

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                line = _head_of(self.request).split(b"\r\n")[0].split(b" ")
                url = line[1].decode() if len(line) > 1 else ""
                self.request.sendall(answers.get(url, b"HTTP/1.1 404 Not Found\r\n\r\n"))
                self.request.shutdown(socket.SHUT_WR)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> RawProxy:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def _head_of(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (part := connection.recv(65536)):
        head += part
    return head
