"""The Tracks panel and what its buttons and the Run menu do."""
