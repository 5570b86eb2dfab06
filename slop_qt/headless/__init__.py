"""A run without a window: the same program less the views, on a QCoreApplication."""
