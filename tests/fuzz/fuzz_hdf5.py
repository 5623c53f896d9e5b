"""Fuzzes the parser of hdf5; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("hdf5")
