"""Make the pictures of the page on comparing, registering, aligning and stitching.

Without a display: ``bash .ci/display python docs/make_compare_screenshots.py``; with names of
pictures (``register stitch``) only those are made.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import make_screenshots as common

IMAGES = Path(__file__).parent / "images"
#: From pixels of the photograph to pixels of the scan: turned by two degrees.
TRUE = ((0.1599, 0.0056, -3.0), (-0.0056, 0.1599, -2.0), (0.0, 0.0, 1.0))
#: Details on the photograph (y, x), and how badly each was met on the scan, in pixels.
DETAILS = ((60, 60), (90, 560), (340, 80), (380, 570), (210, 300), (130, 400))
MISSED = ((0.1, -0.2), (-0.2, 0.1), (0.2, 0.1), (-0.1, -0.1), (0.1, 0.2), (1.9, -1.6))


def agreement(viewer: Any) -> None:
    """Show a pigment map against its elements."""
    _map_elements(viewer)
    pigments = _open(viewer, "Pigments")
    pigments.run()
    common._wait(lambda: pigments.scan.pigments is not None and not pigments.busy)
    viewer.window.remove_dock_widget(pigments)
    dock = _open(viewer, "Pigment against its elements")
    box = dock.pigment_box
    box.setCurrentIndex(box.findData("vermilion"))
    box.activated.emit(box.currentIndex())
    common._wait(lambda: dock.comparison is not None and dock.comparison.pigment == "vermilion")
    for layer in viewer.layers:
        layer.visible = layer.name == "Vermilion"
    dock.show_map()
    common._wait(lambda: not dock.busy)


def register(viewer: Any) -> None:
    """Control points on a photograph and on the scan, one of them wrong."""
    import numpy as np

    from napari_xrf_pigments.mapping.registration.registration import transformed

    _map_elements(viewer)
    for layer in viewer.layers:
        layer.visible = layer.name == "Hg L"
    units = viewer.layers["Hg L"].units
    viewer.add_image(_photograph(viewer), name="Photograph", rgb=True, units=units)
    dock = _open(viewer, "Register a picture")
    common._wait(lambda: dock.bar.place_button.isEnabled(), seconds=10)
    dock.bar.place_button.setChecked(True)
    on_picture, on_scan = dock.points
    places = np.array(DETAILS, float)
    on_picture.data = places
    on_scan.data = transformed(np.array(TRUE), places) + np.array(MISSED)
    common._wait(lambda: dock.registration is not None, seconds=30)


def sawtooth(viewer: Any) -> None:
    """Show the rows of a bidirectional scan, with the preview of the correction."""
    from napari_xrf_pigments.mapping.registration.row_alignment import aligned_cube
    from napari_xrf_pigments.plugin.layers.sync import session_of

    cube = session_of(viewer).scan.cube
    _show_scan(viewer, aligned_cube(cube, -0.75), "Bidirectional scan")
    _map_elements(viewer)
    dock = _open(viewer, "Correct the sawtooth")
    dock.estimate()
    common._wait(lambda: dock.shift.value() != 0, seconds=120)
    dock.preview.click()


def stitch(viewer: Any) -> None:
    """Two sections of a painting, found and joined."""
    import numpy as np

    from napari_xrf_pigments.plugin.layers.sync import session_of

    whole = session_of(viewer).scan.cube
    viewer.layers.clear()
    for name, window in (("Left part", np.s_[:, :58]), ("Right part", np.s_[4:, 46:])):
        counts = whole.counts[window]
        _show_scan(viewer, replace(whole, counts=counts, valid=None, live_time_s=None), name, False)
        _map_elements(viewer)
    dock = _open(viewer, "Stitch sections")
    dock.estimate_positions()
    common._wait(lambda: not dock.running, seconds=120)
    sentences = dock.message.text()
    dock.join()
    common._wait(lambda: any(layer.name == "Hg L, joined" for layer in viewer.layers), seconds=60)
    for layer in viewer.layers:
        layer.visible = layer.name == "Hg L, joined"
    dock.message.setText(sentences)


PICTURES: dict[str, Callable[[Any], None]] = {
    "agreement": agreement,
    "register": register,
    "sawtooth": sawtooth,
    "stitch": stitch,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the pictures, each in a viewer of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*PICTURES, []], help="which; all if none")
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    options = parser.parse_args(arguments)
    # The pictures show napari as it is when it is new, and change nobody's settings.
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")
    import napari
    import numpy as np

    from napari_xrf_pigments.plugin.layers.sync import session_of

    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.names or PICTURES:
        viewer = napari.Viewer(show=True, show_welcome_screen=False)
        viewer.window.resize(1500, 950)
        viewer.theme = options.theme
        viewer.open_sample(common.PLUGIN, "hidden_layer")
        scan = session_of(viewer).scan
        common._wait(lambda scan=scan: scan.checked)
        PICTURES[name](viewer)
        common._wait(lambda: False, seconds=1.0)
        viewer.reset_view()
        common._wait(lambda: False, seconds=2.0)
        target = options.out / f"{name}.png"
        common._save(np.asarray(viewer.screenshot(canvas_only=False, flash=False)), target)
        print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB", flush=True)
        viewer.close()
    return 0


def _open(viewer: Any, name: str) -> Any:
    """Open a panel as the menu Plugins does."""
    _, dock = viewer.window.add_plugin_dock_widget(common.PLUGIN, name)
    return dock


def _map_elements(viewer: Any) -> None:
    """Map the elements of the scan that is worked on."""
    dock = _open(viewer, "Elements")
    dock.run()
    common._wait(lambda: dock.scan.elements is not None and not dock.busy)
    viewer.window.remove_dock_widget(dock)


def _show_scan(viewer: Any, cube: Any, name: str, alone: bool = True) -> None:
    """Show another scan, in the place of the one there is."""
    from napari_xrf_pigments.plugin.layers.adding import counts_layer_data
    from napari_xrf_pigments.plugin.layers.sync import session_of
    from napari_xrf_pigments.plugin.state.totals import TotalCounts

    if alone:
        viewer.layers.clear()
    totals = TotalCounts(cube)
    totals.wait()
    data, settings, _ = counts_layer_data(cube, totals, name)
    viewer.add_image(data, **settings)
    scan = session_of(viewer).scan
    common._wait(lambda: scan.checked)


def _photograph(viewer: Any) -> Any:
    """Draw a photograph of the painting: sky, robe and flesh, slightly rotated."""
    import numpy as np
    from scipy.ndimage import affine_transform, gaussian_filter

    from napari_xrf_pigments.plugin.layers.sync import session_of

    cube = session_of(viewer).scan.cube
    kev = cube.energies.kev
    counts = np.asarray(cube.counts)
    maps = [
        counts[..., (kev > low) & (kev < high)].sum(axis=-1).astype(float)
        for low, high in ((9.7, 10.2), (12.4, 12.9), (7.9, 8.2))
    ]
    rgb = np.stack([gaussian_filter(one / np.percentile(one, 99), 0.6) for one in maps], axis=-1)
    matrix = np.array(TRUE)
    turned = np.stack(
        [
            affine_transform(
                rgb[..., band], matrix[:2, :2], matrix[:2, 2], (440, 640), order=1, mode="nearest"
            )
            for band in range(3)
        ],
        axis=-1,
    )
    grain = np.random.default_rng(0).normal(0, 0.02, turned.shape)
    picture: Any = (255 * np.clip(0.15 + 0.8 * turned + grain, 0, 1)).astype(np.uint8)
    return picture


if __name__ == "__main__":
    raise SystemExit(main())
