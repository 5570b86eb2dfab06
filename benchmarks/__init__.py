"""Measures slop_qt against the goals of the design, as ratios taken in one run: `make bench`."""
