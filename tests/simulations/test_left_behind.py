"""A simulation that fails leaves a picture, the journal and the logs, whoever holds the application at that moment."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

FAILING = """
import pytest
from hand_on_window import at_window
from simulation_support import Project, ticket


@pytest.fixture
def person(project: Project):
    project.track(ticket("T-001"), title="Walls")
    with at_window(project, "every_kind.toml") as person:
        yield person


def test_of_a_fixture(person):
    person.run_track("Walls")
    person.next_card()
    assert person.the_card() is None, "on purpose"


def test_by_itself(project):
    project.track(ticket("T-001"), title="Walls")
    with at_window(project, "every_kind.toml") as person:
        project.started[0].process.kill()
        project.started[0].process.wait()
        person.click("tracks.run")
"""
HERE = Path(__file__).parent


def failed_simulations(folder: Path) -> str:
    """Run them as a pytest of its own, with the conftest of these simulations. Returns what it reported."""
    (folder / "suite").mkdir()
    shutil.copy(HERE / "conftest.py", folder / "suite")
    (folder / "suite" / "test_failing.py").write_text(FAILING)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (HERE, HERE.parent, HERE.parents[1])))
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", os.devnull]
    command = [sys.executable, "-m", "pytest", *options, f"--basetemp={folder / 'tmp'}", str(folder / "suite")]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_a_failed_simulation_leaves_a_picture_the_journal_and_the_logs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    report = failed_simulations(tmp_path_factory.mktemp("left"))  # not tmp_path: a socket's path has 107 bytes at most
    assert "2 failed" in report, report
    assert "on purpose" in report
    folders = [Path(found) for found in re.findall(r"(?m)^(/.*/left-behind)$", report)]
    by_fixture, by_itself = sorted(set(folders), key=lambda folder: "by_itself" in str(folder))

    (picture,) = by_fixture.glob("screen-*.png")
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    (why,) = by_itself.glob("screen-*.txt")
    assert why.read_text().startswith("There is no picture: No application answers at ")

    for folder in (by_fixture, by_itself):
        (journal,) = folder.glob("project-*/journal.sqlite3")
        with closing(sqlite3.connect(journal)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM events").fetchone()
        lines = (journal.parent / "journal.txt").read_text().splitlines()
        assert len(lines) == count
        assert (journal.parent / "logs" / "slop-qt.log").is_file()
        assert list(folder.glob("stderr-*.txt")) and list(folder.glob("stdout-*.txt"))
        if folder is by_fixture:
            assert re.match(r"\d+ \S+Z run_started \S+ \{.*\}$", lines[0])
            assert any(" approval_requested " in line and '"kind": "spawn"' in line for line in lines)
