"""Commands end, say what they said, and leave nothing behind."""

import asyncio
import os
import resource
import signal
import sys
import time
from pathlib import Path

import pytest

from slop_qt.core.errors import ToolError
from slop_qt.core.ports import CommandRequest, CommandResult
from slop_qt.workspace.processes import PosixCommandRunner

GRANDCHILDREN = "sleep 600 & sleep 600 & echo $! $$ > pids; echo ready; wait"


@pytest.fixture(params=[True, False], ids=["pidfd", "thread"])
def runner(request: pytest.FixtureRequest) -> PosixCommandRunner:
    if request.param and not hasattr(os, "pidfd_open"):
        pytest.skip("needs pidfd_open")
    return PosixCommandRunner(os.environ, pidfd=request.param)


def request(command: str | tuple[str, ...], cwd: Path, timeout_s: float = 20, limit: int = 1 << 16) -> CommandRequest:
    return CommandRequest(command, cwd, timeout_s, limit)


async def happens(condition, within_s: float = 5.0) -> bool:
    """Look again at every turn of the loop until it is so."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while not condition():
        if loop.time() > end:
            return False
        await asyncio.sleep(0.001)
    return True


def alive(pid: int) -> bool:
    """Running: a zombie that init has not reaped yet is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def pids(folder: Path) -> list[int]:
    return [int(pid) for pid in (folder / "pids").read_text().split()]


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_exit_code_and_output_of_both_streams_in_order(runner, tmp_path):
    result = await runner.run(request("echo out; echo err >&2; echo é; exit 7", tmp_path))
    assert (result.exit_code, result.output, result.dropped_bytes) == (7, "out\nerr\né\n", 0)
    assert not result.timed_out
    assert not result.ok
    assert 0 < result.duration_s < 10


async def test_a_list_is_argv_and_no_shell(runner, tmp_path):
    result = await runner.run(request(("printf", "%s", "$HOME; `id`"), tmp_path))
    assert (result.ok, result.output) == (True, "$HOME; `id`")


async def test_a_signal_is_a_negative_exit_code(runner, tmp_path):
    assert (await runner.run(request("kill -TERM $$", tmp_path))).exit_code == -signal.SIGTERM


async def test_input_is_empty_and_no_terminal(runner, tmp_path):
    result = await runner.run(request("cat; test -t 0 || echo none", tmp_path))
    assert result.output == "none\n"


async def test_bytes_that_are_no_text_are_replaced(runner, tmp_path):
    assert (await runner.run(request("printf 'a\\377b'", tmp_path))).output == "a\ufffdb"


async def test_a_shell_line_that_does_not_exist_ends_with_127(runner, tmp_path):
    result = await runner.run(request("no-such-program --now", tmp_path))
    assert result.exit_code == 127
    assert "no-such-program" in result.output


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("no-such-program",), "no-such-program"),
        (("./notes",), "Permission denied"),
        (("echo", "a\0b"), "null byte"),
        (("echo", "x" * 4_000_000), "Argument list too long"),
        ((), "cannot be started"),
    ],
)
async def test_what_cannot_be_started_is_an_error_in_words(runner, tmp_path, command, words):
    (tmp_path / "notes").write_text("no program")
    with pytest.raises(ToolError, match=words):
        await runner.run(request(command, tmp_path))


async def test_a_folder_that_is_not_there_is_an_error_in_words(runner, tmp_path):
    with pytest.raises(ToolError, match="nowhere does not exist"):
        await runner.run(request("true", tmp_path / "nowhere"))


async def test_the_environment_is_a_short_list(tmp_path):
    parent = {
        "PATH": "/usr/bin:/bin", "HOME": "/home/ada", "LC_CTYPE": "C.UTF-8", "ANTHROPIC_API_KEY": "canary",
        "SLOP_QT_TOKEN": "canary", "GIT_DIR": "canary", "SSH_AUTH_SOCK": "canary",
        "PYTHONPATH": "canary", "TERM": "xterm",
    }  # fmt: skip
    result = await PosixCommandRunner(parent).run(request(("/usr/bin/env",), tmp_path))
    found = dict(line.split("=", 1) for line in result.output.splitlines())
    assert found == {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": "/home/ada",
        "LC_CTYPE": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TERM": "dumb",
    }


