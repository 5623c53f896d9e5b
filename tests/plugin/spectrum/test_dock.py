"""The Spectrum dock in a real viewer: clicks, evidence, compared spectra, lines."""

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_xrf_pigments import open_cube
from napari_xrf_pigments.plugin.layers.sync import session_of
from napari_xrf_pigments.plugin.spectrum.dock import SpectrumDock

from ..acting import add_dock, add_scan, click_world
from ..synthetic import fake_services, make_cube


@pytest.fixture
def dock(viewer):
    return add_dock(viewer, SpectrumDock, "Spectrum", "bottom")


def main(dock):
    return dock.plot.curves[0].counts


def wait_pixel(dock, qtbot):
    qtbot.waitUntil(lambda: dock.curves_tab.curves.get("pixel") is not None, timeout=60_000)


def wait_explained(dock, qtbot):
    qtbot.waitUntil(lambda: dock.pixel_tab.explanation is not None, timeout=60_000)


def click_plot(dock, kev):
    """A real click into the plot at an energy."""
    QApplication.processEvents()
    view = dock.plot.plot.getPlotItem().vb
    low, high = view.viewRange()[1]
    scene = view.mapViewToScene(QPointF(kev, 0.5 * (low + high)))
    place = dock.plot.plot.mapFromScene(scene)
    QTest.mouseClick(dock.plot.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()


def test_an_empty_dock_shows_how_to_start(dock):
    assert dock.pixel_tab.view.position.text().startswith("Open a scan")


def test_the_dock_is_narrow_beside_the_canvas(viewer):
    dock = add_dock(viewer, SpectrumDock, "Spectrum", "right")
    assert dock.sizeHint().width() < 500
    assert dock.minimumSizeHint().width() < 450


def test_the_dock_shows_the_clicked_spectrum(viewer, dock, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    assert "sum of the whole scan" in dock.pixel_tab.view.position.text()
    assert np.array_equal(main(dock), scan.totals.spectrum)
    click_world(viewer, (1.0, 1.0))
    wait_pixel(dock, qtbot)
    assert np.array_equal(main(dock), scan.cube.spectrum(2, 2))
    assert dock.plot.curves[0].kev[0] == 0.005
    assert dock.pixel_tab.view.position.text().startswith("Pixel x 2, y 2")
    assert "1.0 mm, 1.0 mm" in dock.pixel_tab.view.position.text()
    assert [curve.key for curve in dock.plot.curves] == ["pixel"]


def test_a_radius_shows_the_mean_and_predicts_from_the_sum(viewer, dock, qtbot):
    asked = []
    services = fake_services()
    predict = services.predict
    session_of(viewer).services = fake_services(
        predict=lambda cube, spectrum: (asked.append(spectrum.copy()), predict(cube, spectrum))[1]
    )
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    click_world(viewer, (5.0, 5.0))
    wait_explained(dock, qtbot)
    dock.pixel_tab.view.radius.setValue(2)
    mean = scan.cube.spectrum(10, 10, radius=2)
    qtbot.waitUntil(lambda: np.array_equal(main(dock), mean), timeout=60_000)
    assert "mean of 13 pixels" in dock.pixel_tab.view.position.text()
    wait_explained(dock, qtbot)
    qtbot.waitUntil(lambda: bool(asked) and np.allclose(asked[-1], 13 * mean), timeout=60_000)


def test_a_pinned_spectrum_stays_in_the_plot_until_it_is_removed(viewer, dock, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    click_world(viewer, (1.0, 1.0))
    wait_pixel(dock, qtbot)
    QTest.mouseClick(dock.pixel_tab.view.pin, Qt.MouseButton.LeftButton)
    click_world(viewer, (6.0, 15.0))
    there = scan.cube.spectrum(12, 30)
    qtbot.waitUntil(lambda: np.array_equal(main(dock), there), timeout=60_000)
    assert [curve.name for curve in dock.plot.curves] == ["Pixel x 30, y 12", "Pinned x 2, y 2"]
    assert dock.plot.legend.isVisible()
    dock.tabs.setCurrentIndex(1)
    items = dock.curves_tab.view.items
    row = next(i for i in range(items.count()) if items.item(i).text() == "Pinned x 2, y 2")
    items.setCurrentRow(row)
    QTest.mouseClick(dock.curves_tab.view.remove, Qt.MouseButton.LeftButton)
    assert [curve.name for curve in dock.plot.curves] == ["Pixel x 30, y 12"]


def test_ticked_curves_of_the_whole_scan_are_drawn(viewer, dock, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock.tabs.setCurrentIndex(1)
    items = dock.curves_tab.view.items
    for i in range(items.count()):
        items.item(i).setCheckState(Qt.CheckState.Checked)
        items = dock.curves_tab.view.items
    counts = np.asarray(scan.cube.counts)
    drawn = {curve.name: curve.counts for curve in dock.plot.curves}
    assert np.array_equal(drawn["Whole scan, maximum"], counts.max((0, 1)))
    assert np.allclose(drawn["Whole scan, mean"], counts.mean((0, 1)))


def test_the_spectrum_of_a_region_follows_its_changes(viewer, dock, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    counts = np.asarray(scan.cube.counts, dtype=float)
    corners = np.array([[3.6, 4.6], [3.6, 9.4], [8.4, 9.4], [8.4, 4.6]])
    shapes = viewer.add_shapes(
        [corners], shape_type="rectangle", scale=(0.5, 0.5), units=("mm", "mm"), name="Sleeve"
    )
    curves = dock.curves_tab.curves
    key = "region:Sleeve 1"
    qtbot.waitUntil(lambda: curves.get(key) is not None, timeout=60_000)
    assert np.allclose(curves.get(key).counts, counts[4:9, 5:10].mean((0, 1)))
    dock.curves_tab.view.statistic.setCurrentIndex(2)
    qtbot.waitUntil(lambda: "maximum" in curves.get(key).name, timeout=60_000)
    assert np.array_equal(curves.get(key).counts, counts[4:9, 5:10].max((0, 1)))
    shapes.data = [corners + 6]
    expected = counts[10:15, 11:16].max((0, 1))
    qtbot.waitUntil(lambda: np.array_equal(curves.get(key).counts, expected), timeout=60_000)
    viewer.layers.remove(shapes)
    qtbot.waitUntil(lambda: curves.get(key) is None, timeout=60_000)


def test_the_pixel_is_predicted_without_maps(viewer, dock, qtbot):
    add_scan(viewer)
    click_world(viewer, (1.0, 1.0))
    qtbot.waitUntil(lambda: bool(dock.pixel_tab.view.bars.bars), timeout=60_000)
    assert dock.pixel_tab.view.bars.bars[0].title == "Vermilion"
    assert {line.label.split()[0] for line in dock.plot.lines} == {"Hg"}


def test_the_evidence_of_a_bar_is_described_and_marked_in_the_plot(viewer, dock, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    click_world(viewer, (1.0, 1.0))
    wait_explained(dock, qtbot)
    text = dock.pixel_tab.view.evidence.text()
    assert "Hg L" in text
    assert "400 ± 20" in text
    assert any(band.low < 9.99 < band.high for band in dock.plot.bands)
    assert not any(band.low < 6.4 < band.high for band in dock.plot.bands)
    assert "10.84 keV (7 σ; Bi L?)" in dock.pixel_tab.view.unexplained.text()
    second = QPoint(30, int(1.5 * dock.pixel_tab.view.bars.ROW))
    QTest.mouseMove(dock.pixel_tab.view.bars, second)
    QTest.mouseClick(dock.pixel_tab.view.bars, Qt.MouseButton.LeftButton, pos=second)
    assert dock.pixel_tab.view.bars.bars[1].title in dock.pixel_tab.view.evidence.text()
    assert dock.plot.bands == ()


def test_a_failed_prediction_shows_its_reason(viewer, dock, qtbot):
    def missing(cube, spectrum):
        raise OSError("The weights of the network are missing.")

    session_of(viewer).services = fake_services(predict=missing, explain=missing)
    add_scan(viewer)
    click_world(viewer, (1.0, 1.0))
    qtbot.waitUntil(lambda: "weights" in dock.pixel_tab.view.bars.empty_text, timeout=60_000)


def test_a_click_on_a_peak_lists_possible_lines(viewer, dock, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock.show()
    click_plot(dock, 8.05)
    peaks = dock.lines_tab.peaks
    qtbot.waitUntil(lambda: peaks.items.count() > 0, timeout=60_000)
    assert dock.tabs.currentWidget().widget() is dock.lines_tab.view
    assert peaks.items.item(0).text().startswith("Cu Kα")
    QTest.mouseClick(
        peaks.items.viewport(),
        Qt.MouseButton.LeftButton,
        pos=peaks.items.visualItemRect(peaks.items.item(0)).center(),
    )
    assert any(line.label == "Cu Kα" for line in dock.plot.lines)


def test_the_periodic_table_marks_lines(viewer, dock, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    dock.tabs.setCurrentIndex(2)
    QTest.mouseClick(dock.lines_tab.table.cells["Fe"], Qt.MouseButton.LeftButton)
    assert {line.label for line in dock.plot.lines} == {"Fe Kα", "Fe Kβ"}
    QTest.mouseClick(dock.lines_tab.table.cells["Fe"], Qt.MouseButton.LeftButton)
    assert dock.plot.lines == ()


def test_the_fit_and_its_residual_are_drawn_while_ticked(viewer, dock, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    assert not dock.plot.residual.isVisible()
    dock.plot.fit_box.click()
    qtbot.waitUntil(lambda: dock.plot.fit is not None, timeout=60_000)
    fit, counts = dock.plot.fit, scan.totals.spectrum
    assert dock.plot.residual.isVisible()
    # The scan's lines have ratios of no real element: the fit follows, but not all the way.
    assert np.corrcoef(fit.model, counts[-fit.kev.size :])[0, 1] > 0.9
    assert (fit.continuum <= fit.model + 1e-6).all()
    assert fit.residual.shape == fit.kev.shape
    dock.plot.fit_box.click()
    assert not dock.plot.residual.isVisible()


def test_saved_spectra_can_be_read_and_foreign_files_stay(viewer, dock, qtbot, tmp_path, notes):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    click_world(viewer, (1.0, 1.0))
    wait_pixel(dock, qtbot)
    dock.curves_tab.choose_path = lambda suffix, pattern: str(tmp_path / f"mine.{suffix}")
    dock.curves_tab.view.save_msa.trigger()
    dock.curves_tab.view.save_csv.trigger()
    qtbot.waitUntil(lambda: len(list(tmp_path.iterdir())) == 2, timeout=60_000)
    saved = open_cube(tmp_path / "mine.msa")
    assert np.array_equal(saved.spectrum(0, 0), scan.cube.spectrum(2, 2))
    assert saved.energies.offset_kev == scan.cube.energies.offset_kev
    (tmp_path / "mine.msa").write_text("notes")
    dock.curves_tab.view.save_msa.trigger()
    qtbot.waitUntil(lambda: any("left as it is" in text for text, _ in notes()), timeout=60_000)
    assert (tmp_path / "mine.msa").read_text() == "notes"


def test_another_scan_starts_with_its_sum(viewer, dock, qtbot):
    add_scan(viewer)
    click_world(viewer, (1.0, 1.0))
    wait_pixel(dock, qtbot)
    other = add_scan(viewer, make_cube(seed=5), name="other")
    assert dock.scan is other
    assert "sum of the whole scan" in dock.pixel_tab.view.position.text()
    assert np.array_equal(main(dock), other.totals.spectrum)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_plot_follows_the_theme(viewer, dock, theme):
    viewer.theme = theme
    lightness = dock.plot.plot.backgroundBrush().color().lightness()
    assert (lightness > 128) == (theme == "light")


def test_a_closed_dock_receives_no_signals(viewer, qtbot):
    dock = add_dock(viewer, SpectrumDock, "short-lived")
    with qtbot.waitSignal(dock.destroyed, timeout=60_000):
        viewer.window.remove_dock_widget(dock)
    scan = add_scan(viewer)
    viewer.add_shapes([np.array([[1, 1], [5, 5]])], shape_type="line")
    session_of(viewer).select_pixel(scan, 1, 1)
    viewer.theme = "light"
    viewer.theme = "dark"
