"""A small real project, and the real application on it as a process of its own: what simulations are made of."""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import tomlkit
from forked_process import ForkedProcess, ForkServer

from slop_qt.automation import Client
from slop_qt.automation.discovery import check_socket_path
from slop_qt.core.errors import SlopError
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.tracks import TrackDraft
from slop_qt.store.conductor.folder import ConductorFolder

__all__ = [
    "WAIT_S",
    "Application",
    "Project",
    "Result",
    "approve_by_clicks",
    "finish",
    "processes_in",
    "ticket",
    "turn",
    "until",
    "write_file",
]

# As long as a machine may need that has much else to do; less than pytest gives a test.
WAIT_S = 90.0
# Looking costs whoever is looked at as well.
LOOK_AGAIN_S = 0.03
# As long as an application that has failed a test already may take for its picture.
LOOK_S = 10.0

# What a started application keeps of this process's environment; and, where Qt has a display, what leads to it.
KEPT = {"PATH", "LANG", "LC_ALL", "TMPDIR", "QT_QPA_PLATFORM"}
DISPLAY = {"DISPLAY", "XAUTHORITY"}

# Whoever has a vendor's key uses its library, which takes a second to import.
VENDORS = {"ANTHROPIC_API_KEY": "anthropic", "OPENAI_API_KEY": "openai", "GEMINI_API_KEY": "google.genai"}


def kept_environment() -> dict[str, str]:
    """What started applications keep of this process's environment."""
    return {name: value for name, value in os.environ.items() if name in KEPT}


def ticket(ticket_id: str, **fields: Any) -> TicketSpec:
    """A ticket with a file of its own, called as it is."""
    fields = {"title": f"Do {ticket_id}", "brief": "As it says.", "files": (f"{ticket_id}.txt",), **fields}
    return TicketSpec(id=ticket_id, **fields)


def write_file(ticket_id: str, content: str = "done\n") -> dict[str, Any]:
    """The call that writes a ticket's own file."""
    return {"name": "write_file", "input": {"path": f"{ticket_id}.txt", "content": content}}


def finish(summary: str = "Done.") -> dict[str, Any]:
    """The call that ends a ticket."""
    return {"name": "finish_ticket", "input": {"summary": summary}}


