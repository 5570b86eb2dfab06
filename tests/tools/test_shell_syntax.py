"""Whether the shell can read a line: asked of the real one, which runs nothing."""

import os
from pathlib import Path

import pytest

from slop_qt.tools.shell_syntax import shell_problem
from slop_qt.workspace.processes import PosixCommandRunner

RUNNER = PosixCommandRunner(os.environ)


@pytest.mark.parametrize(
    "line",
    [
        "python -m pytest -q tests/test_a.py",
        "test -f a.txt && ! grep -q wrong a.txt",
        "no-such-program --now",
        "-x",
        "a=$(cat b); test \"$a\" = 'c d'",
        "for each in a b; do\n  test -f $each\ndone",
    ],
)
async def test_a_line_that_can_be_read_has_no_problem(root: Path, line: str) -> None:
    assert await shell_problem(line, RUNNER, root) is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("test -f 'a.txt", "nterminated|unexpected EOF"),
        ("if true", "unexpected|syntax error"),
        ("pytest &&", "end of file"),
        ("true ; ; true", "unexpected|syntax error"),
        ("  \n", "empty"),
        ("grep a\0b c", "NUL"),
        ("true " * 10_000, "50,000 characters"),
    ],
)
async def test_a_line_that_cannot_be_read_is_told_why(root: Path, line: str, said: str) -> None:
    problem = await shell_problem(line, RUNNER, root)
    assert problem is not None and any(word in problem for word in said.split("|"))
    assert "/bin/sh:" not in problem and "\n" not in problem


@pytest.mark.parametrize("line", ["touch ran", "$(touch ran)", "`touch ran`", "f() { touch ran; }; f", ": > ran"])
async def test_nothing_is_run(root: Path, line: str) -> None:
    assert await shell_problem(line, RUNNER, root) is None
    assert not (root / "ran").exists()


async def test_where_no_shell_can_be_asked_nothing_is_refused(root: Path) -> None:
    assert await shell_problem("if", RUNNER, root / "gone") is None
