"""The Teach dock in a real viewer: paint with the mouse, teach, cancel, save, use."""

import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments.network.model import Architecture, PigmentNet
from napari_xrf_pigments.network.weights import bundled_weights, weights_hash
from napari_xrf_pigments.plugin.fine_tuning.dock import TeachDock
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock
from napari_xrf_pigments.training.fine_tuning.assessment import HeldOutScore, SimulatedScore
from napari_xrf_pigments.training.fine_tuning.weights import FineTunedNetwork

from ..acting import add_dock, add_scan
from ..synthetic import SHAPE, FakeTiles, fake_services


class FakeLesson:
    """A teaching of five steps that notes what it was given."""

    def __init__(self):
        self.given = None
        self.pause_s = 0.0
        self.error = None
        self.worse = False

    def teach(self, cube, labels, statements, scan, weights=None):
        self.given = SimpleNamespace(
            cube=cube, labels=labels, statements=statements, scan=scan, weights=weights
        )
        if self.error:
            raise ValueError(self.error)
        for done in range(1, 6):
            time.sleep(self.pause_s)
            yield SimpleNamespace(done=done, total=5, description="Fitting")
        torch.manual_seed(0)
        figures = SimulatedScore("vermilion", 0.9, 0.5 if self.worse else 0.9, 0.1, 0.1)
        yield FineTunedNetwork(
            PigmentNet(Architecture(16, 1)),
            (HeldOutScore("vermilion", 0.25, 0.95, 0.1, 0.0, 0.8, 0.1),),
            (figures,),
            ("Vermilion gets worse on other paintings.",) if self.worse else (),
            {"taught": {"scan": scan}},
        )


@pytest.fixture
def lesson(viewer):
    lesson = FakeLesson()
    session = session_of(viewer)
    session.weights, session.known_weights = None, []
    session.services = fake_services(FakeTiles(), fine_tune=lesson.teach)
    return lesson


@pytest.fixture
def scan(viewer, lesson, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


@pytest.fixture
def dock(viewer, scan):
    return add_dock(viewer, TeachDock, "Teach")


def paint(viewer, start, end):
    """A stroke of the brush between places in world coordinates."""
    canvas = viewer.window._qt_viewer.canvas
    QApplication.processEvents()
    camera = viewer.scene.camera
    width, height = canvas.native.width(), canvas.native.height()

    def on_screen(place):
        offset = (np.asarray(place) - np.asarray(camera.center)[-2:]) * camera.zoom
        return QPoint(round(width / 2 + offset[1]), round(height / 2 + offset[0]))

    QTest.mouseMove(canvas.native, on_screen(start))
    QTest.mousePress(canvas.native, Qt.MouseButton.LeftButton, pos=on_screen(start))
    for share in np.linspace(0, 1, 6):
        place = (1 - share) * np.asarray(start) + share * np.asarray(end)
        QTest.mouseMove(canvas.native, on_screen(place))
        QApplication.processEvents()
    QTest.mouseRelease(canvas.native, Qt.MouseButton.LeftButton, pos=on_screen(end))
    QApplication.processEvents()


def prepared(viewer, dock, qtbot):
    """Vermilion painted as present and as absent."""
    dock.add_label("vermilion", True)
    viewer.reset_view()
    paint(viewer, (3.0, 2.0), (3.0, 5.0))
    dock.add_label("vermilion", False)
    paint(viewer, (8.0, 12.0), (8.0, 15.0))
    qtbot.waitUntil(lambda: all(row.pixels for row in dock.table.rows), timeout=10_000)
    qtbot.waitUntil(dock.run_bar.run_button.isEnabled, timeout=10_000)


def fine_tuned(dock, qtbot):
    QTest.mouseClick(dock.run_bar.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.running, timeout=30_000)


def test_nothing_painted_nothing_to_teach(viewer, dock):
    assert not dock.run_bar.run_button.isEnabled()
    assert not dock.save_button.isEnabled()
    QTest.mouseClick(dock.add_button, Qt.MouseButton.LeftButton)
    assert not dock.run_bar.run_button.isEnabled()
    assert "Paint where a pigment is known" in dock.run_bar.run_button.toolTip()


def test_a_label_is_painted_with_the_mouse_and_counted(viewer, dock, scan, qtbot):
    QTest.mouseClick(dock.add_button, Qt.MouseButton.LeftButton)
    layer = viewer.layers["Known pigments of scan"]
    assert layer.data.shape == SHAPE
    assert tuple(layer.scale) == (0.5, 0.5)
    assert viewer.layers.selection.active is layer
    assert layer.mode == "paint"
    viewer.reset_view()
    paint(viewer, (3.0, 2.0), (3.0, 5.0))
    qtbot.waitUntil(lambda: dock.table.rows[0].pixels > 0, timeout=10_000)
    assert dock.table.rows[0].pixels == np.count_nonzero(layer.data == 1)
    assert layer.data[6, 8] == 1


def test_the_second_label_says_absent_of_the_same_pigment(dock):
    dock.add_label("vermilion")
    dock.add_button.click()
    one, other = dock.table.rows
    assert (one.pigment, one.present) == ("vermilion", True)
    assert (other.pigment, other.present) == ("vermilion", False)
    dock.table.setCurrentCell(0, 0)
    assert dock._layer.selected_label == 1


def test_teaching_shows_before_and_after(viewer, dock, scan, lesson, qtbot):
    prepared(viewer, dock, qtbot)
    fine_tuned(dock, qtbot)
    assert lesson.given.scan == "scan"
    assert lesson.given.statements[1].present
    assert not lesson.given.statements[2].present
    assert np.array_equal(lesson.given.labels, dock._layer.data)
    shown = [[dock.figures.item(i, k).text() for k in range(3)] for i in range(3)]
    assert shown == [
        ["Vermilion: found where painted present", "25%", "95%"],
        ["Vermilion: found where painted absent", "10%", "0%"],
        ["Vermilion: F1 on other paintings (simulated)", "0.90", "0.90"],
    ]
    assert dock.save_button.isEnabled()


def test_harm_elsewhere_is_red_and_said(viewer, dock, lesson, qtbot):
    lesson.worse = True
    prepared(viewer, dock, qtbot)
    fine_tuned(dock, qtbot)
    assert dock.figures.item(2, 2).foreground().color().red() > 200
    assert "gets worse on other paintings" in dock.message.text()


def test_cancelled_is_not_learned(viewer, dock, lesson, qtbot):
    lesson.pause_s = 0.3
    prepared(viewer, dock, qtbot)
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: dock.run_bar.bar.value() > 0, timeout=30_000)
    QTest.mouseClick(dock.run_bar.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.running, timeout=30_000)
    assert "nothing was learned" in dock.run_bar.status.text()
    assert dock.fine_tuned is None
    assert not dock.save_button.isEnabled()


