"""Fuzzes the parser of envi; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("envi")
