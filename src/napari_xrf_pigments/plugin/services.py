"""What the plugin asks of the core, loaded on first use so that docks open at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..cube import PigmentMaps, XRFCube


def _open_cube(path: str | Path) -> XRFCube:
    from ..io import open_cube

    return open_cube(path)


def _calibrate(cube: XRFCube, spectrum: NDArray[np.float64]) -> Any:
    from ..cube.calibration import calibrate

    return calibrate(spectrum, cube.energies, cube.acquisition)


def _find_lines(cube: XRFCube) -> tuple[str, ...]:
    from ..mapping import find_lines

    return tuple(find_lines(cube))


def _element_tiles(cube: XRFCube, lines: tuple[str, ...] | None) -> Iterable[Any]:
    from ..mapping import iter_element_tiles

    return iter_element_tiles(cube, lines)


def _pigment_tiles(cube: XRFCube, device: str) -> Iterable[Any]:
    from ..mapping import iter_pigment_tiles

    return iter_pigment_tiles(cube, device=device)


def _predict(cube: XRFCube, spectrum: NDArray[np.float64]) -> PigmentMaps:
    from ..network import predict_spectra

    return predict_spectra(spectrum[None, :], cube.energies, cube.acquisition)


def _devices() -> tuple[tuple[str, str], ...]:
    import torch

    found = [("Automatic", "auto"), ("CPU", "cpu")]
    for index in range(torch.cuda.device_count()):
        found.append((f"GPU: {torch.cuda.get_device_name(index)}", f"cuda:{index}"))
    if torch.backends.mps.is_available():
        found.append(("GPU (Metal)", "mps"))
    return tuple(found)


@dataclass(frozen=True)
class Services:
    """The functions of the core that sessions and docks call; tests pass their own.

    Parameters
    ----------
    open_cube : callable
        Path to cube.
    calibrate : callable
        (cube, summed spectrum) to ``Calibration``.
    find_lines : callable
        Cube to names of the line families found in it.
    element_tiles, pigment_tiles : callable
        (cube, line families) and (cube, device) to an iterable of finished tiles.
    predict : callable
        (cube, one spectrum) to ``PigmentMaps`` of one spectrum.
    devices : callable
        To pairs of label and torch device.
    """

    open_cube: Callable[[str | Path], XRFCube] = _open_cube
    calibrate: Callable[[XRFCube, NDArray[np.float64]], Any] = _calibrate
    find_lines: Callable[[XRFCube], tuple[str, ...]] = _find_lines
    element_tiles: Callable[[XRFCube, tuple[str, ...] | None], Iterable[Any]] = _element_tiles
    pigment_tiles: Callable[[XRFCube, str], Iterable[Any]] = _pigment_tiles
    predict: Callable[[XRFCube, NDArray[np.float64]], PigmentMaps] = _predict
    devices: Callable[[], tuple[tuple[str, str], ...]] = _devices


CORE = Services()
