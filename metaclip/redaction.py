"""Redact secrets in logs, results and tables."""

from __future__ import annotations

import logging
import re

HIDDEN = "*********(redacted)"
"""Spark's own replacement for a secret."""

SECRET_KEYS = r"(?i)secret|password|passphrase|token|credential|(access|account|api)[._]?key"
_USER = r"(?<=://)[^/\s\"'<>]*@"
_QUERY = r"(?<=://)([^\s\"'?<>]*)\?[^\s\"'<>]*[^\s\"'<>:;,.]"

SPARK_REGEX = rf"{SECRET_KEYS}|{_USER}"
"""For `spark.redaction.regex`: Spark hides a setting whose key or value matches."""


def redact(text: str) -> str:
    """Return `text` without the user part and the query of each URL.

    A query may hold a signature, as in presigned URLs.
    """
    return re.sub(_QUERY, rf"\1?{HIDDEN}", re.sub(_USER, f"{HIDDEN}@", text))


def is_secret(key: str) -> bool:
    """Return whether the value of the setting `key` is a secret."""
    return bool(re.search(SECRET_KEYS, key))


class Formatter(logging.Formatter):
    """Formats log records, redacted."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the redacted line of `record`."""
        return redact(super().format(record))
