"""Prediction of pigment probabilities from spectra.

A spectrum with a number that is not finite gets NaN probabilities. Negative counts are taken as
zero. Totals above those of the training are scaled down to them. Probabilities of spectra outside
the training distribution shrink to the base rates, see :mod:`.out_of_distribution`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from .._parallel import Executor, on_threads
from .._typing import BoolArray, Float32Array
from ..cube import Acquisition, EnergyAxis, PigmentMaps, combine_maps
from ..cube.maps import OPTIONAL_PIGMENT_ARRAYS, PIGMENT_ARRAYS
from ._batching import BatchBuffers, largest_batch, make_buffers
from ._preprocess import Preprocessor, SpectrumStats
from .eight_bit import EightBitNetwork, can_use_8_bits
from .encoding import N_INPUTS
from .evidence import evidence_rule
from .model import PigmentNet, make_consistent, probabilities_from_logits
from .out_of_distribution import base_rates, ood_weight, saturated_share, shrink_to_base_rate
from .outputs import FIELDS, output_names
from .training_domain import instrument_warnings
from .weights import (
    SINGLE_PRECISION,
    bundled_weights,
    load_weights,
    move_to_device,
    weights_hash,
)

#: Spectra in a batch on the processor: few enough for its cache.
BATCH = 1024
#: Largest batch on a GPU: a tile is several batches, of which one is prepared while another runs.
MAX_BATCH = 2048
#: Smallest batch tried when the memory of a GPU is full.
MIN_BATCH = 64

BoundPredictor = Callable[[NDArray[Any]], PigmentMaps]


class Predictor:
    """The trained network on a device.

    Parameters
    ----------
    device : str
        ``"auto"`` (CUDA where there is one, else the processor); ``"cpu"``: the processor, in 8
        bits (:mod:`.eight_bit`) if the weights allow it and ONNX Runtime is installed;
        ``"cpu-float32"``: the processor in single precision; ``"cuda"``, ...
    weights : Path, optional
        Another weights file than the bundled one.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If the file does not hold weights of this network.

    Attributes
    ----------
    fields : tuple of str
        Arrays of the maps that it computes.
    numerics : str
        ``"int8"`` or ``"float32"``: how the network is computed.
    """

    fields: tuple[str, ...] = (*PIGMENT_ARRAYS, *OPTIONAL_PIGMENT_ARRAYS)

    def __init__(self, device: str = "auto", weights: Path | None = None) -> None:
        path = weights or bundled_weights()
        if not path.is_file():
            raise FileNotFoundError(f"There are no weights at {path}.")
        self.net: PigmentNet = move_to_device(load_weights(path), device)
        self.device = str(next(self.net.parameters()).device)
        self.weights_hash = weights_hash(path)
        self.names, self.groups = output_names()
        self.notices: list[str] = []
        self.batch = BATCH
        self._device_lock = Lock()
        self._eight_bit: EightBitNetwork | None = None
        if self.device == "cpu" and device != SINGLE_PRECISION and can_use_8_bits(self.net):
            self._eight_bit = EightBitNetwork(self.net)
        self.numerics = "float32" if self._eight_bit is None else "int8"
        if self.device.startswith("cuda"):
            self.batch = largest_batch(self.net, self.device, MIN_BATCH, MAX_BATCH)

    def bind(self, energies: EnergyAxis, acquisition: Acquisition | None = None) -> BoundPredictor:
        """Make a function from counts (spectrum, channel) to maps of shape (pigment, spectrum).

        Parameters
        ----------
        energies : EnergyAxis
            The energy axis of the counts.
        acquisition : Acquisition, optional
            Settings of the instrument, as far as known.
        """
        preprocess = Preprocessor(energies, acquisition or Acquisition())

        def predict(counts: NDArray[Any]) -> PigmentMaps:
            return self._predict(np.asarray(counts), preprocess, energies.n_channels)

        return predict

    def _predict(
        self, counts: NDArray[Any], preprocess: Preprocessor, channels: int
    ) -> PigmentMaps:
        if counts.ndim != 2 or counts.shape[1] != channels:
            raise ValueError(
                f"Spectra must have the shape (spectrum, {channels}), not {counts.shape}."
            )
        spectra, missing = _finite_counts(counts)
        stats = SpectrumStats.zeros(len(spectra), len(preprocess.families))
        with on_threads(torch.get_num_threads()) as spread:
            run = self._run_batches if self._eight_bit is None else self._run_in_8_bits
            outputs = run(spectra, preprocess, stats, spread)
            unexplained = preprocess.unexplained_share(spectra, stats, spread)
        # No line accounts for the counts lost in saturated channels.
        np.maximum(unexplained, saturated_share(spectra), out=unexplained)
        weight, base = ood_weight(unexplained, stats.totals), base_rates()
        pigments, groups = len(self.names), len(self.groups)
        fields: dict[str, Any] = {}
        start = 0
        for name, count in zip(FIELDS, (pigments, pigments, pigments, groups), strict=True):
            part = outputs[start : start + count]
            fields[name] = shrink_to_base_rate(part, getattr(base, name), weight)
            start += count
        fields |= evidence_rule(preprocess.families)(fields, stats.counts, stats.sigma)
        if missing.any():
            for values in (*fields.values(), unexplained):
                values[..., missing] = np.nan
        return PigmentMaps(names=self.names, groups=self.groups, unexplained=unexplained, **fields)

    def _run_in_8_bits(
        self, counts: NDArray[Any], preprocess: Preprocessor, stats: SpectrumStats, spread: Executor
    ) -> Float32Array:
        """Run the network in 8 bits; return what :meth:`_run_batches` returns."""
        network = self._eight_bit
        assert network is not None
        outputs = np.empty((3 * len(self.names) + len(self.groups), len(counts)), np.float32)
        bias = network.instrument_bias(preprocess.settings)

        def use(block: slice, steps: NDArray[np.uint8]) -> None:
            result = np.ascontiguousarray(network(steps, bias).T)
            make_consistent(result)
            outputs[:, block] = result

        preprocess.steps(counts, use, stats, spread)
        return outputs

    def _run_batches(
        self, counts: NDArray[Any], preprocess: Preprocessor, stats: SpectrumStats, spread: Executor
    ) -> Float32Array:
        """Run the network on spectra in batches that fit the device, in the end on the processor.

        Returns
        -------
        ndarray, shape (output, spectrum), float32
            Probabilities, the fields one after the other.
        """
        n_outputs = 3 * len(self.names) + len(self.groups)
        outputs = np.empty((n_outputs, len(counts)), np.float32)
        device, size = self.device, self.batch
        buffers = make_buffers(device, size, N_INPUTS, n_outputs)
        start = turn = 0
        while start < len(counts):
            stop, current = min(start + size, len(counts)), buffers[turn % len(buffers)]
            current.copy_results(outputs)
            preprocess(counts[start:stop], current.inputs(stop - start), stats[start:stop], spread)
            if self._run_batch(current, start, stop, device):
                start, turn = stop, turn + 1
                continue
            for each in buffers:
                each.copy_results(outputs)
            device, size = self.device, self.batch
            buffers = make_buffers(device, size, N_INPUTS, n_outputs)
        for each in buffers:
            each.copy_results(outputs)
        return outputs

    def _run_batch(self, buffers: BatchBuffers, start: int, stop: int, device: str) -> bool:
        """Run the network on the spectra in the buffers; return False if the batch must be redone.

        Two threads (a run and a click) may share a network, and the one that fills the device's
        memory changes batch size and device for both. The lock therefore admits one at a time;
        the processor never changes and needs none.
        """
        if device == "cpu":
            buffers.store_result(self._forward(buffers.to_device(stop - start, device)), start)
            return True
        with self._device_lock:
            if self.device != device:
                return False
            try:
                buffers.store_result(self._forward(buffers.to_device(stop - start, device)), start)
            except torch.cuda.OutOfMemoryError:
                self._reduce_batch_or_fall_back()
                return False
        return True

    def _reduce_batch_or_fall_back(self) -> None:
        """Halve the batch, or move to the processor once the batch is small, and note it."""
        if self.batch > MIN_BATCH:
            self.batch //= 2
            notice = (
                "The memory of the GPU was full, so spectra were computed in smaller batches; "
                "the results are not affected."
            )
        else:
            self.batch, self.net, self.device = BATCH, self.net.to("cpu"), "cpu"
            notice = (
                "The memory of the GPU was full, so the processor computed the rest; "
                "the results are not affected."
            )
        if notice not in self.notices:
            self.notices.append(notice)

    @torch.inference_mode()
    def _forward(self, encoded: torch.Tensor) -> torch.Tensor:
        """Compute the probabilities of a batch, fields side by side, shape (spectrum, output)."""
        result = probabilities_from_logits(self.net(encoded))
        return torch.cat([getattr(result, name) for name in FIELDS], dim=1)


def _finite_counts(counts: NDArray[Any]) -> tuple[NDArray[Any], BoolArray]:
    """Replace negative counts and spectra that are not finite by zero; flag the latter."""
    missing = np.zeros(len(counts), bool)
    if counts.dtype.kind == "f":
        missing = ~np.isfinite(counts).all(axis=1)
        if missing.any():
            counts = np.where(missing[:, None], 0, counts)
    if counts.dtype.kind in "if" and counts.size and counts.min() < 0:
        counts = np.maximum(counts, 0)
    return counts, missing


def predict_spectra(
    counts: ArrayLike,
    energies: EnergyAxis | ArrayLike,
    acquisition: Acquisition | None = None,
    *,
    device: str = "auto",
) -> PigmentMaps:
    """Predict pigment probabilities of single spectra.

    Parameters
    ----------
    counts : array_like, shape (spectrum, channel)
        Counts.
    energies : EnergyAxis or array_like, shape (channel,)
        The energy axis, or the channels' centres in keV.
    acquisition : Acquisition, optional
        Settings of the instrument, as far as known.
    device : str
        As for :class:`Predictor`.

    Returns
    -------
    PigmentMaps
        The arrays have a leading spectrum axis: (spectrum, pigment), (spectrum, group)
        and (spectrum,); NaN for a spectrum that holds NaN or infinity. The entry "warnings" of
        the provenance lists settings of the instrument outside the training, one sentence each.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the energies do not rise in even steps.
    """
    axis = energies if isinstance(energies, EnergyAxis) else EnergyAxis.from_kev(energies)
    predictor = Predictor(device)
    maps = predictor.bind(axis, acquisition)(np.atleast_2d(np.asarray(counts)))
    warnings = [*instrument_warnings(axis, acquisition or Acquisition()), *predictor.notices]
    provenance = {
        "weights": predictor.weights_hash,
        "numerics": predictor.numerics,
        "warnings": warnings,
    }
    return replace(combine_maps(np.transpose, maps), provenance=provenance)
