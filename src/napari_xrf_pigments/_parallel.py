"""Work on many spectra at once, spread over the cores by threads of our own.

A block of spectra goes through many small steps, of which only matrix products would use several
cores by themselves. So whole blocks are given to threads, and while they are at work the linear
algebra of numpy and scipy keeps to the thread that asks for it: its own threads would only
wait for one another.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from threadpoolctl import OpenBLASController, ThreadpoolController

#: Calls a function with each of some things, and returns when all are done.
Spread = Callable[[Callable[[Any], None], Iterable[Any]], None]


def thread_count() -> int:
    """Threads to work on: ``OMP_NUM_THREADS`` where it is set, else the cores there are for us."""
    try:
        return max(1, int(os.environ["OMP_NUM_THREADS"].split(",")[0]))
    except (KeyError, ValueError):
        pass
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def on_threads(count: int | None = None) -> Iterator[Spread]:
    """A way to call a function with many things, on several threads.

    Parameters
    ----------
    count : int, optional
        How many; by default :func:`thread_count`. One thread is the caller's own.
    """
    threads = count or thread_count()
    if threads == 1:
        # The same sums in the same order as on several threads, to the last bit.
        with _alone:
            yield _one_by_one
        return
    with _alone, ThreadPoolExecutor(threads, thread_name_prefix="spectra") as pool:

        def spread(work: Callable[[Any], None], things: Iterable[Any]) -> None:
            for _ in pool.map(work, things):  # an error is raised here
                pass

        yield spread


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Keep all that a block does to the thread that it is done in.

    For what is small, or made of many small steps: threads would mostly wait for one another, on
    a machine that is busy ten times as long as the work takes.
    """
    # OpenMP, which PyTorch uses, has a number of its own for each thread that asks for others.
    # PyTorch sets it when the thread asks for the first time.
    if "torch" in sys.modules:
        sys.modules["torch"].get_num_threads()
    with _alone, _controller().limit(limits=1, user_api="openmp"):
        yield


def parts(length: int, block: int, threads: int) -> list[slice]:
    """Cut a length into runs of whole blocks, two for each thread.

    Parameters
    ----------
    length : int
        What is cut.
    block : int
        What stays together; the last block may be shorter.
    threads : int
        Threads to share them.
    """
    blocks = -(-length // block)
    each = block * max(1, -(-blocks // (2 * threads)))
    return [slice(first, min(first + each, length)) for first in range(0, length, each)]


def _one_by_one(work: Callable[[Any], None], things: Iterable[Any]) -> None:
    for thing in things:
        work(thing)


class _OneThreadEach:
    """Linear algebra on one thread for as long as anybody is inside.

    The setting is one for the whole process: the first one in changes it, the last one out
    puts it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                _own()
                self._limit = _controller().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _own()
                self._limit.restore_original_limits()
                _own()


_alone = _OneThreadEach()


def _own() -> None:
    """Let this thread change the setting, whichever changed it before (threadpoolctl 3.8)."""
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


def _controller() -> ThreadpoolController:
    """What sets the threads of all libraries that are loaded by now."""
    return _controller_of(*(name in sys.modules for name in ("scipy.linalg", "torch")))


@lru_cache
def _controller_of(*loaded: bool) -> ThreadpoolController:
    return ThreadpoolController()
