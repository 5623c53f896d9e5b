"""A session saved and reopened in a real viewer restores the same state."""

import json
import shutil
import zipfile

import numpy as np
import pytest
from napari.layers import Labels, Points, Shapes
from napari.utils.colormaps import DirectLabelColormap

from napari_xrf_pigments.cube.cube import Source
from napari_xrf_pigments.mapping.run_warnings import SpectraTally
from napari_xrf_pigments.plugin.docks.window import our_docks
from napari_xrf_pigments.plugin.elements.dock import ElementsDock
from napari_xrf_pigments.plugin.layers.metadata import LayerInfo, map_layers
from napari_xrf_pigments.plugin.layers.specs import element_specs
from napari_xrf_pigments.plugin.layers.sync import session_of, show_maps
from napari_xrf_pigments.plugin.pigments.dock import PigmentsDock
from napari_xrf_pigments.plugin.register.control_points import existing_points
from napari_xrf_pigments.plugin.register.dock import RegisterDock
from napari_xrf_pigments.plugin.saved_session import open_session, save_session
from napari_xrf_pigments.plugin.state.results import ElementResults, PigmentResults
from napari_xrf_pigments.plugin.state.scan import Pin

from ..acting import add_dock, add_scan
from ..synthetic import GROUPS, LINES, PIGMENTS, fake_services, make_cube

POINTS = np.array([[1.0, 1.0], [1.0, 7.0], [6.0, 2.0], [5.0, 7.0]])
SQUARE = np.array([[2.0, 2.0], [2.0, 9.0], [9.0, 9.0], [9.0, 2.0]])


@pytest.fixture
def file(tmp_path):
    """Return the path of a scan, which the fake services open."""
    path = tmp_path / "panel.h5"
    path.write_bytes(b"counts")
    return path


def cube_of(path):
    cube = make_cube()
    object.__setattr__(cube, "source", Source(path, "HDF5", path.stat().st_size, 0.0))
    return cube


def open_docks(viewer):
    docks = []
    for kind, title in ((ElementsDock, "Elements"), (PigmentsDock, "Pigments")):
        docks.append(kind(viewer))
        viewer.window.add_dock_widget(docks[-1], name=f"{title} (XRF Pigments)", area="right")
    return docks


def draw(viewer):
    """Add regions, points and a picture as a user does."""
    shapes = Shapes([SQUARE], shape_type="polygon", edge_color="red", name="Sky", scale=(0.5, 0.5))
    viewer.add_layer(shapes)
    image = np.zeros((24, 36), int)
    image[3:6, 4:9] = 7
    colours = DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", 7: "blue"})
    viewer.add_layer(Labels(image, name="Known", colormap=colours, scale=(0.5, 0.5)))
    points = Points([[1.0, 2.0], [3.0, 4.0]], name="Samples", symbol="star", size=3)
    points.features = {"note": ["a", "b"], "depth": [1.5, 2.5]}
    viewer.add_layer(points)
    photo = np.random.default_rng(1).integers(0, 255, (10, 12, 3), np.uint8)
    viewer.add_image(photo, name="Photo", opacity=0.4, translate=(1.0, 2.0))


def work_on(viewer, file, tiles):
    """Add a scan with element and pigment maps, and drawn layers."""
    session = session_of(viewer)
    session.services = fake_services(tiles, open_cube=cube_of)
    scan = add_scan(viewer, cube_of(file), "panel")
    scan.elements = ElementResults((24, 36), tuple(LINES), scan.cube)
    for tile in tiles.elements(scan.cube, tuple(LINES)):
        scan.elements.add(tile)
    scan.pigments = PigmentResults((24, 36), PIGMENTS, GROUPS, scan.cube.energies)
    for tile in tiles.pigments(scan.cube, "cpu"):
        scan.pigments.add(tile)
    for _ in show_maps(viewer, scan, element_specs(scan.elements)):
        pass
    draw(viewer)
    return scan


def run_in_docks(viewer, scan, qtbot):
    """Map elements and pigments in their docks, and set a threshold."""
    elements, pigments = open_docks(viewer)
    qtbot.waitUntil(lambda: scan.checked, timeout=180_000)
    elements.run()
    qtbot.waitUntil(lambda: scan.elements is not None and not elements.busy, timeout=180_000)
    pigments.run()
    qtbot.waitUntil(lambda: scan.pigments is not None and not pigments.busy, timeout=180_000)
    pigments.settings.slider.setValue(0.3)
    qtbot.wait(300)
    qtbot.waitUntil(lambda: not pigments.busy, timeout=180_000)


