"""From spectra to probabilities with the bundled network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..cube import Acquisition, EnergyAxis, PigmentMaps
from ..physics.unexplained import unexplained_share
from .encoding import encode
from .labels import output_names
from .model import Answers, PigmentNet, answers
from .weights import bundled_weights, load_weights, on_device, weights_hash

#: Spectra worked on at once: small enough for the processor's cache.
BATCH = 1024

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
        parts = [
            self._answers(counts[start : start + BATCH], energies, known)
            for start in range(0, max(1, len(counts)), BATCH)
        ]

        def joined(field: str) -> NDArray[np.float32]:
            return np.concatenate([getattr(part, field).cpu().numpy() for part in parts]).T

        return PigmentMaps(
            names=self.names,
            probability=joined("probability"),
            top=joined("top"),
            below=joined("below"),
            groups=self.groups,
            group_probability=joined("group_probability"),
            unexplained=unexplained_share(counts, energies, known).astype(np.float32),
        )

    @torch.inference_mode()
    def _answers(self, counts: NDArray[Any], energies: EnergyAxis, known: Acquisition) -> Answers:
        # torch knows few unsigned types; counts below 2^24 are exact in single precision.
        spectra = torch.from_numpy(counts.astype(np.float32))
        encoded = encode(spectra, energies, known)
        return answers(self.net, encoded.to(self.device))


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
        and (spectrum,).

    Raises
    ------
    ValueError
        If the shapes do not fit, or the energies do not rise in even steps.
    """
    axis = energies if isinstance(energies, EnergyAxis) else EnergyAxis.from_kev(energies)
    predictor = Predictor(device)
    maps = predictor.bind(axis, acquisition)(np.atleast_2d(np.asarray(counts)))
    return PigmentMaps(
        names=maps.names,
        probability=maps.probability.T,
        top=maps.top.T,
        below=maps.below.T,
        groups=maps.groups,
        group_probability=maps.group_probability.T,
        unexplained=maps.unexplained,
        provenance={"weights": predictor.weights_hash},
    )
