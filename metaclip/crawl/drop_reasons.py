"""Declare every reason for which a record, an image, a pair or a file is dropped.

The docs' reference of drop reasons is generated from these declarations, and a test compares
them with the code.
"""

from __future__ import annotations

RECORDS = {
    "bad_header": "The record's header block has no end, no Content-Length, or exceeds "
    "`max_header_bytes`.",
    "too_large": "The record exceeds `max_record_bytes`, or its page `max_page_bytes`.",
    "wrong_length": "The next record begins inside of the block that Content-Length announces.",
    "truncated": "The file, or its gzip member, ends inside of the record.",
    "damaged": "The gzip member can't be inflated, or its checksum is wrong.",
    "bad_http": "The response has no HTTP head.",
    "bad_encoding": "The body can't be decoded by its Content-Encoding.",
    "bad_json": "The record of a WAT file is no JSON object of the expected form.",
    "too_complex": "The page exceeds the parser's bounds on CPU time and memory, or crashes it.",
    "status": "The page has another HTTP status than `crawl.extraction.status`.",
    "opt_out": "The page opts out of training (`crawl.extraction.opt_outs`).",
    "bad_record": "The record of a pool can't be read.",
    "where": "The record of a pool does not meet `import.where`.",
}
"""Records of a file, in `dropped_records`."""

IMAGES = {
    "no_text": "No text is left after stripping.",
    "long_text": "Every text exceeds `max_text_bytes`.",
    "bad_url": "The URL is missing, blank, or invalid by the URL standard.",
    "not_http": "The scheme is neither `http` nor `https`, such as `data:`.",
    "long_url": "The URL exceeds `max_url_bytes`.",
    "too_many_images": "The page has more images than `max_images_per_page`.",
    "no_url": "The record of a pool has no URL.",
}
"""Images of a page, in `dropped_images`."""

PAIRS = {
    "duplicates": "Another pair of the crawl has the same image URL and text.",
    "no_match": "The text has no entry.",
    "other_language": "The language is not in `languages.keep`, or scores below "
    "`languages.min_score`.",
    "removed": "The table `removals` covers the pair.",
}
"""Pairs of a crawl, in the summary of match_entries."""

FILES = {
    "empty": "The file has no byte.",
    "not_an_archive": "No WARC record was found.",
    "no_pages": "No record holds a page.",
    "truncated": "The file ends inside of a gzip member or record.",
    "damaged": "A gzip member can't be inflated, or its checksum is wrong.",
    "garbage": "Bytes between members or records belong to neither.",
    "wrong_length": "A record's Content-Length is wrong.",
    "crashed": "The file ended its Python worker, also when it was read alone.",
}
"""Files that are `failed` or `partial`, in `error`; faults of bytes end in `at byte N`.

Errors of a server or a disk are recorded in their own words, such as `404 Not Found`.
"""
