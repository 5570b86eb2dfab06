"""The demo: a sample project made into a git repository, and its scripted run without a window."""

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from slop_qt.core.approvals import Mode
from slop_qt.core.errors import UsageError
from slop_qt.core.settings import Rule
from slop_qt.headless.jobs import RunJob, run
from slop_qt.headless.main import run_headless
from slop_qt.headless.output import Output
from slop_qt.launch import LaunchOptions
from slop_qt.store.resources import resource_path
from slop_qt.workspace.repository import Repository

__all__ = [
    "Demo",
    "data_folder",
    "demo_folder",
    "demo_options",
    "load_demo",
    "make_project",
    "run_without_window",
]


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo asks for, and the rules under which it needs nobody."""

    epic: str
    rules: tuple[Rule, ...]
    scenario: Path


def load_demo() -> Demo:
    """The bundled demo."""
    content = tomllib.loads(resource_path("demo", "demo.toml").read_text(encoding="utf-8"))
    rules = tuple(Rule.model_validate(rule) for rule in content["rule"])
    return Demo(content["epic"].strip(), rules, resource_path("demo", "scenario.toml"))


@contextmanager
def demo_folder(into: Path | None) -> Iterator[Path]:
    """The folder for the sample project: DIR of --into, which stays, or a temporary one, which does not.

    Raises:
        UsageError: DIR is there and not empty.
    """
    if into is None:
        with tempfile.TemporaryDirectory(prefix="slop-qt-demo-") as folder:
            yield Path(folder) / "pocketbook"
        return
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UsageError(f"{into} is not an empty folder.", "Name one with --into that is empty or does not exist yet.")
    yield into


def make_project(folder: Path) -> None:
    """Copy the sample project and make it a git repository with one commit, on the branch main."""
    shutil.copytree(
        resource_path("demo", "project"),
        folder,
        dirs_exist_ok=True,
        ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"),
    )
    repository = Repository(folder)
    repository.git.run("init", "--quiet", "--initial-branch=main")
    repository.git.run("add", "--all")
    repository.git.run(*repository.identity, "commit", "--quiet", "--message", "Start the pocketbook ledger")


def data_folder() -> tempfile.TemporaryDirectory[str]:
    """A data directory that goes with the demo: nothing of it is the person's."""
    return tempfile.TemporaryDirectory(prefix="slop-qt-demo-data-", ignore_cleanup_errors=True)


def demo_options(options: LaunchOptions, demo: Demo) -> LaunchOptions:
    """The options with the demo's scenario, or another one, in place of any model.

    Raises:
        UsageError: another provider or model was asked for.
    """
    if options.provider not in {None, "scripted"} or options.model is not None or options.tiers:
        raise UsageError(
            "The demo's answers are scripted: it asks no other provider and no model.",
            "Leave out --provider, --model and --tier; with your own repository: slop-qt PATH --provider NAME.",
        )
    return replace(options, provider="scripted", scenario=options.scenario or demo.scenario)


def run_without_window(options: LaunchOptions, demo: Demo) -> int:
    """Plan, run and apply at full speed, and prove it with the sample's own tests. Returns the exit code.

    Edits pass, and the demo's own rules allow exactly what its scenario runs.
    """
    options = replace(options, mode=Mode.EDITS, rules=demo.rules, unpaced=True)
    output = Output(sys.stdout)
    job = run(RunJob(epic=demo.epic, apply=True), output.write)
    return run_headless(options, job, output=output) or _own_tests(options.project, output)


def _own_tests(folder: Path, output: Output) -> int:
    tests = subprocess.run(
        [sys.executable, "-m", "unittest"],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    last_words = (tests.stderr.strip().splitlines() or ["They said nothing."])[-1]
    output.write([f"The sample's own tests in {folder}: {last_words}"])
    return 0 if tests.returncode == 0 else 1
