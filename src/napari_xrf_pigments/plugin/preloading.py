"""Loads PyTorch's library while the window goes on.

Python holds its lock while it loads a library. That of PyTorch takes a third of a second, for which
no other thread runs, the window's among them. A call of a C function through `ctypes` lets go of
the lock, and `dlopen` is one: what it has loaded, the import that follows finds. While it loads, a
thread may be held up within a call into another library, with Python's lock in its hands: threads
of ours stop before, where they can (`wait_for_library`).
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from importlib.util import find_spec
from pathlib import Path

_LIBRARY = "libtorch_cpu.dylib" if sys.platform == "darwin" else "libtorch_cpu.so"
#: By then computing threads have come to a place where they wait.
_STOPPED_S = 0.02
_LOOK_S = 0.01

_loading = threading.Event()


def wait_for_library() -> None:
    """Wait until the library is loaded, if another thread is loading it."""
    while _loading.is_set():
        time.sleep(_LOOK_S)


def preload_torch() -> bool:
    """Load it, unless PyTorch is imported already; whether it was loaded.

    Where it cannot be (Windows has no `dlopen`), the import will do it.
    """
    if "torch" in sys.modules or os.name != "posix":
        return False
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    library = Path(spec.origin).with_name("lib") / _LIBRARY
    if not library.is_file():
        return False
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    _loading.set()
    try:
        time.sleep(_STOPPED_S)
        return dlopen(os.fsencode(library), os.RTLD_NOW | os.RTLD_LOCAL) is not None
    finally:
        _loading.clear()
