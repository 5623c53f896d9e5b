"""Test that importing the package is cheap and that its public names exist."""

from __future__ import annotations

import subprocess
import sys

import pytest

import napari_xrf_pigments

HEAVY = ("torch", "numpy", "dask", "xraylib", "matplotlib", "qtpy", "napari", "PyQt6")


def modules_after(statement: str) -> set[str]:
    """Return the names of the modules that a new interpreter has imported after a statement."""
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import napari_xrf_pigments",
        "import napari_xrf_pigments; napari_xrf_pigments.__version__; dir(napari_xrf_pigments)",
        "import napari_xrf_pigments.cli",
        "from napari_xrf_pigments.cli import main; main(['map', '--help'])",
    ],
)
def test_importing_the_package_imports_no_heavy_dependency(statement):
    assert not modules_after(statement).intersection(HEAVY)


def test_the_data_model_imports_neither_torch_nor_qt():
    loaded = modules_after("from napari_xrf_pigments import XRFCube, EnergyAxis, Acquisition")
    assert not loaded.intersection({"torch", "qtpy", "napari"})


def test_the_core_never_imports_qt():
    names = ", ".join(napari_xrf_pigments.__all__)
    loaded = modules_after(f"from napari_xrf_pigments import {names}")
    assert not loaded.intersection({"qtpy", "napari", "magicgui", "superqt", "pyqtgraph"})


@pytest.mark.parametrize("name", napari_xrf_pigments.__all__)
def test_every_public_name_can_be_imported(name):
    thing = getattr(napari_xrf_pigments, name)
    assert callable(thing)
    assert thing.__doc__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="open_sesame"):
        _ = napari_xrf_pigments.open_sesame


def test_the_version_is_the_installed_one():
    assert napari_xrf_pigments.__version__.split(".")[0].isdigit()
