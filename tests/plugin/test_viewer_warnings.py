"""Warnings of a run: one notification each, and stored in the provenance of the maps."""

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock
from napari_xrf_pigments.plugin.state.services import CORE

from .acting import add_dock, add_scan
from .synthetic import make_cube

WARNINGS = ("The tube ran at 120 kV: answers may be wrong.", "3 pixels hold fewer than 20 counts.")


@pytest.fixture
def pigments(viewer, qtbot):
    scan = add_scan(viewer, make_cube())
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return add_dock(viewer, PigmentsDock, "Pigments")


def run(dock, qtbot):
    qtbot.waitUntil(dock.run_bar.run_button.isEnabled, timeout=60_000)
    before = dock.scan.pigments
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: dock.scan.pigments not in (None, before), timeout=60_000)
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)


def test_each_warning_is_one_notification_and_is_stored_with_the_maps(
    pigments, tiles, notes, qtbot
):
    tiles.warnings = WARNINGS
    run(pigments, qtbot)
    warned = [text for text, severity in notes() if severity == "warning"]
    assert warned == list(WARNINGS)
    assert pigments.scan.pigments.maps().provenance["warnings"] == list(WARNINGS)


def test_a_second_run_shows_its_warnings_again(pigments, tiles, notes, qtbot):
    tiles.warnings = WARNINGS[:1]
    run(pigments, qtbot)
    run(pigments, qtbot)
    assert [text for text, severity in notes() if severity == "warning"] == [WARNINGS[0]] * 2


def test_a_run_without_warnings_shows_no_notification(pigments, notes, qtbot):
    run(pigments, qtbot)
    assert [text for text, severity in notes() if severity == "warning"] == []


def test_warnings_of_elements_are_shown_and_stored(viewer, tiles, notes, qtbot):
    tiles.warnings = WARNINGS[1:]
    scan = add_scan(viewer, make_cube())
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock = add_dock(viewer, ElementsDock, "Elements")
    qtbot.waitUntil(dock.run_bar.run_button.isEnabled, timeout=60_000)
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.elements is not None and scan.elements.complete, timeout=60_000)
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)
    assert [text for text, severity in notes() if severity == "warning"] == [WARNINGS[1]]
    assert scan.elements.maps().provenance["warnings"] == [WARNINGS[1]]


class CutOff:
    """Tiles of the core, of which the first run gets only one."""

    def __init__(self):
        self.runs = 0

    def cut(self, tiles):
        self.runs += 1
        first = self.runs == 1
        for tile in tiles:
            yield tile
            if first:
                raise ValueError("The disk is gone.")

    def elements(self, cube, names, plan, *others):
        return self.cut(CORE.element_tiles(cube, names, None, *others))

    def pigments(self, cube, device, *others):
        return self.cut(CORE.pigment_tiles(cube, "cpu", *others))


@pytest.fixture
def half_dark():
    """A scan with two pixels without counts in the first tile, and one in the last."""
    cube = make_cube()
    counts = np.asarray(cube.counts)
    counts[0, :2] = counts[-1, -1] = 0
    return XRFCube(
        da.from_array(counts, chunks=(8, *counts.shape[1:])), cube.energies, cube.acquisition
    )


@pytest.mark.parametrize(
    ("kind", "dock_kind", "sentence"),
    [
        ("elements", ElementsDock, "3 pixels hold no counts at all"),
        ("pigments", PigmentsDock, "3 pixels hold fewer than 20 counts"),
    ],
)
def test_warnings_of_a_resumed_run_cover_its_earlier_tiles(
    viewer, half_dark, qtbot, kind, dock_kind, sentence
):
    session, core = session_of(viewer), CutOff()
    session.services = replace(
        session.services, element_tiles=core.elements, pigment_tiles=core.pigments
    )
    scan = add_scan(viewer, half_dark)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock = add_dock(viewer, dock_kind)
    qtbot.waitUntil(dock.run_bar.run_button.isEnabled, timeout=60_000)

    def ended(runs):
        return lambda: core.runs == runs and not dock.busy

    dock.run_bar.run_button.click()
    qtbot.waitUntil(ended(1), timeout=60_000)
    assert 0 < getattr(scan, kind).done.mean() < 1
    dock.run_bar.resume_button.click()
    qtbot.waitUntil(ended(2), timeout=60_000)
    resumed = getattr(scan, kind).provenance["warnings"]
    dock.run_bar.run_button.click()
    qtbot.waitUntil(ended(3), timeout=60_000)
    assert any(text.startswith(sentence) for text in resumed)
    assert resumed == getattr(scan, kind).provenance["warnings"]
