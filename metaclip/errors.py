"""Define the errors that a user of the jobs can meet, and their exit codes."""

from __future__ import annotations

from py4j.protocol import Py4JJavaError

from metaclip.redaction import redact


class MetaclipError(Exception):
    """Base of all errors of this package: the work failed (exit code 1)."""

    exit_code = 1


class ConflictError(MetaclipError):
    """Another job wrote the same rows at the same time, and won."""


class InputError(MetaclipError):
    """The settings or the inputs are wrong (exit code 2).

    The message is one line.

    Args:
        where: the setting, file or table that is wrong.
        expected: a valid value or state.
        found: the actual one.
        hint: the way out, if there is one.
    """

    exit_code = 2

    def __init__(self, where: str, expected: str, found: str, hint: str = "") -> None:
        self.where, self.expected, self.found, self.hint = where, expected, found, hint
        text = f"{where}: expected {expected}, found {found}"
        # Joined to one line; spaces inside names are kept.
        lines = redact(f"{text}; {hint}" if hint else text).splitlines()
        super().__init__(" ".join(line.strip() for line in lines if line.strip()))


def root_cause(error: Py4JJavaError) -> str:
    """Return the first line of the deepest cause of a Java exception."""
    cause = error.java_exception
    while cause.getCause() is not None:
        cause = cause.getCause()
    lines = str(cause).splitlines()
    return lines[0] if lines else "an error without a message"
