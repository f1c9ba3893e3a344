"""Ask a real browser, scripts off, for the images of archived responses."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import BrowserContext, Error, ProxySettings, Route, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
HINT = f"this test needs Debian's Chromium as {CHROMIUM}: `apt-get install chromium` installs it"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
_IMAGES = """() => {
    const found = [];
    const walk = root => {
        for (const one of root.querySelectorAll('img')) {
            if (!(one instanceof HTMLImageElement)) continue;
            const texts = ['alt', 'title', 'data-image-title'].map(name => one.getAttribute(name));
            found.push([one.getAttribute('src'), one.src, ...texts]);
        }
        for (const one of root.querySelectorAll('*')) if (one.shadowRoot) walk(one.shadowRoot);
    };
    walk(document);
    return found;
}"""
_MILLISECONDS = 20_000


class Shown(NamedTuple):
    """An image as the browser has it: its `src`, raw and resolved, and the texts."""

    raw: str | None
    src: str
    alt: str | None
    title: str | None
    image_title: str | None


class Browser:
    """One tab; `images` loads a page and returns what it shows, None where it shows none."""

    def __init__(self, context: BrowserContext) -> None:
        self.context, self.page = context, context.new_page()

    def images(self, url: str) -> list[Shown] | None:
        """Return the images of a page that the browser loads from the network or a route."""
        try:
            self.page.goto(url, wait_until="domcontentloaded", timeout=_MILLISECONDS)
        except Error as error:
            if any(word in str(error) for word in ("net::ERR_", "Download", "Timeout")):
                self.page.close()  # an error page is still to come in it
                self.page = self.context.new_page()
                return None
            raise
        return [Shown(*one) for one in self.page.evaluate(_IMAGES)]

    def images_of(self, url: str, fields: dict[str, str], body: bytes) -> list[Shown] | None:
        """Return the images of a response that is put in place of the network's, under its URL.

        Whatever else the page asks for fails, so that no refresh leads away from it.
        """
        answered: list[str] = []

        def answer(route: Route) -> None:
            if answered or not route.request.is_navigation_request():
                route.abort("aborted")
            else:
                answered.append(route.request.url)
                route.fulfill(status=200, headers=fields, body=body)

        self.context.route("**/*", answer)
        try:
            return self.images(url)
        finally:
            self.context.unroute("**/*")


@contextmanager
def browser(proxy: str | None = None) -> Iterator[Browser]:
    """Yield a browser whose scripts are off; it reaches nothing but the proxy."""
    if not CHROMIUM.exists():
        raise RuntimeError(HINT)
    server = ProxySettings(server=proxy or "http://127.0.0.1:9")
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=FLAGS, proxy=server
        )
        context = program.new_context(java_script_enabled=False)
        yield Browser(context)
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
