"""Test the energy axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_xrf_pigments.cube import EnergyAxis


@given(st.integers(2, 5000), st.floats(1e-3, 0.2), st.floats(-2.0, 2.0))
def test_an_axis_is_recovered_from_its_energies(n: int, gain: float, offset: float) -> None:
    axis = EnergyAxis(n, gain, offset)
    again = EnergyAxis.from_kev(axis.kev)
    assert again.n_channels == n
    assert again.gain_kev == pytest.approx(gain, rel=1e-6)
    assert again.offset_kev == pytest.approx(offset, abs=1e-9)


def test_offset_is_the_centre_of_channel_0() -> None:
    axis = EnergyAxis(4, 0.5, -1.0)
    assert axis.kev.tolist() == [-1.0, -0.5, 0.0, 0.5]
    assert axis.edges_kev.tolist() == [-1.25, -0.75, -0.25, 0.25, 0.75]


@pytest.mark.parametrize(("kev", "channel"), [(-9, 0), (0.1, 2), (0.26, 3), (9, 3)])
def test_an_energy_is_assigned_to_its_channel(kev: float, channel: int) -> None:
    assert EnergyAxis(4, 0.5, -1.0).channel(kev) == channel


def test_recalibration_preserves_the_number_of_channels() -> None:
    axis = EnergyAxis(4, 0.5, -1.0, "file").recalibrated(0.4, -0.9)
    assert (axis.n_channels, axis.gain_kev, axis.offset_kev, axis.source) == (4, 0.4, -0.9, "user")


@pytest.mark.parametrize(
    ("n", "gain", "offset"),
    [(0, 1.0, 0.0), (4, 0.0, 0.0), (4, -1.0, 0.0), (4, np.nan, 0.0), (4, 1.0, np.inf)],
)
def test_impossible_axes_are_refused(n: int, gain: float, offset: float) -> None:
    with pytest.raises(ValueError, match=r"energy axis|gain|offset"):
        EnergyAxis(n, gain, offset)


@pytest.mark.parametrize(
    "kev", [[1.0], [2.0, 1.0], [1.0, 2.0, 9.0], [1.0, np.nan, 3.0], [[1.0, 2.0]]]
)
def test_uneven_energies_are_refused(kev: list[float]) -> None:
    with pytest.raises(ValueError, match="energ"):
        EnergyAxis.from_kev(kev)
