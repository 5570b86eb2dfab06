"""Nothing outside the folder is read or written, whatever it is called."""

import contextlib
import os
import socket
import stat
import threading
import time
from pathlib import Path

import pytest

from slop_qt.core.errors import ToolError
from slop_qt.tools.confined import Confined, Entry

LIMIT = 1 << 20


@pytest.fixture
def confined(root: Path) -> Confined:
    (root / "src").mkdir()
    (root / "src" / "a.py").write_text("a = 1\n")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("[core]\n")
    (root.parent / "secret").write_text("secret")
    return Confined(root)


@pytest.mark.parametrize("path", ["src/a.py", "./src//a.py", "src/../src/a.py"])
def test_a_file_beneath_the_root_is_read(confined, path):
    found = confined.read(path, LIMIT)
    assert (found.data, found.size) == (b"a = 1\n", 6)


def test_only_so_many_bytes_are_read(confined):
    found = confined.read("src/a.py", 3)
    assert (found.data, found.size) == (b"a =", 6)


@pytest.mark.parametrize(
    "path",
    ["../secret", "src/../../secret", "/etc/passwd", "~/x", "..", "src\\a.py", "a\0b", "", " ", "a\u202eb", "a\nb",
     "/proc/self/root/etc/passwd"],
)  # fmt: skip
@pytest.mark.parametrize("action", ["read", "write", "entries", "resolve"])
def test_a_path_that_leaves_or_is_no_path_is_refused(confined, root, path, action):
    with pytest.raises(ToolError):
        act(confined, action, path)
    assert (root.parent / "secret").read_text() == "secret"


@pytest.mark.parametrize(
    "path",
    [".git/config", ".GIT/config", ".Git", "src/.git/config", ".g\u0131t/../.git/config", "GIT~1/config",
     ".git./config", ".git /config", ".git::$INDEX_ALLOCATION/config", "\uff0egit/config"],
)  # fmt: skip
@pytest.mark.parametrize("action", ["read", "write"])
def test_git_is_nobodys_to_touch_in_any_spelling(confined, root, path, action):
    with pytest.raises(ToolError):
        act(confined, action, path)
    assert (root / ".git" / "config").read_text() == "[core]\n"
    assert not (root / "src" / ".git").exists()


@pytest.mark.parametrize("path", ["conductor/plan.md", "Conductor/plan.md", "src/../conductor/plan.md", "conductor"])
def test_the_plan_is_read_but_not_written(confined, root, path):
    (root / "conductor").mkdir()
    (root / "conductor" / "plan.md").write_text("plan")
    with pytest.raises(ToolError, match="conductor"):
        confined.write(path, b"mine")
    assert confined.read("conductor/plan.md", LIMIT).data == b"plan"


def test_a_folder_called_conductor_further_down_is_an_ordinary_one(confined, root):
    confined.write("src/conductor/a.py", b"x")
    assert (root / "src" / "conductor" / "a.py").read_bytes() == b"x"


@pytest.mark.parametrize("target", ["../secret", "/etc/passwd", "../../secret", "src/../../secret"])
@pytest.mark.parametrize("action", ["read", "write"])
def test_a_symbolic_link_out_is_refused(confined, root, target, action):
    (root / "link").symlink_to(target)
    with pytest.raises(ToolError):
        act(confined, action, "link")
    assert (root.parent / "secret").read_text() == "secret"


@pytest.mark.parametrize("action", ["read", "write", "entries"])
def test_a_linked_folder_outside_is_refused(confined, root, action):
    (root / "out").symlink_to(root.parent, target_is_directory=True)
    with pytest.raises(ToolError):
        act(confined, action, "out" if action == "entries" else "out/secret")
    assert (root.parent / "secret").read_text() == "secret"


def test_a_link_that_stays_inside_is_read_through_but_not_written_through(confined, root):
    (root / "src" / "up").symlink_to("../src/a.py")
    (root / "folder").symlink_to("src")
    assert confined.read("src/up", LIMIT).data == b"a = 1\n"
    assert confined.read("folder/a.py", LIMIT).data == b"a = 1\n"
    assert confined.resolve("folder/up") == "src/a.py"
    for path in ("src/up", "folder/a.py"):
        with pytest.raises(ToolError, match="symbolic link"):
            confined.write(path, b"x")
    assert (root / "src" / "a.py").read_text() == "a = 1\n"


