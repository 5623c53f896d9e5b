"""Worker processes that simulate training spectra."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from multiprocessing.context import SpawnProcess
from queue import Empty, Full
from typing import Any

import torch
import torch.multiprocessing as mp

from .spectra_stream import Chunk, StreamPosition, StreamSettings, training_stream

#: Settings of glibc in the workers. They allocate and free tensors of some MB all the time; by
#: default each goes back to the system at once, which took half of the workers' time.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_TRIM_THRESHOLD_": "8000000000"}


def _work(
    seed: int,
    worker: int,
    settings: StreamSettings,
    position: StreamPosition | None,
    queue: Any,
) -> None:
    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None
    for chunk in training_stream((seed, worker), settings, position=position):
        # Sent as numpy arrays, hence as bytes: a worker that dies leaves no shared memory behind.
        arrays = chunk.encoded.numpy(), chunk.targets.numpy(), chunk.position
        while True:
            try:
                queue.put(arrays, timeout=10)
                break
            except Full:
                # A killed parent cannot stop its workers.
                if not parent.is_alive():
                    queue.cancel_join_thread()
                    return


class ChunkSource:
    """An endless iterator of chunks that several processes simulate.

    The order is fixed: one chunk from each worker in turn, so that a seed gives the same training
    set on every machine. Without workers the chunks are simulated in this process.

    Parameters
    ----------
    seed : int
        Seed of all streams.
    workers : int
        Number of processes, each with a stream of its own.
    settings : StreamSettings, optional
        Distribution of the spectra.
    positions : sequence of (StreamPosition or None), optional
        Position at which each stream begins; by default its start.
    turn : int
        Index of the stream that comes first.
    """

    def __init__(
        self,
        seed: int,
        workers: int,
        settings: StreamSettings | None = None,
        positions: Sequence[StreamPosition | None] = (),
        turn: int = 0,
    ) -> None:
        self._seed = seed
        self._settings = settings or StreamSettings()
        self._positions = list(positions) or [None] * max(1, workers)
        self._turn = turn
        self._queues: list[Any] = []
        self._processes: list[SpawnProcess] = []
        context = mp.get_context("spawn")
        with _inherited(_MALLOC):
            for worker in range(workers):
                queue = context.Queue(maxsize=6)
                process = context.Process(
                    target=_work,
                    args=(seed, worker, self._settings, self._positions[worker], queue),
                    daemon=True,
                )
                process.start()
                self._queues.append(queue)
                self._processes.append(process)

    def __enter__(self) -> ChunkSource:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes:
            process.terminate()
            process.join()

    def __iter__(self) -> Iterator[Chunk]:
        if not self._queues:
            yield from training_stream((self._seed, 0), self._settings, position=self._positions[0])
            return
        streams = list(zip(self._queues, self._processes, strict=True))
        for queue, process in islice(cycle(streams), self._turn, None):
            yield _next(queue, process)


@contextmanager
def _inherited(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for processes started in this context, unless the user did."""
    added = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _next(queue: Any, process: SpawnProcess) -> Chunk:
    while True:
        try:
            encoded, targets, position = queue.get(timeout=5)
        except Empty:
            if not process.is_alive():
                raise RuntimeError("A simulating process ended unexpectedly.") from None
            continue
        return Chunk(torch.from_numpy(encoded), torch.from_numpy(targets), position)
