"""Two files or folders that take each other's name in one step, where the system can do that."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # Linux, renameat2(2)
_RENAME_SWAP = 2  # macOS, renamex_np(2)


def exchange(first: Path, second: Path) -> bool:
    """Swap the names of two paths of one disk at once, so that neither is ever missing.

    Returns
    -------
    bool
        False where the system or the disk cannot do it; then nothing was changed.
    """
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        one, other = os.fsencode(first), os.fsencode(second)
        if sys.platform == "linux":
            return bool(libc.renameat2(_AT_FDCWD, one, _AT_FDCWD, other, _RENAME_EXCHANGE) == 0)
        if sys.platform == "darwin":
            return bool(libc.renamex_np(one, other, _RENAME_SWAP) == 0)
    except (OSError, AttributeError, TypeError):
        return False
    return False
