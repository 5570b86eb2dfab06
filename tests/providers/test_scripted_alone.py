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


NEED_QT = ("PySide6.QtCore", "qasync", "pytestqt", "shiboken6", "slop_qt.qt.lanes")


def test_the_scripted_providers_suite_passes_without_qt_and_one_that_needs_it_does_not(tmp_path: Path) -> None:
    """Both in one run of pytest, as somebody without Qt starts it; what is kept between runs stays as it is."""
    for number, module in enumerate(NEED_QT):
        text = f"import {module}\n\n\ndef test_it() -> None:\n    assert {module}\n"
        (tmp_path / f"test_needs_qt_{number}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "no_qt", "-p", "no:pytest-qt", "-p", "no:cacheprovider", "-q"]
    options = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "--continue-on-collection-errors"]
    done = subprocess.run(
        [*command, *options, str(ROOT / "tests" / "scripted"), str(tmp_path)],
        cwd=ROOT,
        env=WITHOUT_QT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(re.findall("^ERROR ", done.stdout, re.MULTILINE)) == len(NEED_QT), done.stdout
    assert len(re.findall("^ERROR .*test_needs_qt_", done.stdout, re.MULTILINE)) == len(NEED_QT), done.stdout
    assert done.stdout.count("this interpreter is one without Qt") >= len(NEED_QT), done.stdout
    counted = re.search(rf"^(\d+) passed, {len(NEED_QT)} errors in ", done.stdout, re.MULTILINE)  # and nothing else
    assert counted is not None and int(counted[1]) > 50, done.stdout
