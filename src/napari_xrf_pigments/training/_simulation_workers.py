"""Worker processes that simulate training spectra."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from multiprocessing.context import SpawnProcess
from queue import Empty, Full
from types import TracebackType
from typing import Any

import torch
import torch.multiprocessing as mp

from .spectra_stream import Chunk, Draws, Place, training_stream

_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}


def _work(seed: int, worker: int, draws: Draws, place: Place | None, queue: Any) -> None:
    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None
    for chunk in training_stream((seed, worker), draws, place=place):
        # numpy travels as bytes: no shared memory that a dying worker could leave behind.
        # A killed parent stops nobody: a worker that waits looks whether it still lives.
        while True:
            try:
                queue.put((chunk.encoded.numpy(), chunk.answers.numpy(), chunk.place), timeout=10)
                break
            except Full:
                if not parent.is_alive():
                    queue.cancel_join_thread()  # nobody will read what is still in the pipe
                    return


class Feeder:
    """An endless iterator of chunks, made by `workers` processes in turn.

    The order is fixed: chunk after chunk from each worker in turn, so that a seed gives
    the same training set whatever the machine's load. With no worker the chunks are made
    in this process.

    Parameters
    ----------
    seed : int
        Seed of all streams.
    workers : int
        Processes that simulate, each a stream of its own.
    draws : Draws, optional
        How harsh the streams are.
    places : sequence of (Place or None), optional
        Where each stream begins; by default at its beginning.
    turn : int
        The stream that comes first.
    """

    def __init__(
        self,
        seed: int,
        workers: int,
        draws: Draws | None = None,
        places: Sequence[Place | None] = (),
        turn: int = 0,
    ) -> None:
        self._seed = seed
        self._draws = draws or Draws()
        self._places = list(places) or [None] * max(1, workers)
        self._turn = turn
        self._queues: list[Any] = []
        self._processes: list[SpawnProcess] = []
        # Tensors of some MB, made and dropped all the time: glibc gives such memory back to
        # the system at once and asks for it again, which took half of the workers' time.
        for name, value in _MALLOC.items():
            os.environ.setdefault(name, value)
        context = mp.get_context("spawn")
        for worker in range(workers):
            queue = context.Queue(maxsize=6)
            process = context.Process(
                target=_work,
                args=(seed, worker, self._draws, self._places[worker], queue),
                daemon=True,
            )
            process.start()
            self._queues.append(queue)
            self._processes.append(process)

    def __enter__(self) -> Feeder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.terminate()
            process.join()

    def __iter__(self) -> Iterator[Chunk]:
        if not self._queues:
            yield from training_stream((self._seed, 0), self._draws, place=self._places[0])
            return
        streams = list(zip(self._queues, self._processes, strict=True))
        for queue, process in islice(cycle(streams), self._turn, None):
            yield _next(queue, process)


def _next(queue: Any, process: SpawnProcess) -> Chunk:
    while True:
        try:
            encoded, answers, place = queue.get(timeout=5)
        except Empty:
            if not process.is_alive():
                raise RuntimeError("A simulating process ended unexpectedly.") from None
            continue
        return Chunk(torch.from_numpy(encoded), torch.from_numpy(answers), place)
