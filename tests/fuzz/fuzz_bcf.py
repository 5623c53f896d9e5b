"""Fuzzes the parser of bcf; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("bcf")
