"""One process per project: a real second process learns of the first."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from slop_qt.core.errors import ConfigurationError
from slop_qt.store.process_lock import ProcessLock

_TRY = """
import sys
from pathlib import Path
from slop_qt.core.errors import ConfigurationError
from slop_qt.store.process_lock import ProcessLock
try:
    ProcessLock(Path(sys.argv[1])).acquire()
except ConfigurationError as error:
    print(error)
else:
    print("acquired")
"""
_HOLD = """
import sys
from pathlib import Path
from slop_qt.store.process_lock import ProcessLock
lock = ProcessLock(Path(sys.argv[1]))
lock.acquire()
lock.set_socket(Path("/run/a.sock"))
print("holding", flush=True)
sys.stdin.read()
"""


def try_elsewhere(path: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", _TRY, str(path)], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_second_process_is_told_the_firsts_pid_and_socket(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with ProcessLock(path) as lock:
        assert f"process {os.getpid()}, without an automation socket" in try_elsewhere(path)
        lock.set_socket(tmp_path / "a-rather-long-name.sock")
        assert f"process {os.getpid()}, automation socket {tmp_path}/a-rather-long-name.sock" in try_elsewhere(path)
        lock.set_socket(tmp_path / "b.sock")
        assert json.loads(path.read_text()) == {"pid": os.getpid(), "socket": str(tmp_path / "b.sock")}
    assert try_elsewhere(path) == "acquired"


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        with pytest.raises(ConfigurationError, match=rf"process {holder.pid}, automation socket /run/a\.sock"):
            ProcessLock(path).acquire()
        holder.kill()
    with ProcessLock(path):
        assert json.loads(path.read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xff", b'{"pid": "x"}'])
def test_a_holder_that_says_nothing_readable_is_still_a_holder(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lock"
    with ProcessLock(path):
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match="another process"):
            ProcessLock(path).acquire()


def test_a_link_in_the_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        ProcessLock(tmp_path / "lock").acquire()
    assert target.read_text() == "precious"


def test_releasing_twice_is_harmless(tmp_path: Path) -> None:
    lock = ProcessLock(tmp_path / "lock")
    lock.acquire()
    lock.release()
    lock.release()
    with ProcessLock(tmp_path / "lock"):
        pass
