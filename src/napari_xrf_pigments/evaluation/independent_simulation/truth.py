"""Labelled spectra of a test set: pigments of each spectrum and their detectability."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_xrf_pigments._typing import BoolArray, Float32Array, IntArray
from napari_xrf_pigments.cube import Acquisition, Detector, EnergyAxis

#: Bits of `Truth.where`.
TOP, COVERED, GROUND, SUPPORT = 1, 2, 4, 8


@dataclass(frozen=True)
class Truth:
    """Labels of spectra.

    Parameters
    ----------
    names : tuple of str
        Pigment ids.
    groups : tuple of str
        Ambiguity groups.
    member : ndarray of int, shape (pigment,)
        Number of each pigment's group.
    where : ndarray of uint8, shape (spectrum, pigment)
        Sum of `TOP` (top paint layer), `COVERED` (a paint layer under it), `GROUND`,
        `SUPPORT`; 0 = absent.
    sigma : ndarray, shape (spectrum, pigment)
        Significance of the weakest diagnostic element: its counts from the layers that hold the
        pigment, over the noise of the whole spectrum in the window of its main line; 0 where
        absent or not excited.
    shared : ndarray of bool, shape (spectrum, group)
        Whether other materials in the pixel supply all diagnostic elements of the group too.
    blind : ndarray of bool, shape (spectrum, group)
        Whether the anode or the support consists of a diagnostic element.
    cover_um : ndarray, shape (spectrum, pigment)
        Thickness over the uppermost layer with the pigment, um.
    weight : ndarray, shape (spectrum, pigment)
        Largest weight fraction in a layer.
    counts : ndarray, shape (spectrum,)
        Counts of the spectrum without its zero peak.
    stack : ndarray of int, shape (spectrum,)
        Number of the stack; spectra of one stack are not independent.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    member: IntArray
    where: NDArray[np.uint8]
    sigma: Float32Array
    shared: BoolArray
    blind: BoolArray
    cover_um: Float32Array
    weight: Float32Array
    counts: Float32Array
    stack: IntArray

    @property
    def present(self) -> BoolArray:
        """Whether a pigment is in any layer, shape (spectrum, pigment)."""
        return self.where > 0

    def select(self, rows: Any) -> Truth:
        """Select the labels of some of the spectra."""
        same = {"names", "groups", "member"}
        return Truth(
            **{
                f.name: getattr(self, f.name) if f.name in same else getattr(self, f.name)[rows]
                for f in fields(self)
            }
        )


def concatenate_truths(truths: Sequence[Truth]) -> Truth:
    """Concatenate the labels of several sets; stacks of different sets stay different.

    Raises
    ------
    ValueError
        If the sets have different pigments or groups.
    """
    first = truths[0]
    if any((one.names, one.groups) != (first.names, first.groups) for one in truths):
        raise ValueError("Test sets of different pigment tables cannot be combined.")
    starts = np.cumsum([0, *(int(one.stack.max(initial=-1)) + 1 for one in truths)])
    renumbered = [
        replace(one, stack=one.stack + start)
        for one, start in zip(truths, starts[:-1], strict=True)
    ]
    rows = [f.name for f in fields(Truth) if f.name not in ("names", "groups", "member")]
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in renumbered]) for name in rows
    }
    return replace(first, **joined)


@dataclass(frozen=True)
class TestSet:
    """Labelled spectra that share the axis and the acquisition.

    Parameters
    ----------
    name : str
        Name of the set.
    counts : ndarray of uint32, shape (spectrum, channel)
        The spectra.
    energies : EnergyAxis
        The axis in the file.
    acquisition : Acquisition
        Settings of the instrument, as far as known.
    truth : Truth
        Labels of the spectra.
    made_by : dict
        Settings of the simulation.
    """

    __test__ = False  # not a pytest class

    name: str
    counts: NDArray[np.uint32]
    energies: EnergyAxis
    acquisition: Acquisition
    truth: Truth
    made_by: dict[str, Any]

    def save(self, path: Path | str) -> None:
        """Write the set to an ``.npz`` file, atomically."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {
                "name": self.name,
                "energies": asdict(self.energies),
                "acquisition": asdict(self.acquisition),
                "made_by": self.made_by,
            }
        )
        content: dict[str, Any] = {
            f"truth_{f.name}": np.asarray(getattr(self.truth, f.name)) for f in fields(Truth)
        }
        partial = path.with_name(path.name + ".part")
        with partial.open("wb") as file:
            np.savez_compressed(file, text=np.array(text), spectra=self.counts, **content)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path | str) -> TestSet:
        """Load a set.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If the file is not a test set.
        """
        with np.load(path, allow_pickle=False) as file:
            if "text" not in file or "spectra" not in file:
                raise ValueError(f"{path} is not a test set of this program.")
            text = json.loads(str(file["text"]))
            arrays = {f.name: file[f"truth_{f.name}"] for f in fields(Truth)}
            spectra = file["spectra"]
        for key in ("names", "groups"):
            arrays[key] = tuple(str(entry) for entry in arrays[key])
        acquisition = dict(text["acquisition"])
        if acquisition["detector"]:
            acquisition["detector"] = Detector(**acquisition["detector"])
        if acquisition["filter"] is not None:
            acquisition["filter"] = tuple((m, float(mm)) for m, mm in acquisition["filter"])
        return cls(
            text["name"],
            spectra,
            EnergyAxis(**text["energies"]),
            Acquisition(**acquisition),
            Truth(**arrays),
            text["made_by"],
        )
