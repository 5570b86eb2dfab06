"""Two projects of one person: whatever is done in the one, nothing of it shows in the other."""

from pathlib import Path

import pytest
from hand_on_window import Person, at_window
from simulation_support import Project, ticket

SCENARIO = "two_projects.toml"


@pytest.fixture
def projects(tmp_path: Path) -> tuple[Project, Project]:
    """The cellar and the pergola: two repositories, whose folders have the same name, and one data directory."""
    both = []
    for name in ("cellar", "pergola"):
        home = tmp_path / f"at-{len(both)}"
        home.mkdir()
        project = Project(home, {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")})
        project.track(ticket(name, title=f"Make the {name}"), title=f"The {name}")
        both.append(project)
    return both[0], both[1]


def check_that_it_knows(person: Person, own: str, other: str) -> None:
    """Nothing that it shows or says is of the other project."""
    words = person.everything()
    assert f"The {own}" in words
    lines = [line for line in words.splitlines() if other in line]
    assert lines == []


def test_of_two_projects_one_after_the_other_each_shows_its_own(projects: tuple[Project, Project]) -> None:
    cellar, pergola = projects
    with at_window(cellar, SCENARIO) as person:
        person.run_track("The cellar", mode="Auto")
        assert person.client.wait_run()["status"] == "done"
        check_that_it_knows(person, "cellar", "pergola")
    with at_window(pergola, SCENARIO) as person:
        person.see("tracks.run")
        assert person.client.call("run.list")["runs"] == []
        assert person.client.get_mma_status()["run_id"] is None
        check_that_it_knows(person, "pergola", "cellar")
        person.run_track("The pergola", mode="Ask")
        person.approve(person.next_card())
        person.next_card()  # which waits when the window is closed
    with at_window(cellar, SCENARIO) as person:
        person.apply()
        assert person.the_card() is None
        (run,) = person.client.call("run.list")["runs"]
        assert run["title"] == "The cellar"
        check_that_it_knows(person, "cellar", "pergola")
    assert cellar.git("show", "main:cellar.txt") == "cool"
    assert pergola.git("log", "--format=%s", "main") == "Write README.md"


def test_two_projects_at_once_have_a_queue_and_a_run_each(projects: tuple[Project, Project]) -> None:
    cellar, pergola = projects
    with at_window(cellar, SCENARIO) as left, at_window(pergola, SCENARIO) as right:
        left.run_track("The cellar")
        right.run_track("The pergola")
        first, other = left.next_card(), right.next_card()
        assert (first.title, first.queue) == ("Start a worker on cellar: Make the cellar", 1)
        assert (other.title, other.queue) == ("Start a worker on pergola: Make the pergola", 1)
        for _ in range(3):
            left.approve(left.next_card())
        assert left.client.wait_run()["status"] == "done"
        assert right.the_card() == other, "a decision in the one window has decided something in the other"
        right.reject(other, "Not now.")
        assert [each["status"] for each in right.client.wait_run()["tickets"]] == ["skipped"]
        for person, own, theirs in ((left, "cellar", "pergola"), (right, "pergola", "cellar")):
            check_that_it_knows(person, own, theirs)
            assert {event["approval"]["payload"].get("path", own) for event in person.history("approval_resolved")} <= {
                own,
                f"{own}.txt",
            }
        left.apply()
    assert "cellar.txt" in cellar.git("ls-files") and "pergola.txt" not in pergola.git("ls-files")
