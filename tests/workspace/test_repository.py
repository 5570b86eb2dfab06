"""Every kind of folder that a person may open works or says what to do."""

import os
import subprocess

import pytest

from slop_qt.core.errors import ConfigurationError, WorkspaceError
from slop_qt.workspace.git import Git
from slop_qt.workspace.repository import Repository


def test_a_clean_repository_on_a_branch(repository, project, git):
    facts = repository.inspect()
    assert facts.root == project
    assert facts.head == git(project, "rev-parse", "HEAD")
    assert (facts.branch, facts.dirty) == ("main", ())


def test_a_detached_head_has_no_branch(repository, project, git):
    git(project, "checkout", "-q", "--detach")
    assert repository.inspect().branch is None


def test_every_changed_file_is_named(repository, project, git):
    (project / "a.py").write_text("a = 2\n")
    (project / "b.py").unlink()
    (project / "staged é.py").write_text("")
    git(project, "add", "staged é.py")
    (project / "new" / "deep").mkdir(parents=True)
    (project / "new" / "deep" / "one\ttab.py").write_text("")
    (project / "ignored").mkdir()
    (project / "ignored" / "x").write_text("")
    (project / "conductor").mkdir()
    (project / "conductor" / "tracks.md").write_text("")
    (project / "conductor.py").write_text("")
    everything = {"a.py", "b.py", "staged é.py", "new/deep/one\ttab.py", "conductor/tracks.md", "conductor.py"}
    assert set(repository.inspect().dirty) == everything
    assert set(repository.changed_files(but_conductor=True)) == everything - {"conductor/tracks.md"}


def test_a_missing_folder_a_file_and_a_folder_without_git_say_what_to_do(tmp_path):
    with pytest.raises(WorkspaceError, match="nowhere does not exist"):
        Repository(tmp_path / "nowhere").inspect()
    (tmp_path / "file").touch()
    with pytest.raises(WorkspaceError, match="file is not a folder"):
        Repository(tmp_path / "file").inspect()
    with pytest.raises(WorkspaceError, match="not a git repository") as caught:
        Repository(tmp_path).inspect()
    assert "git init" in caught.value.hint


def test_a_repository_without_a_commit_says_how_to_make_one(tmp_path, git):
    git(tmp_path, "init", "-q", "empty")
    with pytest.raises(WorkspaceError, match="no commit yet") as caught:
        Repository(tmp_path / "empty").inspect()
    assert "git commit" in caught.value.hint


def test_a_bare_repository_is_refused_as_one(tmp_path, project, git):
    git(tmp_path, "clone", "-q", "--bare", str(project), "bare.git")
    with pytest.raises(WorkspaceError, match="bare"):
        Repository(tmp_path / "bare.git").inspect()


def test_a_folder_inside_a_repository_names_the_top(project):
    (project / "sub").mkdir()
    with pytest.raises(WorkspaceError, match="lies inside the git repository") as caught:
        Repository(project / "sub").inspect()
    assert str(project) in caught.value.hint


def test_the_git_folder_itself_is_refused(project):
    with pytest.raises(WorkspaceError):
        Repository(project / ".git").inspect()


def test_a_linked_worktree_of_the_persons_own_works(tmp_path, project, git):
    git(project, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    facts = Repository(tmp_path / "linked").inspect()
    assert (facts.root, facts.branch) == (tmp_path / "linked", "other")


def test_a_repository_reached_by_a_symbolic_link_works(tmp_path, project):
    (tmp_path / "link").symlink_to(project)
    assert Repository(tmp_path / "link").inspect().root == project


def test_a_repository_with_submodules_works(tmp_path, project, git):
    git(tmp_path, "clone", "-q", str(project), "library")
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "library"), "lib")
    git(project, "commit", "-q", "-m", "Library")
    (project / "lib" / "a.py").write_text("changed inside\n")
    assert Repository(project).inspect().dirty == ()


def test_a_branch_called_like_an_option_is_a_name(project, git):
    git(project, "update-ref", "refs/heads/--upload-pack=x", "HEAD")
    git(project, "symbolic-ref", "HEAD", "refs/heads/--upload-pack=x")
    assert Repository(project).inspect().branch == "--upload-pack=x"


def test_git_that_is_missing_says_how_to_get_it(project, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="not found") as caught:
        Repository(project).inspect()
    assert "install" in caught.value.hint.lower()


def test_git_that_is_too_old_says_which_is_needed(project, tmp_path, monkeypatch):
    old = tmp_path / "bin" / "git"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho git version 2.30.1\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ConfigurationError, match=r"2\.30\.1 is too old: git 2\.38"):
        Repository(project).inspect()


def test_git_variables_of_the_environment_do_not_lead_elsewhere(project, tmp_path, git, monkeypatch):
    git(tmp_path, "init", "-q", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "nowhere"))
    facts = Repository(project).inspect()
    assert facts.branch == "main"


def test_a_failure_has_gits_own_words(repository):
    with pytest.raises(WorkspaceError, match=r"git rev-parse failed in .*Needed a single revision"):
        repository.git.run("rev-parse", "--verify", "nowhere")


def test_a_folder_of_another_user_has_a_hint(project):
    git = Git(project, environment={**os.environ, "GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    with pytest.raises(WorkspaceError, match="dubious ownership") as caught:
        git.run("status")
    assert "safe.directory" in caught.value.hint


def test_names_without_identity_commit_as_the_application(repository, project, person):
    assert repository.identity == ()
    (person / ".gitconfig").write_text("[user]\n\tname = Ada\n")
    assert "slop_qt@localhost" in " ".join(Repository(project).identity)
    subprocess.run(["git", "config", "user.email", "ada@here"], cwd=project, check=True)
    assert Repository(project).identity == ()
