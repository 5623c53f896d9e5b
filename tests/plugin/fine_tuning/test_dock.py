"""The Teach dock in a real viewer: paint with the mouse, fine-tune, cancel, save, use."""

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


class FakeFineTuning:
    """A fine-tuning of five steps that records its arguments."""

    def __init__(self):
        self.arguments = None
        self.pause_s = 0.0
        self.error = None
        self.worse = False

    def fine_tune(self, cube, labels, annotations, scan, weights=None):
        self.arguments = SimpleNamespace(
            cube=cube, labels=labels, annotations=annotations, scan=scan, weights=weights
        )
        if self.error:
            raise ValueError(self.error)
        for done in range(1, 6):
            time.sleep(self.pause_s)
            yield SimpleNamespace(done=done, total=5, description="Fitting")
        torch.manual_seed(0)
        scores = SimulatedScore("vermilion", 0.9, 0.5 if self.worse else 0.9, 0.1, 0.1)
        yield FineTunedNetwork(
            PigmentNet(Architecture(16, 1)),
            (HeldOutScore("vermilion", 0.25, 0.95, 0.1, 0.0, 0.8, 0.1),),
            (scores,),
            ("Vermilion gets worse on other paintings.",) if self.worse else (),
            {"taught": {"scan": scan}},
        )


@pytest.fixture
def fake(viewer):
    fake = FakeFineTuning()
    session = session_of(viewer)
    session.weights, session.known_weights = None, []
    session.services = fake_services(FakeTiles(), fine_tune=fake.fine_tune)
    return fake


