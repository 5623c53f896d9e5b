"""Run the work of a test in a separate process, which is killed or has a full disk.

A test module defines ``again(turn, *arguments)``, the work that is repeated until the process is
killed, and ``once(*arguments)``, the work that runs on a full disk.
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="needs signals and limits of POSIX")
#: Exit code of a process that printed the message of an OSError.
REPORTED = 3
#: Modules that the work needs, imported before the fork to save time in every victim.
_SLOW = ("dask.array", "h5py", "tifffile", "zarr", "napari_xrf_pigments.io.results")


def _command(what: str, module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", __name__, what, module, *map(str, arguments)]


@contextmanager
def victims(module: str, *arguments: object) -> Iterator[Callable[[float], None]]:
    """Yield a function that runs ``again`` of a module in a new process and kills the process.

    The argument of the function is the time from the end of the first turn to the kill, in units
    of the duration of the first turn.
    """
    command = _command("killed", module, *arguments)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        orders, answers = parent.stdin, parent.stdout

        def kill(moment: float) -> None:
            orders.write(f"{moment}\n")
            orders.flush()
            assert answers.readline() == "killed\n", "The work failed before it was killed."

        yield kill
        orders.close()


def run_on_full_disk(
    limit: int, module: str, *arguments: object
) -> subprocess.CompletedProcess[str]:
    """Run ``once`` of a module in a process whose files are limited to `limit` bytes."""
    command = _command("full", module, limit, *arguments)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def _killed(again: Callable[..., None], arguments: list[str]) -> None:
    for name in _SLOW:
        importlib.import_module(name)
    # Every victim is forked before any work was done, so that all start in the same state.
    for line in sys.stdin:
        reader, writer = os.pipe()
        start = time.monotonic()
        victim = os.fork()
        if victim == 0:
            for turn in range(1000):
                again(turn, *arguments)
                os.write(writer, b"done")
            os._exit(0)
        # Without an open writer, reading ends if the victim fails.
        os.close(writer)
        worked = os.read(reader, 4) == b"done"
        if worked:
            time.sleep(float(line) * (time.monotonic() - start))
            os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        os.close(reader)
        print("killed" if worked else "failed", flush=True)


def _full(once: Callable[..., None], limit: str, arguments: list[str]) -> None:
    import resource

    # A limited file size has the same effect as a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    try:
        once(*arguments)
    except OSError as error:
        print(error)
        sys.exit(REPORTED)


if __name__ == "__main__":
    what, module, *rest = sys.argv[1:]
    if what == "killed":
        _killed(importlib.import_module(module).again, rest)
    else:
        _full(importlib.import_module(module).once, rest[0], rest[1:])
