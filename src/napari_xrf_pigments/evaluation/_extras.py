"""Import of the optional packages of the independent simulator."""

from __future__ import annotations

import importlib
from typing import Any


def require(module: str) -> Any:
    """Import a module of the ``evaluate`` extra.

    Raises
    ------
    ImportError
        If the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise ImportError(
            f"The independent test set needs the package {package}: "
            "pip install 'napari-xrf-pigments[evaluate]'."
        ) from error
