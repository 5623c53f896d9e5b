"""What must be imported before a scan can be opened holds the window up: it is little."""

import subprocess
import sys

import pytest

_LATER = ("dask.array", "scipy.optimize", "torch", "pyqtgraph", "pandas", "h5py", "zarr")


@pytest.mark.parametrize("module", ["_reader", "commands", "state.session"])
def test_the_window_does_not_wait_for_what_is_needed_later(module):
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, napari, napari.viewer; before = set(sys.modules)\n"
            f"import napari_xrf_pigments.plugin.{module}\n"
            f"print([name for name in {_LATER!r} if name in set(sys.modules) - before])",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]", told.stdout
