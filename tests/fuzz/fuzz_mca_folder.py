"""Fuzzes the parser of mca_folder; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("mca_folder")
