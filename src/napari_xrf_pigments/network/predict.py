"""From spectra to probabilities with the bundled network.

A spectrum that holds a number which is none (NaN, infinity) gets no answer: NaN. Counts under
zero are taken as zero. More counts than the network was trained with count as so many. Where a
spectrum is like nothing that was simulated, its answer is pulled to the base rates, see `doubt`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from .._parallel import Spread, on_threads
from .._typing import BoolArray, Float32Array
from ..cube import Acquisition, EnergyAxis, PigmentMaps
from ._batching import Lane, lanes, largest_batch
from ._preprocess import Intake, Seen
from .encoding import N_INPUTS
from .model import PigmentNet, answers
from .out_of_distribution import base_rates, doubt, pulled, saturated_share
from .outputs import output_names
from .training_domain import instrument_warnings
from .weights import bundled_weights, load_weights, on_device, weights_hash

#: Spectra that the network works on at once: few enough for the processor's cache.
BATCH = 1024
#: On a GPU at most so many: a tile is several batches, of which one is prepared meanwhile.
MOST_BATCH = 2048
#: Fewer at once are not worth a try when the memory of a GPU is full.
LEAST_BATCH = 64
#: Fields of answers, in the order of the network's outputs.
FIELDS = ("probability", "top", "below", "group_probability")

Bound = Callable[[NDArray[Any]], PigmentMaps]


class Predictor:
    """The trained network on a device.

    Parameters
    ----------
    device : str
        ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"``, ...
    weights : Path, optional
        Another weights file than the bundled one.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If the file does not hold weights of this network.
    """

    def __init__(self, device: str = "auto", weights: Path | None = None) -> None:
        path = weights or bundled_weights()
        if not path.is_file():
            raise FileNotFoundError(f"There are no weights at {path}.")
        self.net: PigmentNet = on_device(load_weights(path), device)
        self.device = str(next(self.net.parameters()).device)
        self.weights_hash = weights_hash(path)
        self.names, self.groups = output_names()
        self.notices: list[str] = []
        self._batch = BATCH
        self._changing = Lock()
        if self.device.startswith("cuda"):
            self._batch = largest_batch(self.net, self.device, LEAST_BATCH, MOST_BATCH)

    def bind(self, energies: EnergyAxis, acquisition: Acquisition | None = None) -> Bound:
        """A function from counts (spectrum, channel) to maps of shape (pigment, spectrum).

        Parameters
        ----------
        energies : EnergyAxis
            The energy axis of the counts.
        acquisition : Acquisition, optional
            Settings of the instrument, as far as known.
        """
        intake = Intake(energies, acquisition or Acquisition())

        def predict(counts: NDArray[Any]) -> PigmentMaps:
            return self._predict(np.asarray(counts), intake, energies.n_channels)

        return predict

    def _predict(self, counts: NDArray[Any], intake: Intake, channels: int) -> PigmentMaps:
        if counts.ndim != 2 or counts.shape[1] != channels:
            raise ValueError(
                f"Spectra must have the shape (spectrum, {channels}), not {counts.shape}."
            )
        spectra, missing = _usable(counts)
        seen = Seen.nothing(len(spectra))
        with on_threads(torch.get_num_threads()) as spread:
            told = self._in_batches(spectra, intake, seen, spread)
            unexplained = intake.unexplained(spectra, seen, spread)
        # What is missing over a ceiling, no line can account for.
        np.maximum(unexplained, saturated_share(spectra), out=unexplained)
        weight, base = doubt(unexplained, seen.totals), base_rates()
        pigments, groups = len(self.names), len(self.groups)
        fields: dict[str, Any] = {}
        start = 0
        for name, count in zip(FIELDS, (pigments, pigments, pigments, groups), strict=True):
            fields[name] = pulled(told[start : start + count], getattr(base, name), weight)
            start += count
            if missing.any():
                fields[name][:, missing] = np.nan
        unexplained[missing] = np.nan
        return PigmentMaps(names=self.names, groups=self.groups, unexplained=unexplained, **fields)

    def _in_batches(
        self, counts: NDArray[Any], intake: Intake, seen: Seen, spread: Spread
    ) -> Float32Array:
        """Answers (output, spectrum), in batches that the device has room for.

        In the end the memory is the processor's.
        """
        outputs = 3 * len(self.names) + len(self.groups)
        told = np.empty((outputs, len(counts)), np.float32)
        device, size = self.device, self._batch
        ways = lanes(device, size, N_INPUTS, outputs)
        start = turn = 0
        while start < len(counts):
            stop, lane = min(start + size, len(counts)), ways[turn % len(ways)]
            lane.empty_into(told)
            intake(counts[start:stop], lane.encoded(stop - start), seen[start:stop], spread)
            if self._sent(lane, start, stop, device):
                start, turn = stop, turn + 1
                continue
            for lane in ways:
                lane.empty_into(told)
            device, size = self.device, self._batch
            ways = lanes(device, size, N_INPUTS, outputs)
        for lane in ways:
            lane.empty_into(told)
        return told

    def _sent(self, lane: Lane, start: int, stop: int, device: str) -> bool:
        """Send the spectra of a lane through the network; False where it had to make room.

        A run and a click may share a network. Whoever finds the device full changes where and how
        both go on, so that only one at a time is let to it. On the processor nothing changes.
        """
        if device == "cpu":
            lane.take(self._answers(lane.sent(stop - start, device)), start)
            return True
        with self._changing:
            if self.device != device:
                return False
            try:
                lane.take(self._answers(lane.sent(stop - start, device)), start)
            except torch.cuda.OutOfMemoryError:
                self._make_room()
                return False
        return True

    def _make_room(self) -> None:
        """Go on with smaller batches, in the end on the processor."""
        if self._batch > LEAST_BATCH:
            self._batch //= 2
            told = "The memory of the GPU was full, so spectra were worked on in smaller batches."
        else:
            self._batch, self.net, self.device = BATCH, self.net.to("cpu"), "cpu"
            told = "The memory of the GPU was full, so the processor went on with the work."
        if told not in self.notices:
            self.notices.append(told)

    @torch.inference_mode()
    def _answers(self, encoded: torch.Tensor) -> torch.Tensor:
        """Answers to a batch, the fields side by side: shape (spectrum, output)."""
        found = answers(self.net, encoded)
        return torch.cat([getattr(found, name) for name in FIELDS], dim=1)


def _usable(counts: NDArray[Any]) -> tuple[NDArray[Any], BoolArray]:
    """Counts without negative and missing numbers, and which spectra hold a missing one."""
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
    """Pigment probabilities of single spectra.

    Parameters
    ----------
    counts : array_like, shape (spectrum, channel)
        Counts.
    energies : EnergyAxis or array_like, shape (channel,)
        The energy axis, or the channels' centres in keV.
    acquisition : Acquisition, optional
        Settings of the instrument, as far as known.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ...

    Returns
    -------
    PigmentMaps
        The arrays have a leading spectrum axis: (spectrum, pigment), (spectrum, group)
        and (spectrum,). A spectrum with NaN in it has NaN for an answer. The entry
        "warnings" of the provenance says in plain sentences what to be careful about.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the energies do not rise in even steps.
    """
    axis = energies if isinstance(energies, EnergyAxis) else EnergyAxis.from_kev(energies)
    predictor = Predictor(device)
    maps = predictor.bind(axis, acquisition)(np.atleast_2d(np.asarray(counts)))
    warnings = [*instrument_warnings(axis, acquisition or Acquisition()), *predictor.notices]
    return PigmentMaps(
        names=maps.names,
        probability=maps.probability.T,
        top=maps.top.T,
        below=maps.below.T,
        groups=maps.groups,
        group_probability=maps.group_probability.T,
        unexplained=maps.unexplained,
        provenance={"weights": predictor.weights_hash, "warnings": warnings},
    )
