"""Small archived responses of the kinds that browsers read by rules of their own."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import brotli  # type: ignore[import-untyped]
import zstandard

from metaclip.crawl.warc.sniffing import HTML_TAGS

HOST = "http://page.example/dir/page.html"
CAT = '<img src="/i.png" alt="a cat">'
OK, HTML = "HTTP/1.1 200 OK\r\n", "Content-Type: text/html\r\n"
_XHTML = '<html xmlns="http://www.w3.org/1999/xhtml">'

HEADS = [
    f"{OK}Content-Type:\r\n text/html\r\n",
    f"{OK}content-type : text/html\r\n",
    "http/1.1 200 ok\r\n" + HTML,
    "HTTP/1.0 200\r\n" + HTML,
    f"HTTP/1.1 100 Continue\r\n\r\n{OK}{HTML}",
    f"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n{OK}{HTML}",
    f"{OK}no colon\r\n{HTML}",
    f"HTTP/1.1 404 Not Found\r\n{HTML}",
    f"HTTP/1.1 503 No\r\n{HTML}Retry-After: 1\r\n",
]
TYPES = [
    "text/html", "TEXT/HTML;charset=koi8-r", "text/html charset=utf-8", "*/*", "html", "",
    "text/html, text/html", "text/plain, text/html", "text/html, */*", "text/html;", "x/x",
    "text/html\r\nContent-Type: text/plain", "text/plain\r\nContent-Type: text/html",
    "application/xhtml+xml", "application/xml", "text/xml", "text/plain", "image/svg+xml",
]  # fmt: skip
BODIES = [
    f"<noscript>{CAT}</noscript><head><noscript>{CAT}</noscript>",
    f"<select><option>{CAT}</option></select>{CAT}",
    f"<svg>{CAT}</svg><math><mi>{CAT}</math><svg><foreignObject>{CAT}",
    "<svg><image src=/a.png alt=x /></svg><image src=/b.png alt=y>",
    f"<template>{CAT}</template><iframe>{CAT}</iframe><noembed>{CAT}</noembed><xmp>{CAT}</xmp>",
    f"<textarea>{CAT}</textarea><title>{CAT}</title><!-- {CAT} --><style>{CAT}</style>",
    f"<script><!--<script>{CAT}</script>{CAT}--></script><img src=/k.png alt=k>",
    f"<frameset>{CAT}<noframes>{CAT}</noframes></frameset>",
    f"<table>{CAT}<tr>{CAT}<td>{CAT}</table><plaintext>{CAT}",
    "<img src=/a.png alt='a&amp;b &copy &notit; &#x80; &#0; &bogus;'>",
    "<img src='/a.png?a=1&copy=2&amp;b' alt=x title=y data-image-title=z>",
    "<img src='  /a b.png  ' alt=' spaces '><img src='\u00a0/n.png\u3000' alt=n>",
    "<img src=//h.example alt=1><img src=?q alt=2><img src='#f' alt=3><img src=../.. alt=4>",
    "<img src='/%7e/\u732b\\x|y^z`{}' alt=1><img src='http:\\\\h.example\\x' alt=2>",
    "<img src=http://EXAMPLE.com:80/./a/../b alt=1><img src='http://b\u00fccher.example/' alt=2>",
    "<img src='java\nscript:1' alt=1><img src='ht\ntp://h.example/\tx' alt=2>",
    "<img src='http://[::1' alt=1><img src='http://1.2.3/' alt=2><img src=https:x alt=3>",
    "<base href=/b/><img src=a.png alt=1><base href=/c/>",
    "<base target=x><base href=//h.example/d/><img src=a.png alt=1>",
    "<base href='data:,x'><img src=a.png alt=1>", "<base href='http://['><img src=a.png alt=1>",
    "<svg><base href=/s/></svg><base href=/h/><img src=a.png alt=1>",
    "<template><base href=/t/></template><img src=a.png alt=1>",
    "<div><template shadowrootmode=open><img src=s.png alt=s></template></div>",
    "<p><template shadowrootmode=open><img src=s.png alt=s><div><template shadowrootmode=open>"
    "<img src=t.png alt=t></template></div></template></p>",
    "<img alt=1><template shadowrootmode=open><img src=s.png alt=s></template>",
    "<a><template shadowrootmode=open><img src=s.png alt=s></template></a>",
    "<x-y><template shadowrootmode=closed><img src=s.png alt=s></template></x-y>",
    "<x-y><template shadowrootmode=open><img src=1.png alt=1></template>"
    "<template shadowrootmode=open><img src=2.png alt=2></template></x-y>",
    "<template><div><template shadowrootmode=open><img src=s alt=s></template></div></template>",
    "<div><template shadowrootmode=OPEN><base href=/z/><img src=s.png alt=s></template>"
    "<img src=l.png alt=l></div>",
    "<b><p><i>" * 50 + CAT, "<div>" * 600 + CAT, "<img src=/a.png alt=a title=a>" * 3,
    "<img src=/a.png alt='x\r\ny\nz\rw\0v'>", "<img/src=/a.png/alt=b><img src=/c.png alt=d",
    f"<picture><source srcset=/s.png>{CAT}</picture><video>{CAT}</video><object>{CAT}</object>",
    f"<a href=x>{CAT}<a href=y>{CAT}<table><a>{CAT}", f"<button>{CAT}<button>{CAT}</button>",
    f"<marquee>{CAT}<b></marquee>{CAT}<applet>{CAT}", f"<form><form>{CAT}</form>{CAT}</form>",
    f"<details>{CAT}</details><dialog>{CAT}</dialog><canvas>{CAT}</canvas><audio>{CAT}",
    f"<head>{CAT}</head>{CAT}</body>{CAT}</html>{CAT}", f"<colgroup>{CAT}<caption>{CAT}",
    f"<table><colgroup>{CAT}</colgroup><caption>{CAT}</caption></table>", "\ufeff" + CAT,
    f"<!doctype html PUBLIC x><?php {CAT} ?>{CAT}",
    f"<![CDATA[{CAT}]]><svg><![CDATA[{CAT}]]></svg>",
    f"<style>{CAT}", f"<select><select>{CAT}<input>{CAT}", f"<option>{CAT}<optgroup>{CAT}",
    '<img src="/a.png" alt="open>' + CAT, "<IMG SRC=/a.png ALT=a alt=b>",
]  # fmt: skip
XHTML = [
    f"{_XHTML}<head><script/></head><body><img src='/i.png' alt='a cat'/></body></html>",
    f"<?xml version='1.0'?>{_XHTML}<base href='/b/'/><img src='i.png' alt='a\ncat'/></html>",
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://x.example/">'
    f"{_XHTML}<img src='/i.png' alt='&eacute;&nbsp;&copy;'/></html>",
    "<html><img src='/i.png' alt='no namespace'/></html>",
    "<x:html xmlns:x='http://www.w3.org/1999/xhtml'><x:img src='/i.png' alt='a'/></x:html>",
    f"{_XHTML}<svg xmlns='http://www.w3.org/2000/svg'><img src='/s.png' alt='s'/></svg></html>",
    f"{_XHTML}<![CDATA[<img src='/c.png' alt='c'/>]]><IMG src='/d.png' alt='d'/></html>",
    f"{_XHTML}<template><img src='/t.png' alt='t'/></template><img src='/i.png' alt='i'/></html>",
]
CHARSETS = [
    ("windows-1251", "cp1251", "кот"), ("koi8-r", "koi8-r", "кот"), ("gb2312", "gbk", "猫"),
    ("shift_jis", "cp932", "①高橋㈱～猫"), ("euc-jp", "euc_jp", "東京の猫"),
    ("big5", "cp950", "貓"),
    ("euc-kr", "cp949", "펲시맨 똠방각하"), ("iso-2022-jp", "iso2022_jp", "猫"),
    ("iso-8859-1", "cp1252", "Käse “€”"), ("windows-1254", "cp1254", "İstanbul"),
    ("x-mac-cyrillic", "mac_cyrillic", "кот"), ("utf-16le", "utf-16-le", "猫"),
]  # fmt: skip
METAS = [
    "<meta charset={}>",
    "<meta http-equiv=Content-Type content='text/html; charset={}'>",
    "<meta name=x content='charset=utf-8'><meta charset={}>",
    "<!--<meta charset=utf-8>--><meta charset={}>",
    "<title>x</title><script>'<meta charset=utf-8>'</script><meta charset={}>",
    '<?xml version="1.0" encoding="{}"?>',
]


def small_pages() -> Iterator[tuple[str, str, bytes]]:
    """Yield (name, URL, archived response) of each page."""
    for name, raw in _responses():
        yield name, f"{HOST}?{name.replace(' ', '-')}", raw


def _responses() -> Iterator[tuple[str, bytes]]:
    for i, head in enumerate(HEADS):
        yield f"head {i}", f"{head}\r\n<!doctype html>{CAT}".encode()
    for i, media in enumerate(TYPES):
        body = f"<html xmlns='http://www.w3.org/1999/xhtml'>{CAT.replace('>', '/>')}</html>"
        yield f"type {i}", f"{OK}Content-Type: {media}\r\n\r\n{body}".encode()
    for i, tag in enumerate(HTML_TAGS):
        yield f"sniff {i}", f"{OK}\r\n \n<{tag.lower()}> -->{CAT}".encode()
    yield "no sniff", f"{OK}X-Content-Type-Options: nosniff\r\n\r\n<html>{CAT}".encode()
    for i, body in enumerate(BODIES):
        yield f"body {i}", f"{OK}Content-Type: text/html;charset=utf-8\r\n\r\n{body}".encode()
    for i, body in enumerate(XHTML):
        yield f"xhtml {i}", f"{OK}Content-Type: application/xhtml+xml\r\n\r\n{body}".encode()
    for label, codec, text in CHARSETS:
        image = f"<img src='/p?q={text}' alt='{text}'>"
        media = f"{OK}Content-Type: text/html; charset={label}\r\n\r\n"
        yield f"charset {label}", media.encode() + image.encode(codec)
    for i, meta in enumerate(METAS):
        page = f"{OK}{HTML}\r\n{meta.format('koi8-r')}<img src='/p?q=кот' alt='кот'>"
        yield f"meta {i}", page.encode("koi8-r")
    yield from _encoded()


def _encoded() -> Iterator[tuple[str, bytes]]:
    page = f"<!doctype html>{CAT}".encode()
    codings = {
        "gzip": gzip.compress(page, mtime=0), "deflate": zlib.compress(page),
        "br": brotli.compress(page), "zstd": zstandard.compress(page),
        "gzip, br": brotli.compress(gzip.compress(page, mtime=0)), "identity": page,
        "gzip\r\nContent-Encoding: gzip": gzip.compress(gzip.compress(page, mtime=0), mtime=0),
    }  # fmt: skip
    for i, (coding, packed) in enumerate(codings.items()):
        yield f"coding {i}", f"{OK}{HTML}Content-Encoding: {coding}\r\n\r\n".encode() + packed
    two = gzip.compress(page, mtime=0) + gzip.compress(CAT.encode() * 2, mtime=0)
    yield "two members", f"{OK}{HTML}Content-Encoding: gzip\r\n\r\n".encode() + two
    yield (
        "raw deflate",
        (f"{OK}{HTML}Content-Encoding: deflate\r\n\r\n".encode() + zlib.compress(page, wbits=-15)),
    )
    chunks = b"%010x;a=b\r\n%b\r\n0\r\n\r\n" % (len(page), page)
    yield "chunks", f"{OK}{HTML}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks
