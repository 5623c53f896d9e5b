"""Slow modules are not imported before a scan is opened, since imports block the window."""

import subprocess
import sys

import pytest

_LATER = ("dask.array", "scipy.optimize", "torch", "pyqtgraph", "pandas", "h5py", "zarr")


@pytest.mark.parametrize("module", ["_reader", "commands", "state.session"])
def test_slow_modules_are_imported_later(module):
    result = subprocess.run(
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
    assert result.stdout.strip() == "[]", result.stdout
