"""Fuzzes the parser of zarr; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("zarr")
