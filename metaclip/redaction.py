"""Keep secrets out of logs, lines of result and tables."""

from __future__ import annotations

import logging
import re

HIDDEN = "*********(redacted)"
"""As Spark writes it."""

SECRET_KEYS = r"(?i)secret|password|passphrase|token|credential|(access|account|api)[._]?key"
_USER = r"(?<=://)[^/\s\"'<>]*@"
_QUERY = r"(?<=://)([^\s\"'?<>]*)\?[^\s\"'<>]*[^\s\"'<>:;,.]"

SPARK_REGEX = rf"{SECRET_KEYS}|{_USER}"
"""For `spark.redaction.regex`: Spark hides a setting whose key or value has this."""


def redact(text: str) -> str:
    """Return `text` with the user's part and the query of each URL hidden.

    A query may be a signature (of a URL that is signed for a while).
    """
    return re.sub(_QUERY, rf"\1?{HIDDEN}", re.sub(_USER, f"{HIDDEN}@", text))


def is_secret(key: str) -> bool:
    """Return whether the value of a setting of this name is to be hidden."""
    return bool(re.search(SECRET_KEYS, key))


class Formatter(logging.Formatter):
    """Lines of the log, redacted."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of `record`."""
        return redact(super().format(record))
