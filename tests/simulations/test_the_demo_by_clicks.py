"""The whole demo in its window, from outside and by clicks alone: from the first approval to Apply."""

import os
import subprocess
import sys

import tomlkit
from hand_on_window import seated
from simulation_support import Project

from slop_qt.headless.demo import load_demo


def test_the_demo_is_worked_by_clicks_from_the_first_approval_to_a_project_whose_tests_pass(project: Project) -> None:
    demo = tomlkit.parse(load_demo().scenario.read_text())
    demo["defaults"]["chunks_per_s"] = 0  # at full speed, to the character the same
    scenario = project.home / "demo.toml"
    scenario.write_text(tomlkit.dumps(demo))
    folder = project.home / "demo"
    arguments = ("--into", folder, "--data-dir", project.data, "--scenario", scenario)
    start = project.start("demo", *arguments, f"--automation={project.socket}")
    with start as application, seated(application) as person:
        person.read("window.banner.text", "It waits for your first decision, below.")
        first = person.next_card()
        assert (first.kind, first.who) == ("Start a worker", "Tier 3 Worker  ·  T-001")
        assert person.client.get_mma_status()["mma_streams"] == {}, "a worker started before anybody allowed it"
        person.approve(first)
        person.read("window.banner.text", "You decide about everything that has an effect.")
        for _ in range(4):  # a person tries some more before they let it go on
            person.approve(person.next_card())
        person.click("window.banner.action")
        person.read("window.banner.text", "The run has ended.")
        assert project.git("log", "--format=%s", folder=folder) == "Start the pocketbook ledger"
        person.apply()
        person.read("window.banner.text", "Applied: the work is on the branch main")
        decided = [event["approval"] for event in person.history("approval_resolved")]
        assert [each["by"] for each in decided[:5]] == ["user"] * 5
        assert {each["by"] for each in decided[5:]} == {"policy"}

    assert project.git("status", "--porcelain", folder=folder) == ""
    log = project.git("log", "--format=%s", folder=folder)
    assert log.startswith("chore(conductor): Mark track 'Finish the pocketbook ledger' as complete")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    tests = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    own = subprocess.run(tests, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert own.returncode == 0, own.stdout
