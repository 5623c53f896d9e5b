"""What a run noticed is told once, one notification each, and stays with the maps."""

import pytest

from napari_xrf_pigments.plugin.docks.elements import ElementsDock
from napari_xrf_pigments.plugin.docks.pigments import PigmentsDock

from .acting import add_dock, add_scan
from .synthetic import make_cube

TOLD = ("The tube ran at 120 kV: answers may be wrong.", "3 pixels hold fewer than 20 counts.")


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


def test_each_warning_is_one_notification_and_kept_with_the_maps(pigments, tiles, notes, qtbot):
    tiles.warnings = TOLD
    run(pigments, qtbot)
    warned = [text for text, severity in notes() if severity == "warning"]
    assert warned == list(TOLD)
    assert pigments.scan.pigments.maps().provenance["warnings"] == list(TOLD)


def test_a_second_run_tells_them_again_once(pigments, tiles, notes, qtbot):
    tiles.warnings = TOLD[:1]
    run(pigments, qtbot)
    run(pigments, qtbot)
    assert [text for text, severity in notes() if severity == "warning"] == [TOLD[0]] * 2


def test_a_run_that_noticed_nothing_says_nothing(pigments, notes, qtbot):
    run(pigments, qtbot)
    assert [text for text, severity in notes() if severity == "warning"] == []


def test_elements_tell_theirs_alike(viewer, tiles, notes, qtbot):
    tiles.warnings = TOLD[1:]
    scan = add_scan(viewer, make_cube())
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock = add_dock(viewer, ElementsDock, "Elements")
    qtbot.waitUntil(dock.run_bar.run_button.isEnabled, timeout=60_000)
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: scan.elements is not None and scan.elements.complete, timeout=60_000)
    qtbot.waitUntil(lambda: not dock.busy, timeout=60_000)
    assert [text for text, severity in notes() if severity == "warning"] == [TOLD[1]]
    assert scan.elements.maps().provenance["warnings"] == [TOLD[1]]
