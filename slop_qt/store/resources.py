"""Finds what ships beside the code, by the same call from a checkout and from an installed wheel."""

from pathlib import Path

import slop_qt
from slop_qt.core.errors import ConfigurationError

__all__ = ["resource_path"]


def resource_path(*parts: str) -> Path:
    """The path of a file or folder in `resources/`.

    Raises:
        ConfigurationError: it is not there.
    """
    package = Path(slop_qt.__file__).parent
    installed = package / "_resources"  # where the wheel has it: pyproject.toml, force-include
    root = installed if installed.is_dir() else package.parent / "resources"
    path = root.joinpath(*parts)
    if not path.exists():
        raise ConfigurationError(f"A part of slop_qt is missing: {path}.", "Install slop_qt again.")
    return path
