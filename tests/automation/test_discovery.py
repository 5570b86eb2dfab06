"""Where sockets and tokens lie, and who may lie there."""

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slop_qt.automation import discovery
from slop_qt.core.errors import ConfigurationError, ConflictError


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A runtime directory with a short name, as sockets need it."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def listening(path: Path) -> socket.socket:
    path.parent.mkdir(parents=True, exist_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()
    return server


def aged(path: Path, seconds: int) -> None:
    os.utime(path, (seconds, seconds))


def test_the_default_path_is_in_the_runtime_directory(runtime: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    assert discovery.default_socket_path(42, environ) == runtime / "slop-qt" / "42.sock"


@pytest.mark.parametrize("environ", [{}, {"XDG_RUNTIME_DIR": ""}, {"XDG_RUNTIME_DIR": "relative"}])
def test_without_one_it_is_in_a_folder_of_this_user(environ: dict[str, str]) -> None:
    path = discovery.default_socket_path(42, environ)
    assert path == Path(tempfile.gettempdir()) / f"slop-qt-{os.getuid()}" / "42.sock"


def test_the_default_folder_is_made_for_this_user_alone(runtime: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    path = discovery.default_socket_path(42, environ)
    path.parent.mkdir(mode=0o755)
    path.parent.chmod(0o755)
    discovery.prepare_socket_path(path, environ)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_missing_folder_is_made_for_this_user_alone(runtime: Path) -> None:
    path = runtime / "new" / "a.sock"
    discovery.prepare_socket_path(path, {})
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_an_existing_folder_of_the_persons_keeps_its_mode(runtime: Path) -> None:
    runtime.chmod(0o755)
    discovery.prepare_socket_path(runtime / "a.sock", {})
    assert stat.S_IMODE(runtime.stat().st_mode) == 0o755


def test_a_folder_that_others_may_write_to_is_refused_unless_sticky(runtime: Path) -> None:
    runtime.chmod(0o777)
    with pytest.raises(ConfigurationError, match="Other users could replace files"):
        discovery.prepare_socket_path(runtime / "a.sock", {})
    runtime.chmod(0o1777)
    discovery.prepare_socket_path(runtime / "a.sock", {})


def test_a_default_folder_that_is_a_link_is_refused(runtime: Path) -> None:
    (runtime / "elsewhere").mkdir()
    (runtime / "slop-qt").symlink_to(runtime / "elsewhere")
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    with pytest.raises(ConfigurationError):
        discovery.prepare_socket_path(discovery.default_socket_path(1, environ), environ)


def test_a_folder_that_cannot_be_made_is_named(runtime: Path) -> None:
    (runtime / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"socket's folder .*/file"):
        discovery.prepare_socket_path(runtime / "file" / "a.sock", {})


def test_a_path_of_100_bytes_will_do_and_one_of_101_is_refused() -> None:
    discovery.check_socket_path(Path("/" + "x" * 99))
    with pytest.raises(ConfigurationError, match="101 bytes; at most 100"):
        discovery.check_socket_path(Path("/" + "x" * 100))
    with pytest.raises(ConfigurationError, match="bytes"):
        discovery.check_socket_path(Path("/" + "ü" * 50))


def test_a_dead_socket_is_cleared_away_and_a_live_one_is_not(runtime: Path) -> None:
    path = runtime / "a.sock"
    with listening(path):
        with pytest.raises(ConflictError, match="Another application"):
            discovery.prepare_socket_path(path, {})
        assert path.exists()
    discovery.prepare_socket_path(path, {})
    assert not path.exists()


def test_a_listener_that_is_too_busy_is_alive(runtime: Path) -> None:
    path = runtime / "a.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen(0)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as first:
            first.connect(str(path))
            assert discovery.connectable(path)


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_left_alone(runtime: Path, kind: str) -> None:
    path = runtime / "a.sock"
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(runtime / "nowhere")
    with pytest.raises(ConflictError, match="is no socket"):
        discovery.prepare_socket_path(path, {})
    assert path.is_symlink() or path.exists()


def test_a_token_is_new_each_time_and_only_its_user_reads_it(runtime: Path) -> None:
    path = runtime / "a.sock"
    first = discovery.write_token(path)
    second = discovery.write_token(path)
    assert first != second
    assert len(second) >= 32
    assert stat.S_IMODE((runtime / "a.sock.token").stat().st_mode) == 0o600
    assert discovery.read_token(path, {}) == second
    assert discovery.read_token(path, {"SLOP_QT_TOKEN": "from outside"}) == "from outside"


def test_a_link_in_the_place_of_the_token_is_not_written_through(runtime: Path) -> None:
    target = runtime / "target"
    target.write_text("mine")
    (runtime / "a.sock.token").symlink_to(target)
    discovery.write_token(runtime / "a.sock")
    assert target.read_text() == "mine"


def test_a_missing_token_is_said_with_what_to_do(runtime: Path) -> None:
    with listening(runtime / "a.sock"), pytest.raises(ConfigurationError, match=r"a\.sock\.token") as caught:
        discovery.read_token(runtime / "a.sock", {})
    assert "SLOP_QT_TOKEN" in caught.value.hint


def test_a_missing_application_is_said_and_not_its_missing_token(runtime: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"No application answers at .*a\.sock: no socket") as caught:
        discovery.read_token(runtime / "a.sock", {})
    assert "--automation" in caught.value.hint


def test_the_newest_live_socket_is_found(runtime: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(runtime)}
    folder = runtime / "slop-qt"
    with listening(folder / "1.sock"), listening(folder / "2.sock"), listening(folder / "3.sock") as ended:
        aged(folder / "1.sock", 200)
        aged(folder / "2.sock", 300)
        ended.close()
        aged(folder / "3.sock", 400)
        (folder / "4.sock").write_text("no socket at all")
        assert discovery.find_socket(None, environ) == folder / "2.sock"


def test_a_name_comes_before_the_environment_and_that_before_a_search(runtime: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(runtime), "SLOP_QT_SOCKET": "/from/environment"}
    assert discovery.find_socket("/named", environ) == Path("/named")
    assert discovery.find_socket(None, environ) == Path("/from/environment")


def test_no_live_socket_is_said_with_what_to_do(runtime: Path) -> None:
    with pytest.raises(ConfigurationError, match="No running slop_qt") as caught:
        discovery.find_socket(None, {"XDG_RUNTIME_DIR": str(runtime)})
    assert "--automation" in caught.value.hint


def test_without_the_variable_the_folder_of_a_login_is_looked_into_too(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MCP clients start their servers with a few variables only."""
    monkeypatch.setattr(discovery, "_LOGIN_FOLDERS", runtime)
    monkeypatch.setattr(tempfile, "tempdir", str(runtime))
    login = runtime / str(os.getuid())
    with pytest.raises(ConfigurationError, match="No running slop_qt was found"):
        discovery.find_socket(None, {})
    path = discovery.default_socket_path(42, {"XDG_RUNTIME_DIR": str(login)})
    with listening(path):
        assert discovery.find_socket(None, {}) == path
        with pytest.raises(ConfigurationError, match="No running slop_qt was found"):
            discovery.find_socket(None, {"XDG_RUNTIME_DIR": str(runtime)})
