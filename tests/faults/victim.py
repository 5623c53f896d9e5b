"""Work of a test in a process of its own, which is killed or has no room on the disk.

A test module offers ``again(turn, *arguments)``, the work that is done over and over until the
process is killed, and ``once(*arguments)``, the work that finds no room.
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
#: What a process ends with that met an OSError and told it.
TOLD = 3
#: What the work imports in the end: before the fork, so that it is not part of every victim's life.
_SLOW = ("dask.array", "h5py", "tifffile", "zarr", "napari_xrf_pigments.io.results")


def _command(what: str, module: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", __name__, what, module, *map(str, arguments)]


@contextmanager
def victims(module: str, *arguments: object) -> Iterator[Callable[[float], None]]:
    """What begins ``again`` of a module in a new process and kills that after its first turn.

    The call takes the moment of the killing, in lengths of the first turn, counted from its end.
    """
    command = _command("killed", module, *arguments)
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as nursery:
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        orders, answers = nursery.stdin, nursery.stdout

        def kill(moment: float) -> None:
            orders.write(f"{moment}\n")
            orders.flush()
            assert answers.readline() == "killed\n", "The work failed before it was killed."

        yield kill
        orders.close()


def without_room(room: int, module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """``once`` of a module in a process in which no file may grow over so many bytes."""
    command = _command("full", module, room, *arguments)
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def _killed(again: Callable[..., None], arguments: list[str]) -> None:
    for name in _SLOW:
        importlib.import_module(name)
    # Forked before anything was done, so that every victim begins alike.
    for line in sys.stdin:
        heard, tells = os.pipe()
        begun = time.monotonic()
        victim = os.fork()
        if victim == 0:
            for turn in range(1000):
                again(turn, *arguments)
                os.write(tells, b"done")
            os._exit(0)
        # So that there is an end to read where the victim fails.
        os.close(tells)
        worked = os.read(heard, 4) == b"done"
        if worked:
            time.sleep(float(line) * (time.monotonic() - begun))
            os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        os.close(heard)
        print("killed" if worked else "failed", flush=True)


def _full(once: Callable[..., None], room: str, arguments: list[str]) -> None:
    import resource

    # As a disk that is full.
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), resource.RLIM_INFINITY))
    try:
        once(*arguments)
    except OSError as error:
        print(error)
        sys.exit(TOLD)


if __name__ == "__main__":
    what, module, *rest = sys.argv[1:]
    if what == "killed":
        _killed(importlib.import_module(module).again, rest)
    else:
        _full(importlib.import_module(module).once, rest[0], rest[1:])
