"""The scripted provider's own suite, in an interpreter without Qt."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITHOUT_QT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "QT_"))},
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "scripted")]),
}


def run_pytest(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """pytest as somebody without Qt runs it; what is kept between runs stays as it is."""
    command = [sys.executable, "-m", "pytest", "-p", "no_qt", "-p", "no:pytest-qt", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        cwd=ROOT,
        env=WITHOUT_QT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_scripted_providers_suite_passes_without_qt() -> None:
    done = run_pytest("-q", "tests/scripted")
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None and int(passed[1]) > 50, done.stdout
    assert not re.search(r"skipped|deselected|failed|error", done.stdout), done.stdout


def test_a_suite_that_needs_qt_would_not_pass(tmp_path: Path) -> None:
    modules = ("PySide6.QtCore", "qasync", "pytestqt", "shiboken6", "slop_qt.qt.lanes")
    for number, module in enumerate(modules):
        text = f"import {module}\n\n\ndef test_it() -> None:\n    assert {module}\n"
        (tmp_path / f"test_needs_qt_{number}.py").write_text(text)
    done = run_pytest("-q", "-c", ROOT / "pyproject.toml", "--rootdir", tmp_path, tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(re.findall("^ERROR .*test_needs_qt_", done.stdout, re.MULTILINE)) == len(modules), done.stdout
    assert done.stdout.count("this interpreter is one without Qt") >= len(modules), done.stdout
