"""Fuzzes the parser of pdz; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("pdz")
