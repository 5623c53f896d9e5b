"""Test the settings of an instrument."""

import pytest

from napari_xrf_pigments.cube import Acquisition


def test_all_settings_are_unknown_by_default() -> None:
    assert Acquisition().known() == {}


def test_update_replaces_only_the_given_settings() -> None:
    before = Acquisition(anode="Rh", tube_kv=50.0)
    after = before.updated(tube_kv=40.0, anode=None)
    assert after.known() == {"anode": "Rh", "tube_kv": 40.0}
    assert before.tube_kv == 50.0


@pytest.mark.parametrize(
    "wrong", [{"tube_kv": 0.0}, {"tube_kv": 500.0}, {"incidence_deg": 0.0}, {"takeoff_deg": 120.0}]
)
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="between"):
        Acquisition(**wrong)
