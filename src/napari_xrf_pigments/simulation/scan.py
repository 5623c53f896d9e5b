"""Simulated scans of paintings, with the truth of every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import dask.array as da
import numpy as np
import torch

from .._typing import BoolArray, Float32Array, FloatArray, IntArray
from ..cube import Acquisition, Detector, EnergyAxis, XRFCube, choose_chunks
from ..physics.detector import DetectorModel
from ..physics.layered_samples import Geometry
from ..physics.tube import tube_beam
from ..pigments.catalogue import pigment_catalogue
from .instruments import Excitation, Readout
from .paintings import Painting, sample_painting
from .spectra import emit, measure
from .stratigraphy import Stratigraphy
from .stratigraphy_batch import StackPool, pool_of

_BATCH = 1024


@dataclass(frozen=True)
class ScanTruth:
    """Ground truth of a simulated scan.

    Parameters
    ----------
    names : tuple of str
        Pigment ids.
    top, below : ndarray of bool, shape (pigment, y, x)
        Whether a pigment is in the top paint layer, or in any layer under it.
    top_sigma, below_sigma : ndarray, shape (pigment, y, x)
        Its detectability there: the counts of its weakest diagnostic element, as emitted
        by that layer, over the noise of the whole spectrum; 0 where absent.
    regions : ndarray of int, shape (y, x)
        Region of each pixel.
    sections : mapping of str to Stratigraphy
        Layers of each region by its name, in the order of `regions`.
    """

    names: tuple[str, ...]
    top: BoolArray
    below: BoolArray
    top_sigma: Float32Array
    below_sigma: Float32Array
    regions: IntArray
    sections: Mapping[str, Stratigraphy]


def simulate_scan(
    seed: int = 0,
    shape: tuple[int, int] = (64, 96),
    *,
    anode: str = "Rh",
    tube_kv: float = 45.0,
    counts: float = 20_000.0,
    n_channels: int = 2048,
    gain_kev: float = 0.02,
    offset_kev: float = 0.0,
    pixel_mm: tuple[float, float] = (1.0, 1.0),
    painting: Painting | None = None,
) -> tuple[XRFCube, ScanTruth]:
    """Simulate the scan of a painting; by default the sample with a bowl of fruit under its sky.

    Parameters
    ----------
    seed : int
        Seed of thickness, noise and texture.
    shape : tuple of int
        Rows and columns.
    anode : str
        Anode of the tube.
    tube_kv : float
        Voltage in kV.
    counts : float
        Mean counts of a pixel.
    n_channels, gain_kev, offset_kev : int, float, float
        The energy axis, keV.
    pixel_mm : tuple of float
        Height and width of a pixel in mm.
    painting : Painting, optional
        Another painting, of that shape.

    Returns
    -------
    cube : XRFCube
        The scan.
    truth : ScanTruth
        Layers of each pixel and their detectability.

    Raises
    ------
    ValueError
        If the anode or its voltage has no model, the shape is empty or not that of the
        painting, the counts are not positive or there is no such energy axis.
    """
    rows, columns = shape
    if rows < 1 or columns < 1:
        raise ValueError("A scan needs at least one row and one column.")
    if not 0 < counts < np.inf:
        raise ValueError(f"The mean counts of a pixel must be a positive number, not {counts:g}.")
    if painting is not None and painting.regions.shape != shape:
        raise ValueError(f"The painting has {painting.regions.shape} pixels, not {shape}.")
    EnergyAxis(n_channels, gain_kev, offset_kev)  # raises for an invalid axis
    rng = np.random.default_rng(seed)
    noise = torch.Generator().manual_seed(seed)
    geometry = Geometry(90.0, 40.0)
    excitation = Excitation(anode, tube_kv, (), geometry, tube_beam(anode, tube_kv))
    readout = Readout(
        DetectorModel(145.0), "air", 10.0, n_channels, gain_kev, offset_kev,
        pile_up=5e-4, argon_share=0.004, multiple_scatter=0.2, background=((0.01, 200.0),),
    )  # fmt: skip
    if painting is None:
        painting = sample_painting(rng, shape)
    pool = _textured(pool_of(painting.sections), painting.regions, rng)
    spectra, sigma = [], []
    for part in torch.arange(rows * columns).split(_BATCH):
        emission = emit(pool.take(part), excitation)
        totals = torch.full((len(part),), float(counts))
        measured = measure(emission, readout, totals, noise)
        spectra.append(measured.counts.numpy().astype(np.uint32))
        sigma.append(measured.sigma)
    cube = np.concatenate(spectra).reshape(rows, columns, n_channels)
    acquisition = Acquisition(
        anode=anode,
        tube_kv=tube_kv,
        filter=(),
        incidence_deg=geometry.incidence_deg,
        takeoff_deg=geometry.takeoff_deg,
        detector=Detector(fwhm_mn_ka_ev=145.0),
        atmosphere="air",
        path_mm=readout.path_mm,
        instrument="simulated scanner",
    )
    scan = XRFCube.from_array(
        da.from_array(cube, chunks=choose_chunks(cube.shape, cube.dtype)),
        gain_kev=gain_kev,
        offset_kev=offset_kev,
        acquisition=acquisition,
        pixel_mm=pixel_mm,
    )
    sections = dict(zip(painting.names, painting.sections, strict=True))
    fields: dict[str, Any] = _truth(pool, torch.cat(sigma), shape)
    return scan, ScanTruth(regions=painting.regions, sections=sections, **fields)


def _textured(pool: StackPool, regions: IntArray, rng: np.random.Generator) -> StackPool:
    """Build one stack per pixel, with layer thicknesses that vary like brush strokes."""
    pixels = pool.take(torch.from_numpy(regions.ravel()))
    areal = pixels.stacks.mass_thickness
    strokes = np.exp(0.18 * _smooth(rng, regions.shape)).ravel()
    grain = rng.lognormal(0, 0.06, areal.shape)
    factor = torch.as_tensor(strokes[:, None] * grain, dtype=torch.float32)
    return replace(pixels, stacks=replace(pixels.stacks, mass_thickness=areal * factor))


def _smooth(rng: np.random.Generator, shape: tuple[int, int]) -> FloatArray:
    """Draw a smooth random field of unit variance: a few waves of random direction."""
    y, x = np.mgrid[: shape[0], : shape[1]] / max(shape)
    field = np.zeros(shape)
    for _ in range(12):
        ky, kx = rng.normal(0, 18, 2)
        field += np.cos(ky * y + kx * x + rng.uniform(0, 2 * np.pi))
    return np.asarray(field / np.sqrt(6))


def _truth(pool: StackPool, sigma: torch.Tensor, shape: tuple[int, int]) -> dict[str, Any]:
    names = tuple(entry.id for entry in pigment_catalogue())
    there = pool.pigment >= 0
    fields: dict[str, Any] = {"names": names}
    for side, chosen in (("top", there & pool.on_top), ("below", there & ~pool.on_top)):
        best = torch.full((len(pool), len(names)), -1.0)
        values = torch.where(chosen, sigma, -1.0)
        best.scatter_reduce_(1, pool.pigment.clamp(min=0), values, reduce="amax")
        image = best.T.reshape(len(names), *shape).numpy()
        fields[side] = image >= 0
        fields[f"{side}_sigma"] = np.maximum(image, 0).astype(np.float32)
    return fields
