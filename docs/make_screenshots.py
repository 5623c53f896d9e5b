"""Make the pictures of the guide: napari with a scan, its maps and the three docks.

Without a display: ``xvfb-run -a -s "-screen 0 1920x1200x24" python docs/make_screenshots.py``.
``--scan PATH --out FILE`` makes the same view of any other scan.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PLUGIN = "napari-xrf-pigments"
IMAGE = Path(__file__).parent / "images" / "sample_painting.png"
#: In the sample painting: the fruit under the cloud.
SAMPLE_PIXEL = (22, 19)
WIDTH, HEIGHT = 1600, 1000
LIMIT_BYTES = 600_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Make one picture."""
    options = _parser().parse_args(arguments)
    # The pictures show napari as it is when it is new, and change nobody's settings.
    os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp()) / "settings.yaml")
    import napari
    import numpy as np

    from napari_xrf_pigments.plugin.commands import open_docks
    from napari_xrf_pigments.plugin.layers.sync import session_of

    viewer = napari.Viewer(show=True, show_welcome_screen=False)
    viewer.window.resize(WIDTH, HEIGHT)
    viewer.theme = options.theme
    if options.scan is None:
        viewer.open_sample(PLUGIN, "hidden_layer")
    else:
        viewer.open(options.scan, plugin=PLUGIN)
    session = session_of(viewer)
    scan = session.scan
    if scan is None:
        return 1
    shown: list[bool] = []
    open_docks(viewer, lambda: shown.append(True))
    _wait(lambda: bool(shown))
    docks = viewer.window.dock_widgets
    elements = docks["Elements (XRF Pigments)"]
    pigments = docks["Pigments (XRF Pigments)"]
    _wait(lambda: scan.checked)
    elements.run()
    _wait(lambda: scan.elements is not None and not elements.busy)
    pigments.run()
    _wait(lambda: not pigments.busy)
    for message in (elements.run_bar.status.text(), pigments.run_bar.status.text()):
        print(message)
    if scan.elements is None or scan.pigments is None:
        print("The maps could not be made: no picture was written.")
        viewer.close()
        return 1
    rows, columns, _ = scan.cube.shape
    middle = SAMPLE_PIXEL if options.scan is None else (rows // 2, columns // 2)
    y, x = options.pixel or middle
    viewer.layers.selection.active = viewer.layers[-1]
    session.select_pixel(scan, y, x)
    viewer.canvas.overlays.scale_bar.visible = scan.cube.pixel_mm is not None
    viewer.reset_view()
    _wait(lambda: False, seconds=3.0)
    picture = viewer.screenshot(canvas_only=False, flash=False)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    _save(np.asarray(picture), options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1000:.0f} kB")
    viewer.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scan", type=Path, help="another scan than the sample painting")
    parser.add_argument("--out", type=Path, default=IMAGE, help="PNG to be written")
    parser.add_argument("--pixel", type=int, nargs=2, metavar=("Y", "X"), help="pixel to click")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    return parser


def _wait(condition: Callable[[], bool], seconds: float = 600.0) -> None:
    """Let napari work until a condition holds."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        QApplication.processEvents()
        time.sleep(0.01)


def _save(picture: object, path: Path) -> None:
    """Write a PNG, with a palette only where it would be too large for the repository."""
    from PIL import Image

    image = Image.fromarray(picture).convert("RGB")
    image.save(path, optimize=True)
    if path.stat().st_size > LIMIT_BYTES:
        image.quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    raise SystemExit(main())
