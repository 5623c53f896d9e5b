"""Comparison of two maps: linked views, swipe and pair plot."""
