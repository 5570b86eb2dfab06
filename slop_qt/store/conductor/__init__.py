"""A project's `conductor/` folder: read in every form, written in one, watched, and linted."""
