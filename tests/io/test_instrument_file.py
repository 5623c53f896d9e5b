"""Test the settings of an instrument as TOML."""

from __future__ import annotations

import numpy as np
import pytest

from napari_xrf_pigments import Acquisition, XRFCube
from napari_xrf_pigments.cube import Detector, EnergyAxis
from napari_xrf_pigments.io.instrument_file import (
    SavedInstrument,
    load_instrument,
    save_instrument,
)

FULL = Acquisition(
    "Rh", 45.0, (("Al", 0.1), ("Ti", 0.02)), 60.0, 45.0, Detector("Si", 0.5, 8.0, 135.0),
    "helium", 12.0, 500.0, 'The "new" scanner',
)  # fmt: skip


@pytest.mark.parametrize("acquisition", [Acquisition(), Acquisition(filter=()), FULL])
@pytest.mark.parametrize("axis", [(None, None), (0.02, -0.015)])
def test_settings_are_read_as_they_were_written(tmp_path, acquisition, axis):
    saved = SavedInstrument(acquisition, *axis)
    path = save_instrument(tmp_path / "ours.toml", saved)
    assert load_instrument(path) == saved
    save_instrument(path, saved)  # its own file is replaced


def test_settings_replace_those_of_the_file_and_give_an_axis_only_where_it_has_none():
    counts = np.ones((2, 3, 256), np.uint16)
    saved = SavedInstrument(FULL, 0.03, 0.01)
    stated = XRFCube.from_array(counts, gain_kev=0.04, anode="Mo")
    used = saved.applied(stated)
    assert used.acquisition == FULL and used.energies == stated.energies
    unknown = stated.with_energies(EnergyAxis(256, 0.01, 0.0, "estimated"))
    assert saved.applied(unknown).energies.gain_kev == 0.03
    assert SavedInstrument.of(unknown).gain_kev is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("anode = ", "not a TOML file"),
        ("anode = 'Xx'", "not the symbol"),
        ("colour = 3", "unknown settings: colour"),
        ("tube_kv = 'high'", "no usable"),
        ("tube_kv = 1000", "voltage"),
        ("[energy]\ngain_kev = -1.0", "gain"),
        ("[detector]\nsize = 3", "no usable"),
        ("filter = 'Al'", "no usable"),
        ("atmosphere = 'argon'", "air, helium or vacuum"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, text, message):
    path = tmp_path / "ours.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_instrument(path)
    with pytest.raises(FileExistsError):  # written by hand: not replaced
        save_instrument(path, SavedInstrument(FULL))
