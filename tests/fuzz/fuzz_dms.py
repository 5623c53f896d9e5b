"""Fuzzes the parser of dms; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("dms")
