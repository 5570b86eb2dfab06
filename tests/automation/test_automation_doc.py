"""docs/automation.md says what the application does, and its examples work."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from automation_doc import CTL_EXAMPLE, FILE, METHODS, PYTHON_EXAMPLE, rendered
from simulation_support import Project, finish, ticket, turn, write_file

sys.path.insert(0, str(Path(__file__).parents[1] / "simulations"))

from staying import staying

from slop_qt.automation.protocol import ErrorCode


def test_the_document_is_what_the_commands_are_now() -> None:
    assert FILE.read_text(encoding="utf-8") == rendered(), "docs/automation.md is out of date. Write it anew: make docs"


def test_every_method_error_and_example_of_the_protocol_is_in_it() -> None:
    text = FILE.read_text(encoding="utf-8")
    for method in METHODS:
        assert f"### `{method.name}`" in text
    for code in ErrorCode:
        assert f"| {int(code)} |" in text
    assert len(PYTHON_EXAMPLE.splitlines()) <= 12
    assert PYTHON_EXAMPLE in text and CTL_EXAMPLE in text


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one track of one ticket."""
    project = Project(tmp_path)
    project.track(ticket("T-001"))
    return project


def test_the_examples_work(project: Project) -> None:
    with staying("headless", project, turn(3, write_file("T-001"), finish(), ticket="T-001")) as client:
        environment = {
            **project.environment,
            "SLOP_QT_SOCKET": str(project.socket),
            "PYTHONPATH": str(FILE.parents[1]),
        }

        def run(*command: str) -> str:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stderr
            return done.stdout

        assert run(sys.executable, "-c", PYTHON_EXAMPLE).startswith("done ")
        track = client.call("track.list")["tracks"][0]["id"]
        for line in CTL_EXAMPLE.replace("TRACK", track).splitlines():
            name, *arguments = shlex.split(line)
            assert name == "slop-qt"
            assert run(sys.executable, "-m", "slop_qt", *arguments).startswith("{")
        assert client.get_mma_status()["status"] == "running"
        client.call("run.cancel")
