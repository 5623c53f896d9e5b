"""Fuzzes the parser of npy; see harness.py."""

from harness import main

if __name__ == "__main__":
    main("npy")
