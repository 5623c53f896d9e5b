"""Something waits until the user pauses."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit

from napari_xrf_pigments.plugin.quiet import QuietTime

PAUSE_MS = 400


@pytest.fixture
def made(qapp):
    """A pause that is told, and what keeps the program busy."""
    told: list[int] = []
    busy: list[int] = []
    quiet = QuietTime(qapp, PAUSE_MS, lambda: told.append(1), lambda: bool(busy))
    yield quiet, told, busy
    quiet.stop()


@pytest.fixture
def field(qtbot):
    shown = QLineEdit()
    qtbot.addWidget(shown)
    shown.show()
    qtbot.waitExposed(shown)
    return shown


def test_it_is_told_once(made, qtbot):
    quiet, told, _ = made
    quiet.wait()
    quiet.wait()
    assert quiet.waiting
    qtbot.waitUntil(lambda: told == [1], timeout=10_000)
    assert not quiet.waiting
    qtbot.wait(2 * PAUSE_MS)
    assert told == [1]


@pytest.mark.parametrize("touch", ["key", "mouse"])
def test_whoever_works_is_left_alone(made, field, qtbot, touch):
    quiet, told, _ = made
    quiet.wait()
    for _ in range(8):
        if touch == "key":
            qtbot.keyClick(field, Qt.Key.Key_A)
        else:
            qtbot.mouseClick(field, Qt.MouseButton.LeftButton)
        qtbot.wait(PAUSE_MS // 4)
    assert not told
    qtbot.waitUntil(lambda: told == [1], timeout=10_000)


def test_what_is_typed_arrives(made, field, qtbot):
    quiet, _, _ = made
    quiet.wait()
    qtbot.keyClicks(field, "lead")
    assert field.text() == "lead"


def test_a_program_at_work_is_no_pause(made, qtbot):
    quiet, told, busy = made
    busy.append(1)
    quiet.wait()
    qtbot.wait(3 * PAUSE_MS)
    assert not told and quiet.waiting
    busy.clear()
    qtbot.waitUntil(lambda: told == [1], timeout=10_000)


def test_it_can_be_called_off(made, qtbot):
    quiet, told, _ = made
    quiet.wait()
    quiet.stop()
    qtbot.wait(2 * PAUSE_MS)
    assert not told and not quiet.waiting
