"""Read a WARC record into a page: its HTTP response, bytes, characters, and HTML."""

from __future__ import annotations

from metaclip.config.crawl import ExtractionOptions
from metaclip.crawl.archive.fields import field_of
from metaclip.crawl.archive.records import Record
from metaclip.crawl.dates import parse_date
from metaclip.crawl.opt_out import says_no
from metaclip.crawl.page import Page
from metaclip.crawl.urls import bare_url, page_base
from metaclip.crawl.warc.bounded import TOO_COMPLEX, parse_bounded
from metaclip.crawl.warc.charset import Decoded, decode_text
from metaclip.crawl.warc.content_encoding import decode_body
from metaclip.crawl.warc.content_type import MimeType, extract_mime_type, parse_mime_type
from metaclip.crawl.warc.html import HtmlImages
from metaclip.crawl.warc.http_head import BadPayloadError, Response, read_response
from metaclip.crawl.warc.parsing import ParseOptions
from metaclip.crawl.warc.sniffing import XML, is_xml, page_kind

_PAGE_TYPES = ("text/html", "application/xhtml+xml")
# A type that names none: the identified one counts, if there is one.
_NO_TYPES = ("application/octet-stream", "binary/octet-stream", "unknown/unknown")


class WarcReader:
    """Reads the records of one file, named `file`, one by one."""

    def __init__(self, options: ExtractionOptions, file: str) -> None:
        self.options, self.file = options, file

    def read(self, record: Record, kind: str) -> Page | str | None:
        """Return the page of a record of this WARC-Type, or None where it has none.

        A string is the reason to drop it: bad_http, bad_encoding, too_large, too_complex,
        opt_out or status.
        """
        try:
            if kind == "resource":
                return self._page(record, _as_response(record))
            if kind == "response" and _url_of(record).lower().startswith(("http:", "https:")):
                return self._page(record, read_response(record.block))
        except BadPayloadError as error:
            return str(error)
        return None  # dns:, whois:, ftp:, and other types

    def _page(self, record: Record, response: Response) -> Page | str | None:
        declared = _declared_type(record, response)
        body = _page_body(response, declared, self.options.limits.max_page_bytes)
        sniff = "nosniff" not in response.joined("x-content-type-options").lower()
        kind = page_kind(declared, body, sniff_scripts=sniff) if body is not None else None
        if body is None or kind is None:
            return None
        if self.options.status not in (None, response.status):
            return "status"
        decoded = decode_text(body, declared and declared.charset, xml=kind == XML)
        options = ParseOptions(kind == XML, self.options.lazy_images, self.options.opt_outs)
        html = parse_bounded(decoded.text, options)
        if html is None:
            return TOO_COMPLEX
        if self.options.opt_outs and any(says_no(*one) for one in response.fields + html.metas):
            return "opt_out"
        return self._with_images(record, decoded, html)

    def _with_images(self, record: Record, decoded: Decoded, html: HtmlImages) -> Page:
        url, count = _url_of(record), len(html.images)
        return Page(
            url,
            page_base(url, html.base, decoded.encoding),
            self.file,
            record.offset,
            parse_date(field_of(record.header, b"WARC-Date")),
            count,
            range(count),
            html.images,
            encoding=decoded.encoding,
        )


def _url_of(record: Record) -> str:
    return bare_url(field_of(record.header, b"WARC-Target-URI"))


def _as_response(record: Record) -> Response:
    """Return a resource as a response: its WARC Content-Type is that of its block."""
    media = field_of(record.header, b"Content-Type")
    return Response(200, [("content-type", media)] if media else [], record.block)


def _declared_type(record: Record, response: Response) -> MimeType | None:
    """Return the type by Content-Type, or by WARC-Identified-Payload-Type where it has none."""
    declared = extract_mime_type(response.values("content-type"))
    if declared is not None and declared.essence not in _NO_TYPES:
        return declared
    identified = field_of(record.header, b"WARC-Identified-Payload-Type")
    found = parse_mime_type(identified) if identified else None
    return found if found is not None and found.essence in _PAGE_TYPES else declared


def _page_body(response: Response, declared: MimeType | None, max_bytes: int) -> bytes | None:
    """Return the decoded body of what may be a page, None for other types.

    Raises:
        BadPayloadError: bad_encoding or too_large.
    """
    if declared is not None and declared.essence not in _PAGE_TYPES and not is_xml(declared):
        known = "unknown" not in declared.essence
        return None if known else decode_body(response, max_bytes)
    return decode_body(response, max_bytes)
