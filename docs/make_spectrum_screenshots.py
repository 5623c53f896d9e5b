"""Make the pictures of the page on the Spectrum dock, from the running program.

Without a display:
``xvfb-run -a -s "-screen 0 1920x1200x24" python docs/make_spectrum_screenshots.py``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import make_screenshots as common

IMAGES = Path(__file__).parent / "images"
#: In the sample painting: vermilion of the hidden picture, and a place without it.
COVERED, BARE = (22, 19), (50, 70)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--area", choices=("bottom", "right"), default="bottom")
    options = parser.parse_args(arguments)
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")
    import napari

    from napari_xrf_pigments.plugin.layers.sync import session_of
    from napari_xrf_pigments.plugin.spectrum.dock import SpectrumDock

    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(1500, 1100)
    viewer.theme = options.theme
    viewer.open_sample(common.PLUGIN, "hidden_layer")
    session = session_of(viewer)
    dock = SpectrumDock(viewer)
    viewer.window.add_dock_widget(dock, name="Spectrum", area=options.area)
    common._wait(lambda: session.scan.checked)
    pictures: tuple[Callable[[Any, Any], None], ...] = (_pixel, _compare, _lines, _energy)
    for picture in pictures:
        picture(session, dock)
        common._wait(lambda: False, seconds=1.5)
        target = options.out / f"spectrum{picture.__name__}.png"
        _grab(dock, target)
        print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")
    viewer.close()
    return 0


def _pixel(session: Any, dock: Any) -> None:
    """Show a pixel, its prediction and the evidence."""
    session.select_pixel(session.scan, *COVERED)
    common._wait(lambda: dock.pixel_tab.explanation is not None)


def _compare(session: Any, dock: Any) -> None:
    """Show a pinned point, another pixel and a region, with the fit."""
    import numpy as np

    dock.pixel_tab.view.pin.click()
    session.select_pixel(session.scan, *BARE)
    corners = np.array([[40, 55], [40, 65], [48, 65], [48, 55]])
    scale = dock.viewer.layers[0].scale
    dock.viewer.add_shapes(
        [corners],
        shape_type="rectangle",
        name="Sleeve",
        scale=scale,
        units=dock.viewer.layers[0].units,
        edge_color="#00b894",
    )
    curves = dock.curves_tab.curves
    common._wait(lambda: curves.get("region:Sleeve 1") is not None, seconds=30)
    common._wait(lambda: dock.pixel_tab.explanation is not None, seconds=30)
    dock.tabs.setCurrentIndex(1)
    dock.plot.fit_box.setChecked(True)
    common._wait(lambda: dock.plot.fit is not None, seconds=30)


def _lines(session: Any, dock: Any) -> None:
    """Show the candidates of a clicked peak."""
    dock.plot.fit_box.setChecked(False)
    for curve in dock.curves_tab.curves:
        dock.curves_tab.curves.show(curve.key, curve.key == "pixel")
    dock.draw()
    dock.identify_peak(10.55)
    common._wait(lambda: dock.lines_tab.peaks.items.count() > 0, seconds=30)
    dock.lines_tab.peaks.items.setCurrentRow(0)
    dock.lines_tab.table.cells["Hg"].click()


def _energy(session: Any, dock: Any) -> None:
    """Two lines being put on their peaks."""
    dock.lines_tab.table.cells["Hg"].click()
    dock.tabs.setCurrentIndex(3)
    for label, kev in (("Hg Lα", 9.987), ("Pb Lβ", 12.61)):
        dock.energy_tab.add_line(label, kev)
        dock.plot.handle_moved.emit(label, kev + 0.02)


def _grab(dock: Any, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    dock.grab().save(str(target))


if __name__ == "__main__":
    raise SystemExit(main())
