"""Where the application keeps what it knows: never in the project."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from slop_qt.core.errors import ConfigurationError
from slop_qt.store.files import make_private_folder

__all__ = ["ProjectPaths", "default_data_dir", "default_settings_path"]

_APPLICATION = "slop-qt"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LENGTH = 40


def default_data_dir() -> Path:
    """The data directory of this user: journals, worktrees and logs of all projects. Nothing is created."""
    return platformdirs.user_data_path(_APPLICATION, appauthor=False)


def default_settings_path() -> Path:
    """The person's own settings file (TOML); it need not exist."""
    return platformdirs.user_config_path(_APPLICATION, appauthor=False) / "settings.toml"


@dataclass(frozen=True, slots=True)
class ProjectPaths:
    """Where one project's data lies: a folder named for the project and for its real path."""

    project: Path
    root: Path

    @classmethod
    def of(cls, data_dir: Path, project: Path) -> "ProjectPaths":
        """The paths for a project, whether anything is there or not: nothing is created.

        Raises:
            ConfigurationError: data_dir lies in the project.
        """
        project, data_dir = project.resolve(), data_dir.resolve()
        if data_dir.is_relative_to(project):
            raise ConfigurationError(
                f"The data directory {data_dir} lies in the project {project}.",
                "Choose one outside the project with --data-dir.",
            )
        digest = hashlib.sha256(os.fsencode(project)).hexdigest()[:12]
        name = _UNSAFE.sub("_", project.name)[:_NAME_LENGTH] or "root"
        return cls(project, data_dir / "projects" / f"{name}-{digest}")

    @classmethod
    def create(cls, data_dir: Path, project: Path) -> "ProjectPaths":
        """The paths for a project, their folders created for this user alone.

        Raises:
            ConfigurationError: data_dir lies in the project, or cannot be written to.
        """
        paths = cls.of(data_dir, project)
        try:
            for folder in (paths.root, paths.worktrees, paths.logs):
                make_private_folder(folder)
                folder.chmod(0o700)
        except OSError as error:
            raise ConfigurationError(
                f"The data directory {data_dir.resolve()} cannot be used: {error}.",
                "Choose another one with --data-dir.",
            ) from error
        return paths

    @property
    def journal(self) -> Path:
        """The record of every event."""
        return self.root / "journal.sqlite3"

    @property
    def context_choices(self) -> Path:
        """What the person wants in the context of agents."""
        return self.root / "context-choices.json"

    @property
    def token_calibration(self) -> Path:
        """What was learnt about models' tokens: the same file for all projects."""
        return self.root.parent.parent / "token-calibration.json"

    @property
    def worktrees(self) -> Path:
        """The folder of the tickets' worktrees."""
        return self.root / "worktrees"

    @property
    def drafts(self) -> Path:
        """The folder of unsaved edits."""
        return self.root / "drafts"

    @property
    def logs(self) -> Path:
        """The folder of the log files."""
        return self.root / "logs"

    @property
    def answers(self) -> Path:
        """The folder of planning answers that could not be used; made with the first of them."""
        return self.root / "answers"

    @property
    def lock(self) -> Path:
        """The file that one process holds."""
        return self.root / "lock"
