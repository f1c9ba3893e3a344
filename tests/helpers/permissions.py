"""Start commands that obey the permissions of files, also where the tests run as root."""

from __future__ import annotations

import ctypes

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_LIBC = ctypes.CDLL(None, use_errno=True)


def obey_permissions() -> None:
    """Take from the next program the right to ignore permissions: a `preexec_fn`.

    Anyone but root has no such right, and the call fails without an effect.
    """
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
