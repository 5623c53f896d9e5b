"""Test composites: colours are added, and values below a threshold are invisible."""

import numpy as np
import pytest

from napari_xrf_pigments.mapping.analysis.map_algebra import Channel, composite

RED, GREEN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)


def _ramp() -> np.ndarray:
    return np.linspace(0, 100, 101, dtype=np.float32)[None, :]


def test_each_map_has_its_colour() -> None:
    picture = composite(
        [_ramp(), _ramp()[:, ::-1]], [Channel("a", RED, 10, 90), Channel("b", GREEN, 10, 90)]
    )
    assert picture.dtype == np.uint8
    assert picture.shape == (1, 101, 3)
    assert tuple(picture[0, 0]) == (0, 255, 0)
    assert tuple(picture[0, 100]) == (255, 0, 0)
    assert picture[0, 50, 0] == picture[0, 50, 1] > 0
    assert (picture[..., 2] == 0).all()


def test_only_values_above_the_threshold_are_visible() -> None:
    red = composite([_ramp()], [Channel("a", RED, 40, 90)])[0, :, 0]
    assert (red[:41] == 0).all()
    assert (red[41:] > 30).all()
    assert (np.diff(red[41:].astype(int)) >= 0).all()
    assert (red[90:] == 255).all()


def test_colours_are_added_and_clipped() -> None:
    channels = [Channel(name, (0.7, 0.0, 0.7), 0, 1) for name in "ab"]
    assert tuple(composite([_ramp(), _ramp()], channels)[0, 50]) == (255, 0, 255)


def test_pixels_that_were_not_mapped_are_black() -> None:
    assert composite([np.full((2, 2), np.nan, np.float32)], [Channel("a", RED, 0, 1)]).max() == 0


def test_settings_contain_colour_and_threshold() -> None:
    settings = Channel("Fe K", RED, 1, 2).settings
    assert settings == {"map": "Fe K", "colour": [1.0, 0.0, 0.0], "threshold": 1, "full": 2}


def test_invalid_limits_are_refused() -> None:
    one = Channel("a", RED, 0, 1)
    with pytest.raises(ValueError, match="above its threshold"):
        Channel("a", RED, 3, 3)
    for maps, channels in (([], []), ([_ramp()] * 5, [one] * 5), ([_ramp()], [one] * 2)):
        with pytest.raises(ValueError, match="one to 4"):
            composite(maps, channels)
    with pytest.raises(ValueError, match="same shape"):
        composite([_ramp(), _ramp().T], [one, one])
