"""The functions of the core that the plugin calls, imported on first use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .rows import ElementRow

if TYPE_CHECKING:
    from napari_xrf_pigments.cube import PigmentMaps, XRFCube
    from napari_xrf_pigments.mapping.explanation import Explanation
    from napari_xrf_pigments.mapping.run_warnings import SpectraTally


@dataclass(frozen=True)
class FoundLines:
    """Line families found in a scan.

    Parameters
    ----------
    names : tuple of str
        Line families.
    plan : object
        The plan for mapping them; None if the search returned none.
    strength : mapping of str to float
        Highest significance of each family in the scan, sigma.
    families : mapping of str to tuple of str
        All families of the same element for each family, itself first.
    """

    names: tuple[str, ...]
    plan: Any = None
    strength: Mapping[str, float] = field(default_factory=dict)
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[ElementRow, ...]:
        """Rows of the list of elements."""
        return tuple(
            ElementRow(name, self.families.get(name, (name,)), self.strength.get(name))
            for name in self.names
        )


def _open_cube(path: str | Path, detector: str | None = None) -> XRFCube:
    from napari_xrf_pigments.io import open_cube

    return open_cube(path, detector=detector)


def _calibrate(cube: XRFCube, spectrum: NDArray[np.float64]) -> Any:
    from napari_xrf_pigments.calibration.anode import with_estimated_anode
    from napari_xrf_pigments.calibration.automatic import calibrate

    calibration = calibrate(spectrum, cube.energies, cube.acquisition)
    axis = calibration.energies if cube.energies.source != "user" else cube.energies
    estimated, note = with_estimated_anode(cube.with_energies(axis), spectrum)
    message = f"{calibration.message} {note}".strip()
    return replace(calibration, anode=estimated.acquisition.anode, message=message)


def _check_axis(cube: XRFCube, spectrum: NDArray[np.float64], known: Any) -> Any:
    from napari_xrf_pigments.calibration.check import check_axis

    return check_axis(spectrum, cube.energies, cube.acquisition, known)


def _find_lines(cube: XRFCube) -> FoundLines:
    from napari_xrf_pigments.mapping import plan_elements
    from napari_xrf_pigments.mapping.elements import families_of_element

    plan = plan_elements(cube)
    # By decreasing significance; the fit orders them by energy.
    names = tuple(plan.significance)
    families = {name: families_of_element(cube, name, plan.conditions) for name in names}
    return FoundLines(names, plan, plan.significance, families)


def _name_peaks(cube: XRFCube, spectrum: NDArray[np.float64]) -> tuple[str, ...]:
    from napari_xrf_pigments.fitting.conditions import Conditions
    from napari_xrf_pigments.fitting.line_search import find_families

    try:
        found = find_families(spectrum, cube.energies.kev, Conditions.of(cube.acquisition))
    except ValueError:  # too few counts
        return ()
    return tuple(found.families)


def _element_tiles(
    cube: XRFCube,
    lines: tuple[str, ...],
    plan: Any,
    skip: NDArray[np.bool_] | None = None,
    before: SpectraTally | None = None,
) -> Iterable[Any]:
    from napari_xrf_pigments.mapping import iter_element_tiles, plan_elements

    if plan is None or plan.fit.names != lines:
        plan = plan_elements(cube, lines, search=None if plan is None else plan.search)
    return iter_element_tiles(cube, plan=plan, skip=skip, before=before)


@lru_cache(maxsize=3)
def _network(device: str, weights: Path | None = None) -> Any:
    """Load the network once per device and weights, since every click on a pixel uses it."""
    from napari_xrf_pigments.network.predict import Predictor

    return Predictor(device, weights)


def _pigment_tiles(
    cube: XRFCube,
    device: str,
    skip: NDArray[np.bool_] | None = None,
    before: SpectraTally | None = None,
    context: bool = False,
    weights: Path | None = None,
) -> Iterable[Any]:
    from napari_xrf_pigments.mapping import iter_pigment_tiles

    network = _network(device, weights)
    return iter_pigment_tiles(cube, predictor=network, context=context, skip=skip, before=before)


def _pooled_spectrum(cube: XRFCube, y: int, x: int) -> tuple[NDArray[np.float64], float]:
    from napari_xrf_pigments.mapping.neighbour_pooling import pooled_spectrum

    return pooled_spectrum(cube, y, x)


def _predict(
    cube: XRFCube, spectrum: NDArray[np.float64], weights: Path | None = None
) -> PigmentMaps:
    predict = _network("auto", weights).bind(cube.energies, cube.acquisition)
    maps: PigmentMaps = predict(spectrum[None, :])
    return maps


def _explain(
    cube: XRFCube, spectrum: NDArray[np.float64], weights: Path | None = None
) -> Explanation:
    from napari_xrf_pigments.mapping.explanation import explain_spectrum

    predict = _network("auto", weights).bind(cube.energies, cube.acquisition)
    return explain_spectrum(spectrum, cube.energies, cube.acquisition, predict)


def _provenance(
    cube: XRFCube, settings: dict[str, Any], weights: Path | None = None
) -> dict[str, Any]:
    from napari_xrf_pigments.mapping.provenance import provenance

    if settings["kind"] == "pigments":
        network = _network(settings["device"], weights)
        settings = {**settings, "numerics": network.numerics}
        return provenance(cube, settings, weights_hash=network.weights_hash)
    return provenance(cube, settings)


def _fine_tune(
    cube: XRFCube,
    labels: NDArray[Any],
    annotations: Mapping[int, Any],
    scan: str,
    weights: Path | None = None,
) -> Iterable[Any]:
    from napari_xrf_pigments.training.fine_tuning.annotations import extract_annotations
    from napari_xrf_pigments.training.fine_tuning.fit import fine_tune

    return fine_tune(extract_annotations(cube, labels, annotations, scan=scan), weights)


def _devices() -> tuple[tuple[str, str], ...]:
    import torch

    # Imported here, in a thread, so that a later run finds the module loaded.
    from napari_xrf_pigments.network import predict as predict

    devices = [("Automatic", "auto"), ("CPU", "cpu")]
    for index in range(torch.cuda.device_count()):
        devices.append((f"GPU: {torch.cuda.get_device_name(index)}", f"cuda:{index}"))
    if torch.backends.mps.is_available():
        devices.append(("GPU (Metal)", "mps"))
    return tuple(devices)


@dataclass(frozen=True)
class Services:
    """The functions of the core that sessions and docks call; tests replace them.

    Parameters
    ----------
    open_cube : callable
        (path, optionally ``detector``) to a cube.
    calibrate : callable
        (cube, summed spectrum) to ``Calibration``.
    check_axis : callable
        (cube with an axis given by the user, summed spectrum, automatic calibration or None) to
        ``AxisCheck``.
    find_lines : callable
        (cube) to :class:`FoundLines`.
    name_peaks : callable
        (cube, one spectrum of counts) to the line families found in it.
    element_tiles : callable
        (cube, line families, plan or None, mask of finished pixels or None, their tally or None)
        to an iterable of finished tiles.
    pigment_tiles : callable
        (cube, device, mask of finished pixels or None, their tally or None, whether to smooth with
        similar neighbours) to an iterable of finished tiles.
    pooled_spectrum : callable
        (cube, y, x) to the spectrum pooled with those of similar neighbours, and the effective
        number of spectra in it.
    predict : callable
        (cube, one spectrum) to ``PigmentMaps`` with arrays (pigment, 1).
    explain : callable
        (cube, one spectrum) to ``Explanation``.
    provenance : callable
        (cube, settings of a run) to the provenance of its maps.
    fine_tune : callable
        (cube, painted labels, annotation of each label, name of the scan) to an iterable of
        steps, the fine-tuned network last.
    devices : callable
        () to pairs of label and PyTorch device.
    """

    open_cube: Callable[..., XRFCube] = _open_cube
    calibrate: Callable[[XRFCube, NDArray[np.float64]], Any] = _calibrate
    check_axis: Callable[[XRFCube, NDArray[np.float64], Any], Any] = _check_axis
    find_lines: Callable[[XRFCube], FoundLines] = _find_lines
    name_peaks: Callable[[XRFCube, NDArray[np.float64]], tuple[str, ...]] = _name_peaks
    element_tiles: Callable[..., Iterable[Any]] = _element_tiles
    pigment_tiles: Callable[..., Iterable[Any]] = _pigment_tiles
    pooled_spectrum: Callable[[XRFCube, int, int], tuple[NDArray[np.float64], float]] = (
        _pooled_spectrum
    )
    predict: Callable[[XRFCube, NDArray[np.float64]], PigmentMaps] = _predict
    explain: Callable[[XRFCube, NDArray[np.float64]], Explanation] = _explain
    provenance: Callable[[XRFCube, dict[str, Any]], dict[str, Any]] = _provenance
    fine_tune: Callable[..., Iterable[Any]] = _fine_tune
    devices: Callable[[], tuple[tuple[str, str], ...]] = _devices

    def with_weights(self, weights: Path | None) -> Services:
        """Return the functions with other weights of the network; None for the bundled ones."""
        names = ("pigment_tiles", "predict", "explain", "provenance", "fine_tune")
        unbound = {name: _without_weights(getattr(self, name)) for name in names}
        if weights is None:
            return replace(self, **unbound)
        bound = {name: partial(function, weights=weights) for name, function in unbound.items()}
        return replace(self, **bound)


def _without_weights(function: Any) -> Any:
    return function.func if isinstance(function, partial) else function


CORE = Services()
