"""From spectra to probabilities with the bundled network.

A spectrum that holds a number which is none (NaN, infinity) gets no answer: NaN. Counts under
zero are taken as zero. More counts than the network was trained with count as so many. Where a
spectrum is like nothing that was simulated, its answer is pulled to the base rates, see `doubt`.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..cube import Acquisition, EnergyAxis, PigmentMaps
from ..physics.unexplained import unexplained_share
from .base_rates import base_rates
from .doubt import doubt, pulled, saturated_share
from .encoding import bins_of, encode_bins
from .labels import output_names
from .model import Answers, PigmentNet, answers
from .reach import instrument_warnings
from .weights import bundled_weights, load_weights, on_device, weights_hash

#: Spectra worked on at once: small enough for the processor's cache.
BATCH = 1024
#: Fewer at once are not worth a try when the memory of a GPU is full.
LEAST_BATCH = 64
#: For fewer spectra threads are not worth their start.
_LEAST_FOR_THREADS = 512
#: The network was trained with up to so many counts. Of more it would take the shape of the
#: simulation for evidence: the purest metal then shows traces of everything.
MOST_COUNTS = 1e5

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

    def bind(self, energies: EnergyAxis, acquisition: Acquisition | None = None) -> Bound:
        """A function from counts (spectrum, channel) to maps of shape (pigment, spectrum).

        Parameters
        ----------
        energies : EnergyAxis
            The energy axis of the counts.
        acquisition : Acquisition, optional
            Settings of the instrument, as far as known.
        """
        known = acquisition or Acquisition()

        def predict(counts: NDArray[Any]) -> PigmentMaps:
            return self._predict(np.asarray(counts), energies, known)

        return predict

    def _predict(
        self, counts: NDArray[Any], energies: EnergyAxis, known: Acquisition
    ) -> PigmentMaps:
        if counts.ndim != 2 or counts.shape[1] != energies.n_channels:
            raise ValueError(
                f"Spectra must have the shape (spectrum, {energies.n_channels}), "
                f"not {counts.shape}."
            )
        spectra, missing = _usable(counts)
        parts = self._in_batches(spectra, energies, known)
        unexplained = _unexplained(spectra, energies, known)
        # What is missing over a ceiling, no line can account for.
        unexplained = np.maximum(unexplained, saturated_share(spectra)).astype(np.float32)
        weight = doubt(unexplained, spectra.sum(axis=1, dtype=np.float64))
        base = base_rates()

        def joined(field: str) -> NDArray[np.float32]:
            told = np.concatenate([getattr(part, field).cpu().numpy() for part in parts]).T
            told = pulled(told, getattr(base, field), weight)
            if missing.any():
                told[:, missing] = np.nan
            return told

        unexplained[missing] = np.nan
        return PigmentMaps(
            names=self.names,
            probability=joined("probability"),
            top=joined("top"),
            below=joined("below"),
            groups=self.groups,
            group_probability=joined("group_probability"),
            unexplained=unexplained,
        )

    def _in_batches(
        self, counts: NDArray[Any], energies: EnergyAxis, known: Acquisition
    ) -> list[Answers]:
        """Answers in batches that the device has room for; in the end the processor's memory."""
        parts: list[Answers] = []
        start = 0
        while start < max(1, len(counts)):
            try:
                parts.append(self._answers(counts[start : start + self._batch], energies, known))
            except torch.cuda.OutOfMemoryError:
                if self.device == "cpu":
                    raise
                self._make_room()
            else:
                start += self._batch
        return parts

    def _make_room(self) -> None:
        if self._batch > LEAST_BATCH:
            self._batch //= 2
            told = "The memory of the GPU was full, so spectra were worked on in smaller batches."
        else:
            self._batch, self.net, self.device = BATCH, self.net.to("cpu"), "cpu"
            told = "The memory of the GPU was full, so the processor went on with the work."
        if told not in self.notices:
            self.notices.append(told)

    @torch.inference_mode()
    def _answers(self, counts: NDArray[Any], energies: EnergyAxis, known: Acquisition) -> Answers:
        bins = bins_of(counts, energies)
        totals = torch.from_numpy(counts.sum(axis=1, dtype=np.float64)).float()[:, None]
        if bool((totals > MOST_COUNTS).any()):
            bins = bins * (MOST_COUNTS / totals.clamp(min=MOST_COUNTS))
        encoded = encode_bins(bins, energies, known)
        return answers(self.net, encoded.to(self.device))


def _unexplained(
    counts: NDArray[Any], energies: EnergyAxis, known: Acquisition
) -> NDArray[np.float32]:
    """Unexplained share of spectra, on as many threads as the network runs on."""
    threads = torch.get_num_threads()
    if threads == 1 or len(counts) < _LEAST_FOR_THREADS:
        return unexplained_share(counts, energies, known)
    # Without spectra: what all threads need is made once.
    unexplained_share(counts[:0], energies, known)
    with ThreadPoolExecutor(threads) as pool:
        parts = np.array_split(counts, threads)
        return np.concatenate(
            list(pool.map(lambda part: unexplained_share(part, energies, known), parts))
        )


def _usable(counts: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
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
