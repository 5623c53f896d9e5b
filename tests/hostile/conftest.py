"""Import the readers before memory is measured, so that it is not attributed to a file."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def readers() -> None:
    import dask.array  # noqa: F401
    import h5py  # noqa: F401
    import tifffile  # noqa: F401
    import zarr  # noqa: F401

    from napari_xrf_pigments.io import _registry as registry

    registry.readers()