def save(viewer, path, qtbot):
    written = []
    save_session(viewer, path, written.append)
    qtbot.waitUntil(lambda: bool(written), timeout=180_000)
    return written[0]


def reopen(viewer, path, qtbot, ask=lambda sentence: pytest.fail(sentence)):
    opened = []
    open_session(viewer, path, ask, lambda: opened.append(True))
    qtbot.waitUntil(lambda: bool(opened), timeout=180_000)


def visible_state(viewer):
    """Return the properties and data of all layers that a user can see."""
    found = []
    for layer in viewer.layers:
        kind = type(layer).__name__
        data = layer.data if kind != "Shapes" else np.asarray(layer.data)
        facts = {
            "kind": kind,
            "name": layer.name,
            "visible": layer.visible,
            "opacity": layer.opacity,
            "blending": str(layer.blending),
            "scale": tuple(layer.scale),
            "translate": tuple(layer.translate),
            "units": tuple(str(unit) for unit in layer.units),
            "map": LayerInfo.of(layer).key,
        }
        if kind == "Image" and not layer.rgb:
            facts["limits"] = tuple(round(float(limit), 4) for limit in layer.contrast_limits)
            facts["colours"] = np.asarray(layer.colormap.colors).tolist()
        found.append((facts, np.nan_to_num(np.asarray(data, dtype=float))))
    return found


def assert_same_layers(before, after):
    assert [facts["name"] for facts, _ in after] == [facts["name"] for facts, _ in before]
    for (old, data), (new, again) in zip(before, after, strict=True):
        assert new == old
        np.testing.assert_array_equal(again, data)


def test_layers_results_docks_and_view_are_restored(viewer, file, tmp_path, qtbot, tiles):
    session_of(viewer).services = fake_services(tiles, open_cube=cube_of)
    scan = add_scan(viewer, cube_of(file), "panel")
    run_in_docks(viewer, scan, qtbot)
    draw(viewer)
    viewer.scene.camera.center = (0.0, 3.0, 5.0)
    viewer.scene.camera.zoom = 12.5
    viewer.theme = "light"
    before = visible_state(viewer)
    counts, probability = scan.elements.counts.copy(), scan.pigments.probability.copy()
    axis, made = scan.cube.energies, dict(scan.pigments.provenance)
    path = save(viewer, tmp_path / "work", qtbot)
    assert path.name == "work.xrfsession"
    viewer.layers.clear()
    viewer.window.remove_dock_widget("all")
    viewer.theme = "dark"
    reopen(viewer, path, qtbot)
    assert_same_layers(before, visible_state(viewer))
    again = session_of(viewer).scan
    assert again is not scan and again.name == "panel"
    np.testing.assert_array_equal(again.elements.counts, counts)
    np.testing.assert_array_equal(again.pigments.probability, probability)
    assert again.pigments.complete and again.pigments.provenance == made
    assert (again.cube.energies.gain_kev, again.cube.energies.offset_kev) == (
        axis.gain_kev, axis.offset_kev,
    )  # fmt: skip
    assert again.palette == scan.palette
    assert viewer.theme == "light"
    assert viewer.scene.camera.zoom == pytest.approx(12.5)
    assert tuple(viewer.scene.camera.center)[-2:] == pytest.approx((3.0, 5.0))
    dock = our_docks(viewer)["Pigments"]
    assert dock.settings.slider.value() == pytest.approx(0.3)
    viewer.theme = "dark"


def test_spectra_can_be_read_after_reopening(viewer, file, tmp_path, qtbot, tiles):
    scan = work_on(viewer, file, tiles)
    spectrum = scan.spectrum(3, 4)
    path = save(viewer, tmp_path / "work.xrfsession", qtbot)
    reopen(viewer, path, qtbot)
    again = session_of(viewer).scan
    np.testing.assert_array_equal(again.spectrum(3, 4), spectrum)
    (counts,) = map_layers(viewer, again, {"counts"}).values()
    qtbot.waitUntil(lambda: again.totals.ended, timeout=180_000)
    np.testing.assert_array_equal(counts.data, again.cube.total_counts().compute())


