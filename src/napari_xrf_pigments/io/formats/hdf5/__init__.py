"""HDF5 scans: NeXus, MAPS, PyXRF, CRONO and plain datasets."""