def test_a_link_into_git_is_refused_by_where_it_leads(confined, root):
    (root / "innocent").symlink_to(".git")
    with pytest.raises(ToolError, match="git"):
        confined.read("innocent/config", LIMIT)


def test_links_in_a_circle_end(confined, root):
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(ToolError):
        confined.read("a", LIMIT)


def test_pipes_sockets_and_devices_are_refused_without_waiting(confined, root):
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        cwd = Path.cwd()
        os.chdir(root)
        try:
            server.bind("sock")
        finally:
            os.chdir(cwd)
        for name in ("pipe", "sock"):
            for action in ("read", "write"):
                with pytest.raises(ToolError, match="pipe, socket or device"):
                    act(confined, action, name)
    assert stat.S_ISFIFO((root / "pipe").stat().st_mode)


def test_a_folder_is_no_file_and_a_file_no_folder(confined):
    with pytest.raises(ToolError, match="directory"):
        confined.read("src", LIMIT)
    with pytest.raises(ToolError, match="directory"):
        confined.write("src", b"")
    with pytest.raises(ToolError, match="directory"):
        confined.write(".", b"")
    with pytest.raises(ToolError, match="not a directory"):
        confined.entries("src/a.py")
    with pytest.raises(ToolError, match="not a directory"):
        confined.write("src/a.py/b", b"")


def test_what_is_not_there_is_named(confined):
    with pytest.raises(ToolError, match=r"no src/b\.py"):
        confined.read("src/b.py", LIMIT)
    assert confined.read_if_there("src/b.py", LIMIT) is None
    assert confined.read_if_there("no/such/b.py", LIMIT) is None


def test_writing_makes_parents_and_keeps_permissions(confined, root):
    confined.write("new/deep/a.py", b"x")
    assert (root / "new" / "deep" / "a.py").read_bytes() == b"x"
    (root / "run.sh").write_text("old")
    (root / "run.sh").chmod(0o755)
    confined.write("run.sh", b"new")
    assert stat.S_IMODE((root / "run.sh").stat().st_mode) == 0o755
    assert (root / "run.sh").read_bytes() == b"new"
    assert sorted(path.name for path in root.iterdir()) == [".git", "new", "run.sh", "src"]


def test_a_hard_link_to_a_file_outside_is_cut_and_not_written_through(confined, root):
    os.link(root.parent / "secret", root / "same")
    confined.write("same", b"mine")
    assert (root.parent / "secret").read_text() == "secret"
    assert (root / "same").read_bytes() == b"mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_an_error_in_words(confined, root):
    (root / "src").chmod(0o500)
    try:
        with pytest.raises(ToolError, match="Permission denied"):
            confined.write("src/b.py", b"")
    finally:
        (root / "src").chmod(0o700)


def test_a_listing_leaves_git_out_and_shows_where_links_point(confined, root):
    (root / "l").symlink_to("/etc/passwd")
    assert confined.entries(".") == [
        Entry("l", False, 11, "/etc/passwd"),
        Entry("src", True, confined_size(root), None),
    ]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_no_file_descriptor_is_left_open(confined):
    before = descriptors()
    for action, path in [("read", "src/a.py"), ("read", "../x"), ("write", "n/m"), ("read", "no"), ("entries", "src")]:
        with contextlib.suppress(ToolError):
            act(confined, action, path)
    assert descriptors() == before


def test_a_folder_swapped_for_a_link_meanwhile_leads_nowhere(confined, root):
    outside = root.parent / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("secret")
    swapping = threading.Event()

    def swap() -> None:
        while not swapping.is_set():
            (root / "src").rename(root / "kept")
            (root / "src").symlink_to(outside, target_is_directory=True)
            (root / "src").unlink()
            (root / "kept").rename(root / "src")

    thread = threading.Thread(target=swap)
    thread.start()
    found = set()
    try:
        tries, deadline = 0, time.monotonic() + 20
        while tries < 3000 or (not found and time.monotonic() < deadline):
            tries += 1
            with contextlib.suppress(ToolError):
                found.add(confined.read("src/a.py", LIMIT).data)
    finally:
        swapping.set()
        thread.join()
    assert found == {b"a = 1\n"}


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def confined_size(root: Path) -> int:
    return (root / "src").lstat().st_size


def act(confined: Confined, action: str, path: str) -> None:
    if action == "read":
        confined.read(path, LIMIT)
    elif action == "write":
        confined.write(path, b"x")
    elif action == "entries":
        confined.entries(path)
    else:
        confined.resolve(path)
