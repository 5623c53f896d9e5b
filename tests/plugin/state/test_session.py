"""A scan in a real viewer: layers, calibration, clicks."""

import gc
import time
import weakref

import dask.array as da
import numpy as np

from napari_xrf_pigments import XRFCube
from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.adding import counts_layer_data
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo, map_layers
from napari_xrf_pigments.plugin.layers.sync import select_pixel_at, session_of
from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock
from napari_xrf_pigments.plugin.spectrum.dock import SpectrumDock
from napari_xrf_pigments.plugin.state.scan import Scan
from napari_xrf_pigments.plugin.state.totals import TotalCounts

from ..acting import add_dock, add_scan, click_world
from ..synthetic import SHAPE, fake_services, make_cube


def test_the_layer_shows_total_counts_in_mm(viewer):
    cube = make_cube(pixel_mm=(0.5, 0.25))
    add_scan(viewer, cube)
    layer = viewer.layers[0]
    assert np.array_equal(layer.data, cube.total_counts().compute())
    assert tuple(layer.scale) == (0.5, 0.25)
    assert [str(unit) for unit in layer.units] == ["millimeter", "millimeter"]
    assert LayerInfo.of(layer).scan.cube.shape == cube.shape


def test_without_a_pixel_size_the_layer_is_in_pixels(viewer):
    add_scan(viewer, make_cube(pixel_mm=None))
    assert tuple(viewer.layers[0].scale) == (1, 1)
    assert str(viewer.layers[0].units[0]) == "pixel"


def test_a_scan_is_calibrated_in_the_background(viewer, qtbot):
    scan = add_scan(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    assert LayerInfo.of(viewer.layers[0]).scan.cube.energies.offset_kev == 0.005


def test_the_layer_is_updated_while_counts_are_summed(viewer, qtbot):
    def block(block_info=None):
        time.sleep(0.3)
        return np.ones((1, 6, 8), dtype=np.uint8)

    counts = da.map_blocks(block, chunks=((1,) * 12, (6,), (8,)), dtype=np.uint8)
    cube = XRFCube.from_array(counts, gain_kev=0.1)
    totals = TotalCounts(cube).start()
    data, settings, _ = counts_layer_data(cube, totals, "slow")
    viewer.add_image(data, **settings)
    session, shares = session_of(viewer), []
    session.totals_changed.connect(lambda scan: shares.append(scan.totals.fraction))
    qtbot.waitUntil(lambda: bool(totals.ended and shares and shares[-1] == 1), timeout=60_000)
    assert any(0 < share < 1 for share in shares)
    assert len(shares) <= 4 * 12 * 0.3 / 0.25
    assert np.all(viewer.layers[0].data == 8)
    assert viewer.layers[0].contrast_limits[1] >= 8


def test_a_click_selects_the_pixel_under_the_mouse(viewer, qtbot):
    add_scan(viewer, make_cube(pixel_mm=(0.5, 0.5)))
    selected = []
    session_of(viewer).pixel_selected.connect(lambda scan, y, x: selected.append((y, x)))
    click_world(viewer, (6.0, 10.5))
    assert selected == [(12, 21)]
    (marker,) = map_layers(viewer, session_of(viewer).scan, {"marker"}).values()
    assert marker.data.tolist() == [[12, 21]]
    click_world(viewer, (1.0, 2.0))
    assert selected[-1] == (2, 4)
    assert marker.data.tolist() == [[2, 4]]


def test_a_click_beside_the_scan_does_nothing(viewer):
    add_scan(viewer)
    assert not select_pixel_at(viewer, (-3.0, 2.0))
    assert not select_pixel_at(viewer, (2.0, 1000.0))


def test_a_click_in_a_stack_of_images_finds_the_pixel(viewer):
    add_scan(viewer, make_cube(pixel_mm=None))
    viewer.add_image(np.zeros((5, *SHAPE)), name="stack")
    selected = []
    session_of(viewer).pixel_selected.connect(lambda scan, y, x: selected.append((y, x)))
    assert select_pixel_at(viewer, (3.0, 7.2, 20.9))
    assert selected == [(7, 21)]


def test_selecting_a_layer_selects_its_scan(viewer):
    first, second = add_scan(viewer, name="first"), add_scan(viewer, name="second")
    session = session_of(viewer)
    assert session.scan is second
    viewer.layers.selection.active = viewer.layers["first"]
    assert session.scan is first
    viewer.layers.remove("first")
    assert session.scans == [second]
    assert session.scan is second


def test_the_layers_of_a_scan_that_was_closed_are_collected(viewer, qtbot):
    add_scan(viewer)
    session_of(viewer)
    layer = weakref.ref(viewer.layers[0])
    viewer.layers.clear()

    def collected():
        gc.collect()
        return layer() is None

    qtbot.waitUntil(collected, timeout=30_000)


def test_other_layers_are_no_scans(viewer):
    viewer.add_image(np.zeros((4, 4)))
    assert session_of(viewer).scan is None


def test_a_layer_added_with_a_scan_is_registered(viewer, qtbot):
    cube = make_cube()
    viewer.add_image(
        np.zeros(SHAPE), name="mine", metadata=LayerInfo(scan=Scan(cube, "mine")).as_metadata()
    )
    scan = session_of(viewer).scan
    assert scan.name == "mine"
    qtbot.waitUntil(lambda: scan.checked, timeout=60_000)
    assert np.all(viewer.layers[0].data == 0)


def test_a_session_is_deleted_with_its_viewer(qapp):
    from napari.components import ViewerModel

    model = ViewerModel()
    session = session_of(model, fake_services())
    assert session_of(model) is session
    reference = weakref.ref(session)
    del model, session
    gc.collect()
    assert reference() is None


def test_a_mapped_and_closed_scan_is_deleted(viewer, qtbot):
    elements, pigments, _ = (
        add_dock(viewer, kind, kind.__name__) for kind in (ElementsDock, PigmentsDock, SpectrumDock)
    )
    scan = add_scan(viewer)
    references = [weakref.ref(scan), weakref.ref(scan.cube)]

    def wait(condition):
        qtbot.waitUntil(lambda: bool(condition(references[0]())), timeout=60_000)

    wait(lambda scan: scan.checked)
    session_of(viewer).select_pixel(scan, 3, 4)
    elements.find_elements()
    wait(lambda scan: elements.elements.names())
    for dock, result in ((elements, "elements"), (pigments, "pigments")):
        dock.run()
        wait(lambda scan, dock=dock, result=result: getattr(scan, result) and not dock.busy)
    del scan
    viewer.layers.clear()

    def collected():
        gc.collect()
        return [reference() for reference in references] == [None, None]

    qtbot.waitUntil(collected, timeout=30_000)
