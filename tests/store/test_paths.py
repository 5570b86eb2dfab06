"""Where data lies: apart by project, private, never in the project."""

from pathlib import Path

import pytest

from slop_qt.core.errors import ConfigurationError
from slop_qt.store.paths import ProjectPaths, default_data_dir, default_settings_path


def test_each_project_has_folders_of_its_own_that_only_the_person_can_read(tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "project", tmp_path / "b" / "project"
    for project in (first, second):
        project.mkdir(parents=True)
    data = tmp_path / "data"
    paths = ProjectPaths.create(data, first)
    other = ProjectPaths.create(data, second)
    assert paths.root != other.root
    assert paths.root.parent == data / "projects"
    assert paths.root.name.startswith("project-")
    assert len(paths.root.name) == len("project-") + 12
    for folder in (data, data / "projects", paths.root, paths.worktrees, paths.logs):
        assert folder.stat().st_mode & 0o777 == 0o700
    for path in (paths.journal, paths.worktrees, paths.logs, paths.lock):
        assert path.parent == paths.root
    assert paths.journal.name == "journal.sqlite3"
    assert ProjectPaths.create(data, first) == paths


def test_a_project_reached_by_a_link_is_the_same_project(tmp_path: Path) -> None:
    project, link = tmp_path / "project", tmp_path / "link"
    project.mkdir()
    link.symlink_to(project)
    assert ProjectPaths.create(tmp_path / "data", link) == ProjectPaths.create(tmp_path / "data", project)


@pytest.mark.parametrize("name", ["with space & ünïcode", "…", "x" * 200, "-rf", "a\nb"])
def test_odd_names_become_folders(tmp_path: Path, name: str) -> None:
    project = tmp_path / name
    project.mkdir()
    paths = ProjectPaths.create(tmp_path / "data", project)
    assert paths.worktrees.is_dir()
    assert paths.root.name.isascii()
    assert len(paths.root.name) <= 60


@pytest.mark.parametrize("inside", [".", "data", "deep/er"])
def test_a_data_directory_in_the_project_is_refused_and_not_created(tmp_path: Path, inside: str) -> None:
    project, link = tmp_path / "project", tmp_path / "link"
    project.mkdir()
    link.symlink_to(project)
    for data in (project / inside, link / inside):
        with pytest.raises(ConfigurationError, match="lies in the project") as caught:
            ProjectPaths.create(data, project)
        assert "--data-dir" in caught.value.hint
    assert list(project.iterdir()) == []


def test_a_data_directory_that_cannot_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be used") as caught:
        ProjectPaths.create(tmp_path / "file" / "data", project)
    assert "--data-dir" in caught.value.hint


def test_the_defaults_follow_the_platforms_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert default_data_dir() == tmp_path / "data" / "slop-qt"
    assert default_settings_path() == tmp_path / "config" / "slop-qt" / "settings.toml"
    assert not (tmp_path / "data").exists()
