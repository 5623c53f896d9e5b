"""Long work can be paused between two pieces, by whoever has begun it and by nobody else."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_xrf_pigments._pauses import pause, paused_by
from napari_xrf_pigments.calibration.automatic import calibrate, fitted_axis
from napari_xrf_pigments.cube import EnergyAxis
from napari_xrf_pigments.physics.lines import line_family


def test_it_goes_on_at_once_where_nobody_waits():
    pause()


def test_it_waits_until_the_end_of_the_block():
    waited = []
    with paused_by(lambda: waited.append(1)):
        pause()
        pause()
    pause()
    assert waited == [1, 1]


def test_the_inner_block_counts():
    waited = []
    with paused_by(lambda: waited.append("outer")):
        with paused_by(lambda: waited.append("inner")):
            pause()
        pause()
    assert waited == ["inner", "outer"]


def test_it_ends_with_the_block_that_fails():
    waited = []
    with pytest.raises(OSError), paused_by(lambda: waited.append(1)):
        raise OSError
    pause()
    assert not waited


def test_another_thread_is_not_paused():
    waited = []
    with paused_by(lambda: waited.append(1)):
        thread = threading.Thread(target=pause)
        thread.start()
        thread.join()
    assert not waited


def test_the_check_of_an_energy_axis_can_be_paused_and_finds_the_same():
    axis = EnergyAxis(1024, 0.02, 0.0, "file")
    counts = np.full(1024, 20.0)
    for name, height in (("Ca K", 4e3), ("Fe K", 2e4), ("Cu K", 8e3), ("Pb L", 1e4), ("Sr K", 5e3)):
        family = line_family(name)
        for kev, share in zip(family.kev, family.strength, strict=True):
            counts += height * share * np.exp(-0.5 * ((axis.kev - kev) / 0.06) ** 2)
    fitted_axis.cache_clear()
    found = calibrate(counts, axis)
    fitted_axis.cache_clear()
    waited = []
    with paused_by(lambda: waited.append(1)):
        again = calibrate(counts, axis)
    assert len(waited) > 50
    assert again == found
