"""Maps beside PyMca's fast linear fit and beside touching every count once; how cost grows.

All on the same cube with the same number of threads (``OMP_NUM_THREADS``, 2 under ``tox -e
bench``), in turns in one run. ``XRF_PIGMENTS_BENCH_SCALE=1`` carries the curve to 4 x 10^6 pixels.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import torch

from napari_xrf_pigments import XRFCube, map_elements, map_pigments
from napari_xrf_pigments.calibration.automatic import fitted_axis
from napari_xrf_pigments.cube import Acquisition, EnergyAxis
from napari_xrf_pigments.mapping import iter_element_tiles, iter_pigment_tiles, plan_elements
from napari_xrf_pigments.network import Predictor

from .conftest import Tables, timed
from .pymca import FAMILIES, PyMcaFit

#: Thirty line families: those that PyMca fits, and fourteen more.
THIRTY = (
    *FAMILIES, "Ar K", "As K", "Zr K", "Rb K", "Cd K", "Sb K", "Cl K", "P K",
    "Au L", "Se K", "Br K", "Y K", "Si K", "Al K",
)  # fmt: skip
ROWS, COLUMNS, CHANNELS, GAIN_KEV = 128, 256, 2048, 0.02
SCALE = float(os.environ.get("XRF_PIGMENTS_BENCH_SCALE", 1 / 32))
TURNS = 3
Pixels = Callable[..., np.ndarray]


def cube_of(counts: np.ndarray) -> XRFCube:
    """A scan with a rhodium tube; its 2048 or other channels reach 41 keV."""
    gain = GAIN_KEV * CHANNELS / counts.shape[-1]
    return XRFCube.from_array(counts, gain_kev=gain, offset_kev=0.0, anode="Rh", tube_kv=45.0)


def forget() -> None:
    """Let the energy axis be fitted anew, as for a scan that is new."""
    fitted_axis.cache_clear()


@pytest.fixture(scope="module")
def counts(pixels: Pixels) -> np.ndarray:
    return pixels(ROWS, COLUMNS, CHANNELS, GAIN_KEV)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor("cpu")


def test_maps_beside_pymca(
    counts: np.ndarray, predictor: Predictor, tables: Tables, tmp_path: Path
) -> None:
    pytest.importorskip("PyMca5", reason="PyMca (extra: evaluate) is not installed")
    cube = cube_of(counts)
    plan = plan_elements(cube, THIRTY)
    peer = PyMcaFit(tmp_path, cube.energies)
    works: dict[str, Callable[[], object]] = {
        "PyMca's FastXRFLinearFit, SNIP, 16 families": lambda: peer(counts),
        "pigment maps": lambda: (forget(), map_pigments(cube, predictor=predictor)),
        "element maps, 30 families, survey included": lambda: (
            forget(),
            map_elements(cube, THIRTY),
        ),
        "element maps, 30 families, the fit alone": lambda: deque(
            iter_element_tiles(cube, plan=plan), maxlen=0
        ),
        "cube.astype(float32).sum()": lambda: counts.astype(np.float32).sum(),
    }
    seconds = Tables().side_by_side("", works, turns=TURNS)
    threads = torch.get_num_threads()
    n = ROWS * COLUMNS
    title = f"Pixels a second, {n} pixels of {CHANNELS} channels, {threads} threads"
    first = seconds["PyMca's FastXRFLinearFit, SNIP, 16 families"]
    touched = seconds["cube.astype(float32).sum()"]
    for name, found in seconds.items():
        ratios = [base / one for one, base in zip(found, first, strict=True)]
        wanted = "ratio 30, better 80" if "maps" in name else ""
        tables.add(title, name, [n / one for one in found], "/s", ratios=ratios, wanted=wanted)
    for name in ("pigment maps", "element maps, 30 families, the fit alone"):
        shares = [base / one for one, base in zip(seconds[name], touched, strict=True)]
        tables.add(f"{title}: share of astype(float32).sum()", name, shares, "", wanted="1/3")


def test_net_counts_beside_pymca_and_the_truth(
    expected_spectrum: Callable[..., np.ndarray], tables: Tables, tmp_path: Path
) -> None:
    pytest.importorskip("PyMca5", reason="PyMca (extra: evaluate) is not installed")
    axis = EnergyAxis(CHANNELS, GAIN_KEV, 0.0)
    truth = dict.fromkeys(THIRTY, 0.0)
    truth.update({"Ca K": 800.0, "Mn K": 150.0, "Fe K": 1500.0, "Cu K": 900.0, "Zn K": 400.0})
    truth.update({"Hg L": 900.0, "Pb L": 3000.0, "Sr K": 300.0, "Ti K": 300.0, "K K": 200.0})
    there = [name for name, amount in truth.items() if amount > 0]
    mean = expected_spectrum(
        axis.kev, {name: truth[name] for name in there}, fwhm_ev=140.0, scatter=900, continuum=3000
    )
    counts = np.random.default_rng(0).poisson(mean, (32, 64, CHANNELS)).astype(np.uint16)
    made = map_elements(cube_of(counts), THIRTY)
    theirs = PyMcaFit(tmp_path, axis)(counts)
    title = "Net counts of simulated spectra with 30 families"
    ours = dict(zip(made.names, np.asarray(made.counts), strict=True))
    bias = [100 * (float(ours[name].mean()) / truth[name] - 1) for name in there]
    beside = [100 * (float(ours[name].mean() / theirs[name].mean()) - 1) for name in there]
    sigma = dict(zip(made.names, np.asarray(made.sigma), strict=True))
    pulls = [float(((ours[name] - truth[name]) / sigma[name]).std()) for name in THIRTY]
    tables.add(title, "bias of the families that are there", bias, "%", wanted="within 2 %")
    tables.add(title, "width of the pulls of all 30", pulls, "", wanted="1")
    tables.add(title, "difference to PyMca's net counts", beside, "%")


@pytest.mark.parametrize("pixels_wanted", [1e4, 1e5, 1e6, 4e6])
def test_growth_with_pixels(
    counts: np.ndarray, predictor: Predictor, tables: Tables, pixels_wanted: float
) -> None:
    if pixels_wanted > 1e6 and SCALE < 1:
        pytest.skip("ten minutes or more: set XRF_PIGMENTS_BENCH_SCALE=1 for it")
    # The same block over and over takes no memory, and is read like a block of a file.
    part = counts[:50, :200]
    block = da.from_array(part, chunks=part.shape)
    cube = cube_of(da.concatenate([block] * round(pixels_wanted / 1e4), axis=0))
    n = cube.shape[0] * cube.shape[1]
    plan = plan_elements(cube_of(part), THIRTY)
    title = "Growth with pixels: us a pixel (2048 channels)"
    seconds = timed(lambda: deque(iter_element_tiles(cube, plan=plan), maxlen=0))
    tables.add(title, f"element maps, {n:,} pixels", 1e6 * seconds / n, "us")
    seconds = timed(lambda: deque(iter_pigment_tiles(cube, predictor=predictor), maxlen=0))
    tables.add(title, f"pigment maps, {n:,} pixels", 1e6 * seconds / n, "us")


@pytest.mark.parametrize("channels", [512, 1024, 2048, 4096])
def test_growth_with_channels(
    pixels: Pixels, predictor: Predictor, tables: Tables, channels: int
) -> None:
    cube = cube_of(pixels(32, 128, channels, GAIN_KEV * CHANNELS / channels))
    plan = plan_elements(cube, ["Ca K", "Fe K", "Cu K", "Pb L"])
    title = "Growth with channels: us a pixel"
    works: dict[str, Callable[[], object]] = {
        "element maps": lambda: deque(iter_element_tiles(cube, plan=plan), maxlen=0),
        "pigment maps": lambda: deque(iter_pigment_tiles(cube, predictor=predictor), maxlen=0),
    }
    for name, work in works.items():
        work()
        found = [1e6 * timed(work) / (32 * 128) for _ in range(3)]
        tables.add(title, f"{name}, {channels} channels", found, "us")


def test_pigment_maps_on_a_gpu(counts: np.ndarray, predictor: Predictor, tables: Tables) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device here: the rows of the GPU are missing")
    cube, gpu = cube_of(counts), Predictor("cuda")
    works: dict[str, Callable[[], object]] = {
        "pigment maps, processor": lambda: map_pigments(cube, predictor=predictor),
        f"pigment maps, {torch.cuda.get_device_name()}": lambda: map_pigments(cube, predictor=gpu),
    }
    tables.side_by_side("Pigment maps on a GPU", works, turns=TURNS)
    axis, known = cube.energies, Acquisition(anode="Rh", tube_kv=45.0)
    spectra = counts.reshape(-1, CHANNELS)[:1024]
    one, other = (
        np.asarray(network.bind(axis, known)(spectra).probability) for network in (predictor, gpu)
    )
    assert np.abs(one - other).max() < 1e-3
