"""Batches on their way to the network and back.

On a CUDA device two lanes take turns: while the device works on one batch, the processor
prepares the next. Both ends of a lane are page-locked memory, so that copies need no waiting. On
the processor there is one lane, and the way through it is the same.
"""

from __future__ import annotations

import torch

from .._typing import Float32Array


class Lane:
    """Room for a batch.

    Parameters
    ----------
    size : int
        Spectra.
    inputs, outputs : int
        Numbers for each of them.
    pinned : bool
        Whether to lock the memory for a CUDA device.
    """

    def __init__(self, size: int, inputs: int, outputs: int, *, pinned: bool) -> None:
        self._input = torch.empty((size, inputs), dtype=torch.float32, pin_memory=pinned)
        self._output = torch.empty((size, outputs), pin_memory=True) if pinned else None
        self._answers: torch.Tensor | None = None
        self._ready: torch.cuda.Event | None = None
        self._start = 0

    def encoded(self, count: int) -> Float32Array:
        """The input of the first so many spectra, to be written."""
        array: Float32Array = self._input[:count].numpy()
        return array

    def sent(self, count: int, device: str) -> torch.Tensor:
        """The same on the network's device; it may still be on its way."""
        return self._input[:count].to(device, non_blocking=True)

    def take(self, answers: torch.Tensor, start: int) -> None:
        """Keep the answers (spectrum, output), whose first spectrum is number `start`."""
        self._start, self._answers = start, answers
        if self._output is not None:
            self._answers = self._output[: len(answers)]
            self._answers.copy_(answers, non_blocking=True)
            self._ready = torch.cuda.current_stream(answers.device).record_event()

    def empty_into(self, told: Float32Array) -> None:
        """Wait for the answers and put them into their place in all (output, spectrum)."""
        if self._answers is None:
            return
        if self._ready is not None:
            self._ready.synchronize()
        found = self._answers.cpu().numpy()
        told[:, self._start : self._start + len(found)] = found.T
        self._answers = self._ready = None


def lanes(device: str, size: int, inputs: int, outputs: int) -> list[Lane]:
    """The lanes to a device: one, that waits for it, where memory cannot be page-locked."""
    if device.startswith("cuda") and torch.cuda.is_available():
        try:
            return [Lane(size, inputs, outputs, pinned=True) for _ in range(2)]
        except RuntimeError:  # a limit of the system or of a container
            pass
    return [Lane(size, inputs, outputs, pinned=False)]


def largest_batch(net: torch.nn.Module, device: str, least: int, most: int) -> int:
    """Spectra that a quarter of a CUDA device's free memory has room for, within bounds.

    Parameters
    ----------
    net : Module
        The network: its widest layer is what a spectrum takes most of.
    device : str
        Where it lies.
    least, most : int
        Bounds.
    """
    free, _ = torch.cuda.mem_get_info(torch.device(device))
    widest = max(max(weight.shape) for weight in net.parameters())
    # Input, a few layers that are alive at once, and the answers; four bytes each.
    fitting = free // 4 // (4 * 12 * widest)
    return int(min(most, max(least, 2 ** (max(1, fitting).bit_length() - 1))))
