"""Fuzzes the parser of rpl; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("rpl")
