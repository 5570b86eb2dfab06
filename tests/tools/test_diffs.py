"""A diff that a person approves must be what happens."""

import subprocess
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from slop_qt.tools.diffs import unified_diff

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\x0c\r\n", "x\u2028y\n"]), max_size=25).flatmap(
    lambda lines: st.sampled_from(["", "end"]).map(lambda last: "".join(lines) + last)
)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_git_applies_the_diff_to_exactly_the_new_text(tmp_path_factory, old, new):
    folder = tmp_path_factory.mktemp("diff")
    (folder / "f").write_bytes(old.encode())
    diff = unified_diff("f", old, new)
    if old == new:
        assert diff == ""
        return
    subprocess.run(["git", "apply", "--unidiff-zero", "-"], cwd=folder, input=diff.encode(), check=True)
    # git removes a file that a diff empties only where the diff says so
    assert (folder / "f").read_bytes() == new.encode()


def test_a_new_file_comes_from_nowhere():
    assert unified_diff("a/b", None, "x\n") == "--- /dev/null\n+++ b/a/b\n@@ -0,0 +1 @@\n+x\n"


def test_a_new_empty_file_still_shows():
    assert unified_diff("a", None, "") == "--- /dev/null\n+++ b/a\n"


def test_a_missing_line_end_is_said():
    assert unified_diff("a", "x", "x\n").count("\\ No newline at end of file") == 1


def test_a_change_in_a_long_file_shows_only_its_surroundings():
    lines = [f"line {number}\n" for number in range(50_000)]
    changed = [*lines[:30_000], "new\n", *lines[30_000:]]
    diff = unified_diff("a", "".join(lines), "".join(changed))
    assert diff.count("\n") == 10
    assert "@@ -29998,6 +29998,7 @@" in diff


def test_two_long_texts_with_nothing_in_common_are_compared_at_once():
    old = "".join(f"{number % 7}\n" for number in range(60_000))
    new = "".join(f"{number % 5}!\n" for number in range(60_000))
    started = time.process_time()
    diff = unified_diff("a", old, new)
    assert time.process_time() - started < 5
    assert diff.count("\n") == 3 + 120_000