def test_pins_and_settings_of_the_spectrum_dock_are_restored(viewer, file, tmp_path, qtbot, tiles):
    scan = work_on(viewer, file, tiles)
    _, dock = viewer.window.add_plugin_dock_widget("napari-xrf-pigments", "Spectrum")
    for place in ((3, 4), (10, 30)):
        session_of(viewer).select_pixel(scan, *place)
        key = f"pin:{place[0]},{place[1]},0"
        qtbot.waitUntil(lambda: dock.curves_tab.curves.get("pixel") is not None, timeout=180_000)
        expected = scan.spectrum(*place)
        qtbot.waitUntil(
            lambda counts=expected: np.array_equal(
                dock.curves_tab.curves.get("pixel").counts, counts
            ),
            timeout=180_000,
        )
        dock.pixel_tab.view.pin.click()
    dock.curves_tab.curves.show(key, False)
    dock.lines_tab.table.cells["Hg"].click()
    dock.curves_tab.view.statistic.setCurrentIndex(2)
    before = [(c.key, c.colour, c.shown) for c in scan.curves if c.key.startswith("pin:")]
    path = save(viewer, tmp_path / "work", qtbot)
    viewer.window.remove_dock_widget("all")
    reopen(viewer, path, qtbot)
    again, dock = session_of(viewer).scan, our_docks(viewer)["Spectrum"]
    assert again is not scan
    curves = dock.curves_tab.curves
    for key, colour, shown in before:
        qtbot.waitUntil(lambda key=key: curves.get(key) is not None, timeout=180_000)
        assert (curves.get(key).colour, curves.get(key).shown) == (colour, shown)
    np.testing.assert_array_equal(curves.get("pin:3,4,0").counts, scan.spectrum(3, 4))
    qtbot.waitUntil(lambda: curves.get("pixel") is not None, timeout=180_000)
    assert dock.pixel_tab.place == Pin(10, 30)
    assert dock.lines_tab.table.ticked() == ("Hg",)
    assert dock.curves_tab.view.statistic.currentText() == "Maximum"


def test_the_tally_of_an_unfinished_run_is_restored(viewer, file, tmp_path, qtbot, tiles):
    scan = work_on(viewer, file, tiles)
    earlier = {
        "elements": SpectraTally(96, 1, 2, 3, 4, 5, np.arange(1000.0)),
        "pigments": SpectraTally(96, 5, 4, 3, 2, 1),
    }
    for kind, tally in earlier.items():
        results = getattr(scan, kind)
        results.done[4:], results.tally = False, tally
    path = save(viewer, tmp_path / "work", qtbot)
    reopen(viewer, path, qtbot)
    (restored,) = session_of(viewer).scans
    assert restored is not scan
    for kind, tally in earlier.items():
        restored_tally = getattr(restored, kind).tally
        assert restored_tally.numbers == tally.numbers
        np.testing.assert_array_equal(restored_tally.total, tally.total)


def test_regions_keep_their_shapes_colours_and_features(viewer, file, tmp_path, qtbot, tiles):
    work_on(viewer, file, tiles)
    reopen(viewer, save(viewer, tmp_path / "work", qtbot), qtbot)
    shapes, labels, points = (viewer.layers[name] for name in ("Sky", "Known", "Samples"))
    np.testing.assert_array_equal(shapes.data[0], SQUARE)
    assert shapes.shape_type == ["polygon"]
    np.testing.assert_allclose(shapes.edge_color[0], (1, 0, 0, 1))
    np.testing.assert_allclose(labels.get_color(7), (0, 0, 1, 1))
    assert list(points.features["note"]) == ["a", "b"]
    assert [str(symbol) for symbol in points.symbol] == ["star", "star"]