def turn(tier: int, *tools: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One [[turn]] of a scenario."""
    return {"tier": tier, **fields, **({"tool": list(tools)} if tools else {})}


def until(met: Callable[[], Any], what: str, timeout_s: float = WAIT_S) -> Any:
    """What `met` gives as soon as it is true."""
    deadline = time.monotonic() + timeout_s
    while not (found := met()):
        assert time.monotonic() < deadline, f"waited {timeout_s} s for {what}"
        select.select([], [], [], LOOK_AGAIN_S)
    return found


def approve_by_clicks(client: Client, run_id: str | None = None) -> dict[str, Any]:
    """Press Approve whenever it can be pressed, until the run has ended. Returns its MMA status."""

    def come() -> str | None:
        if client.get_mma_status(run_id)["status"] not in {None, "running"}:
            return "the end"
        can = (client.call("gui.get", name="approvals.approve", property=what) for what in ("visible", "enabled"))
        return "an approval" if all(answer["value"] for answer in can) else None

    while until(come, "an approval or the end of the run") == "an approval":
        client.call("gui.click", name="approvals.approve")
    return client.get_mma_status(run_id)


def processes_in(folder: Path) -> list[str]:
    """The command lines of all processes that work in that folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").readlink().is_relative_to(folder):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended, or is not ours
    return found


@dataclass(frozen=True)
class Result:
    """How a process ended. No traceback is ever for the person, so none is ever here."""

    code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        assert "Traceback" not in self.out + self.err, self.err

    @property
    def events(self) -> list[dict[str, Any]]:
        """Standard output of --json."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Project:
    """A git repository with one commit, and folders of its own for everything that the application keeps."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    started: list["Application"] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        check_socket_path(self.socket)  # or a test would wait for one that cannot be
        kept = kept_environment()
        platform = kept.setdefault("QT_QPA_PLATFORM", "offscreen")
        if platform != "offscreen":
            kept.update({name: os.environ[name] for name in DISPLAY if name in os.environ})
        folders = {f"XDG_{name}_HOME": str(self.home / name.lower()) for name in ("CONFIG", "DATA", "CACHE", "STATE")}
        runtime = self.home / "runtime"
        runtime.mkdir(mode=0o700)
        own = {"HOME": str(self.home), "XDG_RUNTIME_DIR": str(runtime)}
        own["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
        self.environment = {**kept, **folders, **own, **self.environment}
        self.folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main", "--template=")
        with (self.folder / ".git" / "config").open("a") as config:
            config.write("[user]\n\tname = A Person\n\temail = person@example.org\n")
        self.commit("README.md", "A project.\n")

    @property
    def folder(self) -> Path:
        """The repository."""
        return self.home / "project"

    @property
    def data(self) -> Path:
        """The application's data directory."""
        return Path(self.environment["XDG_DATA_HOME"]) / "slop-qt"

    @property
    def socket(self) -> Path:
        """Where it answers, if that is wanted."""
        return self.home / "runtime" / "s"

    @property
    def left(self) -> Path:
        """What a simulation that failed leaves: pictures, journals, logs (see simulations/left_behind)."""
        return self.home / "left-behind"

    @property
    def tracks(self) -> list[str]:
        """The ids of the tracks."""
        return [track.id for track in ConductorFolder(self.folder).tracks()]

    def git(self, *arguments: str, folder: Path | None = None) -> str:
        """git's own words about the repository, or about another one."""
        command = ["git", "-C", str(folder or self.folder), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, name: str, content: str) -> None:
        """Write a file and commit everything."""
        (self.folder / name).write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"Write {name}")

    def track(self, *tickets: TicketSpec, title: str = "A track") -> str:
        """Add a track, uncommitted, as planning leaves it. Returns its id."""
        folder = ConductorFolder(self.folder)
        draft = TrackDraft(title=title, spec="# Spec\n", plan="# Plan\n\n## Phase 1: All\n\n- [ ] Task: All of it\n")
        track = folder.add_track(draft, date(2026, 11, 22))
        folder.set_tickets(track.id, tickets)
        return track.id

    def settings(self, **content: Any) -> None:
        """Write the person's settings."""
        path = self.home / "config" / "slop-qt" / "settings.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(tomlkit.dumps(content))

    def scenario(self, *turns: dict[str, Any], **defaults: Any) -> Path:
        """Write what the scripted provider answers."""
        path = self.home / "scenario.toml"
        tables = ",\n".join(map(_inline, turns))
        path.write_text(f"seed = 1\ndefaults = {_inline(defaults)}\nturn = [\n{tables}\n]\n")
        return path

    def start(self, *arguments: str | Path, **more: Any) -> "Application":
        """Start `slop-qt` with these arguments, in the repository's folder; see Application for the rest."""
        application = Application(self, [str(argument) for argument in arguments], **more)
        self.started.append(application)
        return application

    def slop(self, *arguments: str | Path, fresh: bool = False) -> Result:
        """Run `slop-qt` to its end."""
        with self.start(*arguments, fresh=fresh) as application:
            return application.result()

    def run(self, track: str, *arguments: str | Path, mode: str = "auto", fresh: bool = False) -> Result:
        """`slop-qt run` on a track with the scenario; in mode auto without a sandbox unless another is named."""
        return self.slop(*self.run_arguments(track, *arguments, mode=mode), fresh=fresh)

    def run_arguments(self, track: str, *arguments: str | Path, mode: str = "auto") -> Sequence[str | Path]:
        """What `run` says on the command line."""
        scripted = ("--scenario", self.home / "scenario.toml")
        loose = ("--unsandboxed",) if mode == "auto" else ()
        return ("run", "--project", self.folder, "--track", track, "--mode", mode, *loose, *scripted, *arguments)


@cache
def fork_server() -> ForkServer:
    """The one of this run of tests (see tests/conftest.py). It ends with it."""
    shared = os.environ.get("SLOP_QT_TEST_FORK_SERVER")
    server = ForkServer(kept_environment(), Path(shared) if shared else None)
    atexit.register(server.close)
    return server


class Application:
    """The running application. A context manager: at its end the process has ended, whatever happened.

    It is forked from a server that has imported it, unless it is to be fresh: a new `python -m slop_qt`, which takes a
    second more. It is always fresh where SLOP_QT_TEST_FRESH is set, and where the environment or the streams ask for
    what a fork cannot give. module is what runs, if not `slop_qt` itself. streams are stdin, stdout and stderr of
    subprocess.Popen.

    Attributes:
        said: its standard output and standard error, once it is over.
    """

    said: tuple[bytes | None, bytes | None] = (None, None)

    def __init__(
        self, project: Project, arguments: list[str], *, fresh: bool = False, module: str = "slop_qt", **streams: Any
    ) -> None:
        self.project = project
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        environment = {**project.environment, "PYTHONPATH": str(Path(__file__).parents[1])}
        self.process: ForkedProcess | subprocess.Popen[bytes]
        if fresh or not _can_fork(environment):
            command = [sys.executable, "-m", module, *arguments]
            self.process = subprocess.Popen(command, cwd=project.folder, env=environment, **streams)
        else:
            vendors = [library for key, library in VENDORS.items() if key in environment]
            self.process = fork_server().start(
                arguments, cwd=project.folder, env=environment, module=module, preload=vendors, **streams
            )

    def __enter__(self) -> "Application":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.keep_screen()
        if self.process.poll() is None:
            self.process.kill()
        self.said = self.process.communicate()

    def keep_screen(self) -> None:
        """Take a picture of its window for who looks into a failure, or write down why there is none."""
        folder = self.project.left
        folder.mkdir(exist_ok=True)
        path = folder / f"screen-{self.process.pid}.png"
        try:
            with Client(self.project.socket, timeout_s=LOOK_S) as client:
                client.call("gui.screenshot", path=str(path))
        except (SlopError, OSError) as error:
            path.with_suffix(".txt").write_text(f"There is no picture: {error}\n")

    def result(self, timeout_s: float = WAIT_S) -> Result:
        """How it ended."""
        out, err = self.process.communicate(timeout=timeout_s)
        return Result(self.process.returncode, (out or b"").decode(), (err or b"").decode())

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        """What Ctrl-C does, or another signal."""
        self.process.send_signal(number)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A connection to its socket, as soon as it answers there."""
        until(lambda: self.process.poll() is not None or _listening(self.project.socket), "the socket")
        assert self.process.poll() is None, self.result().err
        with Client(self.project.socket, timeout_s=WAIT_S) as client:
            yield client


def _can_fork(environment: dict[str, str]) -> bool:
    if sys.platform != "linux" or "SLOP_QT_TEST_FRESH" in os.environ:
        return False
    return fork_server().suits(environment)


def _inline(value: Any) -> str:
    """A value as TOML on one line. (tomlkit takes the square of a text's length: minutes for a megabyte.)"""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _listening(path: Path) -> bool:
    """Qt listens on a name of its own and moves it here: what is here can be connected to."""
    return path.exists() and path.with_name(f"{path.name}.token").exists()
