"""Visible, infrared and X-ray images: TIFF, JPEG, PNG and all else that Pillow reads."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_picture(path: Path) -> NDArray[Any]:
    """Read one flat picture, upright as the camera held it.

    Parameters
    ----------
    path : Path
        The file; of a TIFF of several pages or resolutions the first, finest one is read.

    Returns
    -------
    ndarray, shape (y, x) or (y, x, 3 or 4)
        Grey values of any type, or colours.

    Raises
    ------
    ValueError
        If it is no such picture.
    OSError
        If it cannot be opened.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} does not exist.")
    try:
        pixels = _tiff(path) if path.suffix.lower() in (".tif", ".tiff") else _pillow(path)
    except PermissionError:
        raise
    except Exception as error:
        # Decoders raise errors of all kinds on a damaged file.
        raise ValueError(f"{path.name} is not a picture that can be read.") from error
    if pixels is None or not _is_flat(pixels.shape):
        raise ValueError(f"{path.name} is not one flat picture.")
    return pixels


def _is_flat(shape: tuple[int, ...]) -> bool:
    colours = shape[2:] in ((3,), (4,))
    return 0 not in shape and (len(shape) == 2 or colours)


def _tiff(path: Path) -> NDArray[Any] | None:
    """Read the first page; None where the next one is as large, so that they are a stack.

    The descriptions in a file, such as OME-XML, can name other files and any size, so only the
    tags of its pages are used.
    """
    from .formats.tiff_pages import open_tiff

    with open_tiff(path) as file:
        first = file.pages[0]
        if len(file.pages) > 1 and file.pages[1].hash == first.hash:
            return None
        pixels: NDArray[Any] = np.squeeze(first.asarray())
    planar = first.axes.startswith("S") and pixels.ndim == 3
    return np.moveaxis(pixels, 0, -1) if planar else pixels


def _pillow(path: Path) -> NDArray[Any]:
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        # Images of paintings are large; Pillow still refuses decompression bombs.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image)
            plain = upright.mode in ("L", "RGB", "RGBA", "F") or upright.mode.startswith("I")
            return np.asarray(upright if plain else upright.convert("RGB"))