def test_control_points_stay_linked_to_their_picture(viewer, file, tmp_path, qtbot, tiles):
    work_on(viewer, file, tiles)
    for name in ("Infrared", "X-ray"):
        viewer.add_image(np.ones((8, 9)), name=name)
    dock = add_dock(viewer, RegisterDock, "Register a picture (XRF Pigments)")
    placed = {}
    for name, shift in (("Infrared", 1.0), ("X-ray", 3.0)):
        dock.select_picture(viewer.layers[name])
        dock.bar.place_button.setChecked(True)
        on_picture, on_scan = dock.points
        placed[name] = POINTS, POINTS + shift
        on_picture.data, on_scan.data = placed[name]
        qtbot.waitUntil(lambda: dock.registration is not None, timeout=10_000)
        dock.bar.place_button.setChecked(False)
    matrix = dock.registration.matrix
    path = save(viewer, tmp_path / "work", qtbot)
    viewer.layers.clear()
    viewer.window.remove_dock_widget("all")
    reopen(viewer, path, qtbot)
    for name, (on_picture, on_scan) in placed.items():
        layers = existing_points(viewer, viewer.layers[name])
        assert set(layers) == {"picture", "scan"}
        np.testing.assert_array_equal(layers["picture"].data, on_picture)
        np.testing.assert_array_equal(layers["scan"].data, on_scan)
        assert list(layers["scan"].features["number"]) == [1, 2, 3, 4]
        assert list(layers["scan"].text.values) == ["1", "2", "3", "4"]
    dock = our_docks(viewer)["Register a picture"]
    assert dock.picture is viewer.layers["X-ray"]
    qtbot.waitUntil(lambda: dock.registration is not None, timeout=10_000)
    np.testing.assert_allclose(dock.registration.matrix, matrix)


def test_a_scan_that_moved_with_its_session_is_found(viewer, file, tmp_path, qtbot, tiles):
    work_on(viewer, file, tiles)
    path = save(viewer, tmp_path / "work.xrfsession", qtbot)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for item in (file, path):
        shutil.move(item, elsewhere / item.name)
    reopen(viewer, elsewhere / path.name, qtbot)
    assert session_of(viewer).scan.cube.source.path == elsewhere / file.name


def test_the_user_is_asked_where_a_moved_scan_is(viewer, file, tmp_path, qtbot, tiles):
    work_on(viewer, file, tiles)
    path = save(viewer, tmp_path / "work.xrfsession", qtbot)
    moved = tmp_path / "archive.h5"
    file.rename(moved)
    asked = []

    def ask(sentence):
        asked.append(sentence)
        return str(moved)

    reopen(viewer, path, qtbot, ask)
    (sentence,) = asked
    assert sentence == f"panel.h5 was not found in {file.parent}. Where is it now?"
    assert session_of(viewer).scan.cube.source.path == moved


def test_without_the_scan_file_maps_open_as_plain_images(
    viewer, file, tmp_path, qtbot, tiles, notes
):
    work_on(viewer, file, tiles)
    before = visible_state(viewer)
    path = save(viewer, tmp_path / "work.xrfsession", qtbot)
    file.unlink()
    reopen(viewer, path, qtbot, lambda sentence: None)
    assert session_of(viewer).scan is None
    assert [layer.name for layer in viewer.layers] == [facts["name"] for facts, _ in before]
    assert any("without its spectra" in message for message, _ in notes())


def test_a_scan_of_another_size_is_refused(viewer, file, tmp_path, qtbot, tiles, notes):
    work_on(viewer, file, tiles)
    path = save(viewer, tmp_path / "work.xrfsession", qtbot)
    small = make_cube()
    small = type(small).from_array(small.counts[:5], gain_kev=0.02)
    session_of(viewer).services = fake_services(tiles, open_cube=lambda path: small)
    reopen(viewer, path, qtbot)
    assert session_of(viewer).scan is None
    assert any("is not the scan of this session" in message for message, _ in notes())


def test_a_changed_scan_gives_a_warning(viewer, file, tmp_path, qtbot, tiles, notes):
    work_on(viewer, file, tiles)
    path = save(viewer, tmp_path / "work.xrfsession", qtbot)
    file.write_bytes(b"other counts")
    reopen(viewer, path, qtbot)
    assert any("has changed" in message for message, _ in notes())


def test_saving_reports_scans_that_are_left_out(viewer, tmp_path, qtbot, notes):
    add_scan(viewer, name="from Python")
    save(viewer, tmp_path / "work.xrfsession", qtbot)
    assert any("which has no file" in message for message, _ in notes())


