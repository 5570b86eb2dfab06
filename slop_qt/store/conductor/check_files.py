"""What in a conductor/ folder is no file or folder that can be read: links out, links to nothing, pipes, devices."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from slop_qt.core.errors import StoreError
from slop_qt.store.conductor.findings import ConductorFinding, reason_of
from slop_qt.store.conductor.places import ConductorPlaces

__all__ = ["strange_entries"]

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def strange_entries(places: ConductorPlaces) -> Iterator[ConductorFinding]:
    """Everything in the folder that is not a regular file or a folder. No symbolic link is followed to look further."""
    root = places.project / places.folder
    strange = list(_look_at(places, root))
    yield from strange
    if strange:
        return
    for above, folders, files in os.walk(root, onerror=None):
        for name in sorted((*folders, *files)):
            yield from _look_at(places, Path(above, name))


def _look_at(places: ConductorPlaces, path: Path) -> Iterator[ConductorFinding]:
    shown = str(path.relative_to(places.project))
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            if not places.inside(path).exists():
                yield ConductorFinding(shown, 1, "the symbolic link leads to nothing")
        elif stat.S_IFMT(mode) in _KINDS:
            yield ConductorFinding(shown, 1, f"it is {_KINDS[stat.S_IFMT(mode)]}, which is not read")
    except StoreError as error:
        yield ConductorFinding(shown, 1, f"the symbolic link is not followed: {reason_of(places, error)}")
    except OSError as error:
        yield ConductorFinding(shown, 1, f"it cannot be looked at: {error.strerror}")
