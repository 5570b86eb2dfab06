"""What a child process may know of this one's environment: a short list, never a key."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

__all__ = ["command_environment", "git_environment"]

_ALLOWED = frozenset({"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER", "XDG_CACHE_HOME"})
_ALLOWED_TO_GIT = frozenset({"HOME", "LOGNAME", "PATH", "TMPDIR", "USER", "XDG_CONFIG_HOME"})


def command_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """For commands: `python` is the running interpreter, and nothing waits for a terminal."""
    kept = {name: value for name, value in parent.items() if name in _ALLOWED or name.startswith("LC_")}
    own = str(Path(sys.executable).parent)
    others = [folder for folder in kept.get("PATH", os.defpath).split(os.pathsep) if folder not in {own, ""}]
    return kept | {"PATH": os.pathsep.join([own, *others]), "PYTHONDONTWRITEBYTECODE": "1", "TERM": "dumb"}


def git_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """For our own git: no GIT_* of the parent's, English, no questions, no editor, no network."""
    kept = {name: value for name, value in parent.items() if name in _ALLOWED_TO_GIT}
    return (
        {"PATH": os.defpath}
        | kept
        | {
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_EDITOR": ":",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }
    )
