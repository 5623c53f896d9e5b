"""Geometry of scans: registration, stitching and row alignment."""
