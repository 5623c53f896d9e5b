"""Fuzzes the parser of crono; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("crono")
