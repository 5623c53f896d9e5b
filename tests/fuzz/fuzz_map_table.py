"""Fuzzes the parser of map_table; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("map_table")