def test_a_lesson_that_fails_says_why(viewer, dock, lesson, qtbot, notes):
    lesson.error = "Nothing is painted yet: paint where a pigment is known."
    prepared(viewer, dock, qtbot)
    fine_tuned(dock, qtbot)
    assert (lesson.error, "error") in notes()


def test_saved_weights_are_used_and_can_be_put_back(viewer, dock, scan, lesson, qtbot, tmp_path):
    pigments = add_dock(viewer, PigmentsDock, "Pigments")
    prepared(viewer, dock, qtbot)
    fine_tuned(dock, qtbot)
    before = weights_hash(bundled_weights())
    path = tmp_path / "mine.safetensors"
    assert dock.save(path)
    session = session_of(viewer)
    assert session.weights == path
    for box in (dock.weights, pigments.weights):
        assert [box.itemText(i) for i in range(3)] == ["Standard", "mine", "Other file..."]
        assert box.currentText() == "mine"
    assert weights_hash(path)[:12] in dock.run_bar.status.text()
    # The next fine-tuning starts from them.
    fine_tuned(dock, qtbot)
    assert lesson.given.weights == path
    pigments.weights.setCurrentIndex(0)
    pigments.weights.activated.emit(0)
    assert session.weights is None
    assert dock.weights.currentText() == "Standard"
    fine_tuned(dock, qtbot)
    assert lesson.given.weights is None
    assert weights_hash(bundled_weights()) == before


def test_the_released_weights_cannot_be_overwritten(viewer, dock, lesson, qtbot, notes):
    prepared(viewer, dock, qtbot)
    fine_tuned(dock, qtbot)
    before = weights_hash(bundled_weights())
    assert not dock.save(bundled_weights())
    assert (
        "The weights that come with the program are never overwritten; choose another name.",
        "error",
    ) in notes()
    assert weights_hash(bundled_weights()) == before
    assert session_of(viewer).weights is None


def test_the_functions_of_a_session_get_the_chosen_weights(tmp_path):
    asked = []
    services = fake_services().with_weights(None)
    plain = services.predict
    services = fake_services(predict=lambda cube, spectrum, weights=None: asked.append(weights))
    services.with_weights(tmp_path).with_weights(tmp_path / "b").predict(None, None)
    services.with_weights(tmp_path).with_weights(None).predict(None, None)
    assert asked == [tmp_path / "b", None]
    assert not isinstance(plain, partial)