@pytest.fixture
def scan(viewer, fake, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    return scan


@pytest.fixture
def dock(viewer, scan):
    return add_dock(viewer, TeachDock, "Teach")


def paint(viewer, start, end):
    """Paint a stroke of the brush between points in world coordinates (y, x)."""
    canvas = viewer.window._qt_viewer.canvas
    QApplication.processEvents()
    camera = viewer.scene.camera
    width, height = canvas.native.width(), canvas.native.height()

    def on_screen(point):
        offset = (np.asarray(point) - np.asarray(camera.center)[-2:]) * camera.zoom
        return QPoint(round(width / 2 + offset[1]), round(height / 2 + offset[0]))

    QTest.mouseMove(canvas.native, on_screen(start))
    QTest.mousePress(canvas.native, Qt.MouseButton.LeftButton, pos=on_screen(start))
    for share in np.linspace(0, 1, 6):
        point = (1 - share) * np.asarray(start) + share * np.asarray(end)
        QTest.mouseMove(canvas.native, on_screen(point))
        QApplication.processEvents()
    QTest.mouseRelease(canvas.native, Qt.MouseButton.LeftButton, pos=on_screen(end))
    QApplication.processEvents()


def annotate(viewer, dock, qtbot):
    """Paint vermilion as present and as absent."""
    dock.add_label("vermilion", True)
    viewer.reset_view()
    paint(viewer, (3.0, 2.0), (3.0, 5.0))
    dock.add_label("vermilion", False)
    paint(viewer, (8.0, 12.0), (8.0, 15.0))
    qtbot.waitUntil(lambda: all(row.pixels for row in dock.table.rows), timeout=10_000)
    qtbot.waitUntil(dock.run_bar.run_button.isEnabled, timeout=10_000)


def run(dock, qtbot):
    QTest.mouseClick(dock.run_bar.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.running, timeout=30_000)


def test_without_painted_pixels_the_run_is_disabled(viewer, dock):
    assert not dock.run_bar.run_button.isEnabled()
    assert not dock.save_button.isEnabled()
    QTest.mouseClick(dock.add_button, Qt.MouseButton.LeftButton)
    assert not dock.run_bar.run_button.isEnabled()
    assert "Paint areas with a known pigment" in dock.run_bar.run_button.toolTip()


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


def test_the_second_label_has_the_same_pigment_and_is_absent(dock):
    dock.add_label("vermilion")
    dock.add_button.click()
    one, other = dock.table.rows
    assert (one.pigment, one.present) == ("vermilion", True)
    assert (other.pigment, other.present) == ("vermilion", False)
    dock.table.setCurrentCell(0, 0)
    assert dock._layer.selected_label == 1


def test_scores_before_and_after_are_shown(viewer, dock, scan, fake, qtbot):
    annotate(viewer, dock, qtbot)
    run(dock, qtbot)
    assert fake.arguments.scan == "scan"
    assert fake.arguments.annotations[1].present
    assert not fake.arguments.annotations[2].present
    assert np.array_equal(fake.arguments.labels, dock._layer.data)
    shown = [[dock.scores.item(i, k).text() for k in range(3)] for i in range(3)]
    assert shown == [
        ["Vermilion: found where painted present", "25%", "95%"],
        ["Vermilion: found where painted absent", "10%", "0%"],
        ["Vermilion: F1 on other paintings (simulated)", "0.90", "0.90"],
    ]
    assert dock.save_button.isEnabled()


def test_worse_scores_on_other_paintings_are_red_and_warned_of(viewer, dock, fake, qtbot):
    fake.worse = True
    annotate(viewer, dock, qtbot)
    run(dock, qtbot)
    assert dock.scores.item(2, 2).foreground().color().red() > 200
    assert "gets worse on other paintings" in dock.message.text()
    assert (
        "worse than before: Vermilion: F1 on other paintings (simulated), from 0.90 to 0.50."
        in dock.message.text()
    )


def test_without_a_worse_score_nothing_is_noted(viewer, dock, fake, qtbot):
    annotate(viewer, dock, qtbot)
    run(dock, qtbot)
    assert dock.message.text() == "No warnings, and no score became worse."


def test_a_cancelled_run_leaves_the_network_unchanged(viewer, dock, fake, qtbot):
    fake.pause_s = 0.3
    annotate(viewer, dock, qtbot)
    dock.run_bar.run_button.click()
    qtbot.waitUntil(lambda: dock.run_bar.bar.value() > 0, timeout=30_000)
    QTest.mouseClick(dock.run_bar.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dock.running, timeout=30_000)
    assert "the network was not changed" in dock.run_bar.status.text()
    assert dock.fine_tuned is None
    assert not dock.save_button.isEnabled()


def test_the_error_of_a_failed_run_is_shown(viewer, dock, fake, qtbot, notes):
    fake.error = "Nothing is painted yet: paint where a pigment is known."
    annotate(viewer, dock, qtbot)
    run(dock, qtbot)
    assert (fake.error, "error") in notes()


def test_saved_weights_are_used_until_others_are_selected(
    viewer, dock, scan, fake, qtbot, tmp_path
):
    pigments = add_dock(viewer, PigmentsDock, "Pigments")
    annotate(viewer, dock, qtbot)
    run(dock, qtbot)
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
    run(dock, qtbot)
    assert fake.arguments.weights == path
    pigments.weights.setCurrentIndex(0)
    pigments.weights.activated.emit(0)
    assert session.weights is None
    assert dock.weights.currentText() == "Standard"
    run(dock, qtbot)
    assert fake.arguments.weights is None
    assert weights_hash(bundled_weights()) == before


def test_the_released_weights_cannot_be_overwritten(viewer, dock, fake, qtbot, notes):
    annotate(viewer, dock, qtbot)
    run(dock, qtbot)
    before = weights_hash(bundled_weights())
    assert not dock.save(bundled_weights())
    assert (
        "The weights that come with the program are never overwritten; choose another name.",
        "error",
    ) in notes()
    assert weights_hash(bundled_weights()) == before
    assert session_of(viewer).weights is None


def test_the_functions_of_a_session_use_the_selected_weights(tmp_path):
    used = []
    services = fake_services().with_weights(None)
    plain = services.predict
    services = fake_services(predict=lambda cube, spectrum, weights=None: used.append(weights))
    services.with_weights(tmp_path).with_weights(tmp_path / "b").predict(None, None)
    services.with_weights(tmp_path).with_weights(None).predict(None, None)
    assert used == [tmp_path / "b", None]
    assert not isinstance(plain, partial)
