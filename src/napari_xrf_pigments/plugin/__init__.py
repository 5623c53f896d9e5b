"""The napari plugin, the only package that imports napari and Qt.

``state`` holds scans, results and selections and emits their changes, ``layers`` turns results into
layers and back, each feature has a folder with its dock, and ``widgets`` are shared by several of
them. Numerics belong in the core.
"""
