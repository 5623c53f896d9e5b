"""Fuzzes the parser of spx; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("spx")
