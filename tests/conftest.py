"""Fixtures for all tests; this file must not need torch or Qt."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Shared and busy machines: how long an example takes says nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real scans, which cannot be given away with the source."""
    folder = os.environ.get("XRF_PIGMENTS_REAL_DATA")
    if not folder:
        pytest.skip("needs real scans: XRF_PIGMENTS_REAL_DATA names no folder")
    path = Path(folder)
    if not path.is_dir():
        pytest.skip(f"needs real scans: there is no folder {folder}")
    return path
