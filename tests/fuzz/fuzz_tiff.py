"""Fuzzes the parser of tiff; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("tiff")
