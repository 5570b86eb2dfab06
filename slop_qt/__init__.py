"""slop_qt: a desktop cockpit for AI coding in four tiers."""

__all__ = ["__version__"]

__version__ = "0.1.0"
