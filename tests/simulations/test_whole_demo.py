"""The demo as `make demo` runs it where there is no display: from the epic to a project whose own tests pass."""

import os
import subprocess
import sys

from simulation_support import processes_in


def test_the_demo_leaves_a_repository_with_the_merged_work_whose_own_tests_pass(project):
    folder = project.home / "demo"
    result = project.slop("demo", "--headless", "--into", folder, fresh=True)
    assert (result.code, result.err) == (0, "")
    assert "Attempt 1 failed its verification; Tier 4 looks at it." in result.out
    assert "All 7 tickets are done." in result.out
    assert result.out.rstrip().endswith(f"The sample's own tests in {folder}: OK")

    assert project.git("branch", "--show-current", folder=folder) == "main"
    assert project.git("status", "--porcelain", folder=folder) == ""
    assert project.git("worktree", "list", folder=folder).count("\n") == 0
    merges = project.git("log", "--merges", "--format=%s", folder=folder).splitlines()
    assert len(merges) == 8 and merges[0].startswith("Merge slop_qt run ")

    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    own = subprocess.run(pytest, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert own.returncode == 0, own.stdout
    assert processes_in(project.home) == []


def test_a_demo_whose_tickets_fail_exits_1_and_leaves_main_alone(project):
    folder = project.home / "demo"
    scenario = project.scenario({"tier": 1, "fault": {"kind": "auth"}})
    result = project.slop("demo", "--headless", "--into", folder, "--scenario", scenario)
    assert result.code == 1
    assert "Tier 1 gave no answer that can be used: The provider refused the key (401)" in result.err
    assert project.git("log", "--format=%s", folder=folder) == "Start the pocketbook ledger"
