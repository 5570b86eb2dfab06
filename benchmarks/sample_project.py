"""The repository that the benches open: small, since none of them measures git."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Folders", "folders"]


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a bench works: a git repository, a data directory, and a settings file that does not exist."""

    project: Path
    data: Path
    settings: Path


@contextmanager
def folders() -> Iterator[Folders]:
    """Fresh ones, which go with the bench."""
    with tempfile.TemporaryDirectory(prefix="slop-qt-bench-", ignore_cleanup_errors=True) as root:
        project = Path(root, "project")
        project.mkdir()
        (project / "README.md").write_text("# A project to measure on\n", encoding="utf-8")
        (project / ".gitignore").write_text("conductor/\n", encoding="utf-8")
        identity = ("-c", "user.name=bench", "-c", "user.email=bench@localhost")
        for command in (("init", "--quiet", "--initial-branch=main"), ("add", "--all"), ("commit", "-qm", "Begin")):
            subprocess.run(["git", *identity, *command], cwd=project, check=True)
        yield Folders(project, Path(root, "data"), Path(root, "settings.toml"))
