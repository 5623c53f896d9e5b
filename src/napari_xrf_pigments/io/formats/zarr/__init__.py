"""Zarr and OME-Zarr scans."""
