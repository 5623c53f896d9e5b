"""Transfer of batches to the network's device and of its outputs back.

On a CUDA device two sets of buffers alternate: while the device works on one batch, the processor
prepares the next. Their memory is page-locked, so that copies run asynchronously. On the processor
there is one set, used through the same interface.
"""

from __future__ import annotations

import torch

from .._typing import Float32Array


class BatchBuffers:
    """Host buffers for one batch.

    Parameters
    ----------
    size : int
        Spectra in a batch at most.
    inputs, outputs : int
        Network inputs and outputs per spectrum.
    pinned : bool
        Whether to page-lock the memory for a CUDA device.
    """

    def __init__(self, size: int, inputs: int, outputs: int, *, pinned: bool) -> None:
        self._input = torch.empty((size, inputs), dtype=torch.float32, pin_memory=pinned)
        self._output = torch.empty((size, outputs), pin_memory=True) if pinned else None
        self._result: torch.Tensor | None = None
        self._copied: torch.cuda.Event | None = None
        self._start = 0

    def inputs(self, count: int) -> Float32Array:
        """Return a writable view of the inputs of the first `count` spectra."""
        array: Float32Array = self._input[:count].numpy()
        return array

    def to_device(self, count: int, device: str) -> torch.Tensor:
        """Copy the inputs of the first `count` spectra to a device, asynchronously if pinned."""
        return self._input[:count].to(device, non_blocking=True)

    def store_result(self, result: torch.Tensor, start: int) -> None:
        """Start the copy of a result to the host.

        Parameters
        ----------
        result : Tensor, shape (spectrum, output)
            Outputs of the network.
        start : int
            Index of the first of these spectra among all.
        """
        self._start, self._result = start, result
        if self._output is not None:
            self._result = self._output[: len(result)]
            self._result.copy_(result, non_blocking=True)
            self._copied = torch.cuda.current_stream(result.device).record_event()

    def copy_results(self, outputs: Float32Array) -> None:
        """Wait for a pending result and copy it into an array of shape (output, spectrum)."""
        if self._result is None:
            return
        if self._copied is not None:
            self._copied.synchronize()
        result = self._result.cpu().numpy()
        outputs[:, self._start : self._start + len(result)] = result.T
        self._result = self._copied = None


def make_buffers(device: str, size: int, inputs: int, outputs: int) -> list[BatchBuffers]:
    """Allocate two pinned sets of buffers for CUDA, else one set.

    One set also serves a CUDA device where memory cannot be page-locked; transfers then block.

    Parameters
    ----------
    device : str
        Device of the network.
    size, inputs, outputs : int
        See :class:`BatchBuffers`.
    """
    if device.startswith("cuda") and torch.cuda.is_available():
        try:
            return [BatchBuffers(size, inputs, outputs, pinned=True) for _ in range(2)]
        except RuntimeError:  # a limit of the system or of a container
            pass
    return [BatchBuffers(size, inputs, outputs, pinned=False)]


def largest_batch(net: torch.nn.Module, device: str, smallest: int, largest: int) -> int:
    """Estimate the number of spectra that fit a quarter of a CUDA device's free memory.

    Parameters
    ----------
    net : Module
        The network; its widest layer determines the memory per spectrum.
    device : str
        The CUDA device.
    smallest, largest : int
        Bounds of the result.

    Returns
    -------
    int
        A power of two, or one of the bounds.
    """
    free, _ = torch.cuda.mem_get_info(torch.device(device))
    widest = max(max(weight.shape) for weight in net.parameters())
    # The input, the few layers alive at once and the output; four bytes per number.
    fitting = free // 4 // (4 * 12 * widest)
    return int(min(largest, max(smallest, 2 ** (max(1, fitting).bit_length() - 1))))
