"""Where threads and asyncio meet Qt: pool and runnables, event bridge, Qt models, socket server, theme.

PySide replaces Python's import by one of its own, which reads the source of every module that is imported from then on,
for a switch that nothing here uses: a tenth of the time that the imports of a start take, and 46 MB once three SDKs are
there. So Python's own is put back, here, before anything else of this layer is imported.
"""

import builtins
import importlib

importlib.import_module("PySide6.QtCore")  # which replaces it
builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
