"""Parallel work on blocks of spectra, with one thread of linear algebra per worker.

A block of spectra goes through many small steps, of which only the matrix products would use
several cores by themselves. So whole blocks are distributed over threads, and meanwhile the linear
algebra of numpy and scipy is limited to the calling thread: its own threads would only wait for
one another. The limits are those of threadpoolctl and are restored on exit.
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

#: Call a function with each item, and return when all calls are done.
Executor = Callable[[Callable[[Any], None], Iterable[Any]], None]


def thread_count() -> int:
    """Return the number of threads: ``OMP_NUM_THREADS``, else the cores this process may use."""
    try:
        return max(1, int(os.environ["OMP_NUM_THREADS"].split(",")[0]))
    except (KeyError, ValueError):
        pass
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def on_threads(count: int | None = None) -> Iterator[Executor]:
    """Provide a function that calls another one with many items on several threads.

    Parameters
    ----------
    count : int, optional
        Number of threads; by default :func:`thread_count`. A single one is the caller's own.
    """
    threads = count or thread_count()
    if threads == 1:
        # The same sums in the same order as on several threads, to the last bit.
        with _single_threaded_blas:
            yield _run_serially
        return
    with _single_threaded_blas, ThreadPoolExecutor(threads, thread_name_prefix="spectra") as pool:

        def execute(work: Callable[[Any], None], items: Iterable[Any]) -> None:
            for _ in pool.map(work, items):  # an error is raised here
                pass

        yield execute


@contextmanager
def on_one_thread() -> Iterator[None]:
    """Limit a block of code to the calling thread, PyTorch included.

    Meant for small work and for many small steps, where threads would mostly wait for one another:
    on a busy machine ten times as long as the work takes.
    """
    # OpenMP keeps one limit per calling thread; PyTorch sets it at the first call in a thread.
    if "torch" in sys.modules:
        sys.modules["torch"].get_num_threads()
    with _single_threaded_blas, _controller().limit(limits=1, user_api="openmp"):
        yield


def split_blocks(length: int, block: int, threads: int) -> list[slice]:
    """Split a length into runs of whole blocks, two for each thread.

    Parameters
    ----------
    length : int
        Length to split.
    block : int
        Length that is never split; the last block may be shorter.
    threads : int
        Number of threads that share the runs.
    """
    blocks = -(-length // block)
    each = block * max(1, -(-blocks // (2 * threads)))
    return [slice(first, min(first + each, length)) for first in range(0, length, each)]


def _run_serially(work: Callable[[Any], None], items: Iterable[Any]) -> None:
    for item in items:
        work(item)


class _SingleThreadedBlas:
    """Limit linear algebra to one thread while at least one block of code is inside.

    The limit holds for the whole process: the first block to enter sets it, the last one to leave
    restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                _reset_controlling_thread()
                self._limit = _controller().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _reset_controlling_thread()
                self._limit.restore_original_limits()
                _reset_controlling_thread()


_single_threaded_blas = _SingleThreadedBlas()


def _reset_controlling_thread() -> None:
    """Let this thread change the limit, whichever thread changed it before (threadpoolctl 3.8)."""
    clear = getattr(OpenBLASController, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


def _controller() -> ThreadpoolController:
    """Return the controller of the thread pools of all libraries loaded by now."""
    return _controller_of(*(name in sys.modules for name in ("scipy.linalg", "torch")))


@lru_cache
def _controller_of(*loaded: bool) -> ThreadpoolController:
    return ThreadpoolController()
