"""Fuzzes the parser of pdz25; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("pdz25")
