"""Models' APIs behind one small Protocol; each vendor is one module."""
