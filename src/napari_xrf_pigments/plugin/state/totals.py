"""Total counts and summed spectrum of a scan, computed block by block in a thread (no Qt)."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_xrf_pigments.cube import XRFCube


class TotalCounts:
    """Sums over a cube, which can be shown while they are computed.

    Parameters
    ----------
    cube : XRFCube
        The scan.

    Attributes
    ----------
    image : ndarray, shape (y, x), float32
        Total counts; NaN where not summed yet and where nothing was measured.
    spectrum : ndarray, shape (channel,), float64
        Sum of the spectra so far, counts.
    maximum : ndarray, shape (channel,), float64
        Highest count of any pixel so far in each channel.
    error : str or None
        Message if the scan could not be read completely.
    """

    def __init__(self, cube: XRFCube) -> None:
        self.cube = cube
        self.image: NDArray[np.float32] = np.full(cube.shape[:2], np.nan, dtype=np.float32)
        self.spectrum: NDArray[np.float64] = np.zeros(cube.shape[2])
        self.maximum: NDArray[np.float64] = np.zeros(cube.shape[2])
        self.error: str | None = None
        self._pixels = 0
        self._stop = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def fraction(self) -> float:
        """Share of the pixels summed so far, 0-1."""
        return self._pixels / max(1, self.image.size)

    @property
    def measured(self) -> int:
        """Number of pixels in the sums."""
        return int(np.isfinite(self.image).sum())

    @property
    def ended(self) -> bool:
        """Whether the sums are complete, or were stopped."""
        return self._ended.is_set()

    def start(self) -> TotalCounts:
        """Start in a thread; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="total counts", daemon=True)
            self._thread.start()
        return self

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end, at most this number of seconds; return whether it was reached."""
        return self.start()._ended.wait(seconds)

    def stop(self) -> None:
        """Stop after the current block."""
        self._stop.set()

    def _run(self) -> None:
        try:
            self._sum_blocks()
        except (OSError, ValueError) as error:
            self.error = str(error)
        finally:
            self._ended.set()

    def _sum_blocks(self) -> None:
        counts, valid = self.cube.counts, self.cube.valid
        y0 = 0
        for i, height in enumerate(counts.chunks[0]):
            x0 = 0
            for j, width in enumerate(counts.chunks[1]):
                if self._stop.is_set():
                    return
                block = np.asarray(counts.blocks[i, j].compute(scheduler="synchronous"))
                window = slice(y0, y0 + height), slice(x0, x0 + width)
                total = block.sum(axis=2, dtype=np.float64)
                if valid is not None:
                    total[~valid[window]] = np.nan
                    block = block[valid[window]]
                self.image[window] = total
                spectra = block.reshape(-1, block.shape[-1])
                self.spectrum += spectra.sum(axis=0, dtype=np.float64)
                if len(spectra):
                    np.maximum(self.maximum, spectra.max(axis=0), out=self.maximum)
                self._pixels += height * width
                x0 += width
                # Let the main thread draw: a reader in pure Python holds the interpreter lock.
                time.sleep(0)
            y0 += height
