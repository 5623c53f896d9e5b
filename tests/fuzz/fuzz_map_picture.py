"""Fuzzes the parser of map_picture; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("map_picture")
