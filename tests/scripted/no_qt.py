"""A pytest plugin (`-p no_qt`): an interpreter where Qt, and whatever brings it along, is not installed."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["ABSENT"]

ABSENT = ("PySide6", "shiboken6", "qasync", "pytestqt")


class _Absent(MetaPathFinder):
    """Is asked first, and says of these modules that there are none."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}: this interpreter is one without Qt", name=name)
        return None


# No work at import time is the rule; a plugin that comes after the first import would come too late.
_loaded = sorted(name for name in sys.modules if name.partition(".")[0] in ABSENT)
if _loaded:
    raise RuntimeError(f"Qt is there already: {', '.join(_loaded)}")
sys.meta_path.insert(0, _Absent())