async def test_python_is_the_running_interpreter(runner, tmp_path):
    result = await runner.run(request("python -c 'import sys; print(sys.executable)'", tmp_path))
    assert Path(result.output.strip()).parent == Path(sys.executable).parent


async def test_a_hundred_megabytes_cost_neither_memory_nor_the_loop(runner, tmp_path):
    late = 0.0

    async def watch() -> None:
        nonlocal late
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(0)
            late = max(late, loop.time() - before)

    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    watching = asyncio.create_task(watch())
    command = "echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last"
    result = await runner.run(request(command, tmp_path, timeout_s=60))
    watching.cancel()
    assert result.ok
    assert result.output.startswith("first\nxxx")
    assert result.output.endswith("xxx\nlast\n")
    assert result.dropped_bytes == 100_000_000 + len("first\n\nlast\n") - (1 << 16)
    assert f"{result.dropped_bytes:,} bytes of output left out" in result.output
    assert len(result.output) < (1 << 16) + 100
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 20_000  # KiB
    assert late < 0.5


@pytest.mark.parametrize("size", [0, 99, 100, 101, 5000])
async def test_exactly_the_limit_is_kept(runner, tmp_path, size):
    result = await runner.run(request(f"head -c {size} /dev/zero | tr '\\0' x", tmp_path, limit=100))
    assert result.output.count("x") == min(size, 100)
    assert result.dropped_bytes == max(0, size - 100)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_what_takes_too_long_is_killed_with_its_grandchildren(runner, tmp_path):
    result = await runner.run(request(GRANDCHILDREN, tmp_path, timeout_s=0.3))
    assert (result.exit_code, result.timed_out, result.output) == (None, True, "ready\n")
    assert 0.3 <= result.duration_s < 2
    assert await happens(lambda: not any(alive(pid) for pid in pids(tmp_path)))


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_cancelled_command_leaves_nothing_within_half_a_second(runner, tmp_path):
    before = descriptors()
    task = asyncio.create_task(runner.run(request(GRANDCHILDREN, tmp_path)))
    assert await happens(lambda: (tmp_path / "pids").exists() and len(pids(tmp_path)) == 2)
    started = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await happens(lambda: not any(alive(pid) for pid in pids(tmp_path)))
    assert time.monotonic() - started < 0.5
    assert await happens(lambda: descriptors() == before)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_command_cancelled_before_it_could_run_leaves_nothing(runner, tmp_path):
    before = descriptors()
    for _ in range(20):
        task = asyncio.create_task(runner.run(request("echo $$ >> pids; sleep 600", tmp_path)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    started = pids(tmp_path) if (tmp_path / "pids").exists() else []
    assert not any(alive(pid) for pid in started)
    assert descriptors() == before


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_grandchild_that_holds_the_pipe_is_waited_for_half_a_second_and_killed(runner, tmp_path):
    result = await runner.run(request("sleep 600 & echo $! > pids; echo done", tmp_path))
    assert (result.exit_code, result.output, result.timed_out) == (0, "done\n", False)
    assert result.duration_s < 2
    assert await happens(lambda: not any(alive(pid) for pid in pids(tmp_path)))


async def test_what_ignores_signals_is_killed_all_the_same(runner, tmp_path):
    result = await runner.run(request("trap '' TERM INT HUP; while :; do :; done", tmp_path, timeout_s=0.3))
    assert result.timed_out
    assert result.duration_s < 2


async def test_many_at_once_keep_their_own_output(runner, tmp_path):
    async def one(number: int) -> CommandResult:
        return await runner.run(request(f"echo {number}; exit {number}", tmp_path))

    before = descriptors() if sys.platform == "linux" else 0
    results = await asyncio.gather(*(one(number) for number in range(60)))
    assert [(result.exit_code, result.output) for result in results] == [(n, f"{n}\n") for n in range(60)]
    if sys.platform == "linux":
        assert descriptors() == before