def test_a_file_that_is_no_session_changes_nothing(viewer, tmp_path, qtbot, notes):
    add_scan(viewer)
    path = tmp_path / "work.xrfsession"
    path.write_text("no session")
    open_session(viewer, path, lambda sentence: None)
    qtbot.waitUntil(lambda: any("not a saved session" in m for m, _ in notes()), timeout=180_000)
    assert len(viewer.layers) == 1


def forge(path, change):
    """Change the document of a session."""
    forged = path.with_name("forged.xrfsession")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "session.json":
                document = json.loads(data)
                change(document)
                data = json.dumps(document)
            new.writestr(name, data)
    return forged


def test_a_damaged_session_gives_one_sentence_and_changes_nothing(
    viewer, file, tmp_path, qtbot, tiles, notes
):
    work_on(viewer, file, tiles)
    path = save(viewer, tmp_path / "work.xrfsession", qtbot)
    before = list(viewer.layers)
    for change in (
        lambda d: d.update(scans=3),
        lambda d: d.update(layers=[{"kind": "image"}]),
        lambda d: d.update(version=1),
        lambda d: d["scans"][0].update(metadata={}),
        lambda d: d["scans"][0].update(elements={"images": {}}),
        lambda d: d["scans"][0].update(elements=None),
        lambda d: d["scans"][0].update(results=7),
        lambda d: d["scans"][0].update(derived={"a": 1}),
        lambda d: d["scans"][0]["pigments"].update(tally=[1]),
        lambda d: d["layers"][0]["settings"].update(scale="huge"),
        lambda d: d["layers"][0].update(scan=99),
        lambda d: d["layers"][0].update(data="array-99"),
        lambda d: d["layers"][0].update(metadata={"xrf_pigments": {}}),
    ):
        count = len(notes())
        open_session(viewer, forge(path, change), lambda sentence: None)
        qtbot.waitUntil(lambda count=count: len(notes()) > count, timeout=180_000)
        (message, _), *more = notes()[count:]
        assert message.startswith("forged.xrfsession") and message.endswith(".") and not more
        assert list(viewer.layers) == before


def test_view_and_docks_that_cannot_be_used_are_left_out(
    viewer, file, tmp_path, qtbot, tiles, notes
):
    work_on(viewer, file, tiles)
    path = save(viewer, tmp_path / "work.xrfsession", qtbot)
    count = len(viewer.layers)
    for change in (
        lambda d: d.update(docks=[{"title": "os.system"}, 3]),
        lambda d: d.update(view={"zoom": "nan", "theme": 3, "active": 999, "centre": [None]}),
        lambda d: d.update(view=[], docks={}, chosen="x"),
    ):
        reopen(viewer, forge(path, change), qtbot)
        assert len(viewer.layers) == count
    assert [m for m, _ in notes() if "os.system" in m] == [
        "Docks that this version does not have were left out: os.system."
    ]


def test_visible_maps_are_shown_before_hidden_ones_are_added(viewer, file, tmp_path, qtbot, tiles):
    scan = work_on(viewer, file, tiles)
    run_in_docks(viewer, scan, qtbot)
    before = visible_state(viewer)
    shown = {facts["name"] for facts, _ in before if facts["visible"]}
    path = save(viewer, tmp_path / "work", qtbot)
    viewer.layers.clear()
    added = []

    def record(event):
        added.append((event.value.name, event.value.visible))

    viewer.layers.events.inserted.connect(record)
    try:
        reopen(viewer, path, qtbot)
    finally:
        viewer.layers.events.inserted.disconnect(record)
    first = {name for name, _ in added[: len(shown)]}
    assert first == shown
    assert any(not visible for _, visible in added)
    assert_same_layers(before, visible_state(viewer))


def test_opening_a_session_never_empties_the_viewer(viewer, file, tmp_path, qtbot, tiles):
    work_on(viewer, file, tiles)
    before = visible_state(viewer)
    path = save(viewer, tmp_path / "work", qtbot)
    numbers = []

    def record(event):
        numbers.append(len(viewer.layers))

    viewer.layers.events.removed.connect(record)
    try:
        reopen(viewer, path, qtbot)
    finally:
        viewer.layers.events.removed.disconnect(record)
    assert numbers and min(numbers) > 0
    assert_same_layers(before, visible_state(viewer))
