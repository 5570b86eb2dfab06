"""A whole session without Qt: real git, journal, commands and scripted provider; only lanes and pool are plain.

`Cockpit` is what later tests can build on: one open project, driven by the commands of the registry.
"""

import asyncio
import atexit
import functools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_support import WAIT_S, OneLane, RecordingProvider, Threads, finish, scripted, ticket, turn

from slop_qt.core.approvals import Approval, ApprovalKind, ApprovalState, DecidedBy, Mode
from slop_qt.core.budgets import SpendAsk, WorstCase, no_price_known
from slop_qt.core.errors import NotPossibleError
from slop_qt.core.events import Event
from slop_qt.core.ports import Committed
from slop_qt.core.settings import Limits, ModelChoice, Rule, Settings
from slop_qt.core.state import Changes, RunState
from slop_qt.core.tickets import TicketSpec
from slop_qt.core.usage import Usage
from slop_qt.mma.approval_desk import ApprovalDesk
from slop_qt.mma.bus import Bus
from slop_qt.mma.command_registry import CommandRegistry
from slop_qt.mma.feed import StateFeed
from slop_qt.mma.session import Session
from slop_qt.mma.session_parts import SessionParts
from slop_qt.store.conductor.folder import ConductorFolder
from slop_qt.store.context_choices import ContextChoiceStore
from slop_qt.store.journal import Journal
from slop_qt.store.preferences import Preferences
from slop_qt.store.system_prompts import PromptFolder
from slop_qt.tools.registry import ToolRegistry, default_tools
from slop_qt.workspace.processes import PosixCommandRunner
from slop_qt.workspace.repository import Repository

FILES = {"a.txt": "wrong\n", "b.txt": "wrong\n", "c.txt": "wrong\n", "shared.txt": "one\ntwo\nthree\n"}
PLAN = "## Phase 1: Words\n\n- [ ] Task: Mend a\n- [ ] Task: Mend b\n    - [ ] A step\n- [ ] Task: Mend c\n"
ALLOW_MERGE = Rule(action="allow", kind=ApprovalKind.MERGE)
ALLOW_EDIT = Rule(action="allow", kind=ApprovalKind.EDIT)
ALLOW_COMMANDS = Rule(action="allow", kind=ApprovalKind.COMMAND)


def git(project: Path, *arguments: str) -> str:
    """git as a person runs it."""
    words = ["git", "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", *arguments]
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(words, cwd=project, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_project(folder: Path) -> Path:
    """A repository with four files, one commit, on the branch main."""
    return shutil.copytree(_template(), folder)


@functools.cache
def _template() -> Path:
    """That repository, made once: each test has a copy of its own, for a fifth of what making one costs."""
    scratch = Path(tempfile.mkdtemp(prefix="slop-qt-cockpit-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    folder = scratch / "project"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "A Person")
    git(folder, "config", "user.email", "person@example.org")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Start")
    return folder


def mend(name: str, *needs: str, **fields: Any) -> TicketSpec:
    """The ticket that makes `<name>.txt` say right. Its id is the name in capitals."""
    defaults: dict[str, Any] = {
        "title": f"Mend {name}",
        "brief": f"Only {name} is to be mended.",
        "files": (f"{name}.txt",),
        "depends_on": needs,
        "verify": f"grep -qx right {name}.txt",
        "plan_tasks": (f"Mend {name}",),
    }
    return ticket(name.upper(), **(defaults | fields))


ABC = (mend("a"), mend("b"), mend("c", "A", "B"))


def write(path: str, content: str = "right\n") -> tuple[str, dict[str, Any]]:
    return "write_file", {"path": path, "content": content}


def mends(name: str, content: str = "right\n", **fields: Any) -> dict[str, Any]:
    """The turn that mends it and finishes."""
    given = {"ticket": name.upper(), "text": f"I mend {name}.", **fields}
    return turn(3, write(f"{name}.txt", content), finish(f"{name} is {content.strip()}."), **given)


def reports(cause: str = "The word is wrong.", advice: str = "Write right.", **fields: Any) -> dict[str, Any]:
    """Tier 4's turn."""
    return turn(4, ("report_failure", {"cause": cause, "advice": advice}), **fields)


def proposes_track(title: str = "Right words", plan: str = PLAN, **fields: Any) -> dict[str, Any]:
    """Tier 1's turn."""
    track = {"title": title, "type": "bug", "spec": f"# {title}\n\n## Overview\n\nWords.", "plan": plan}
    return turn(1, ("submit_tracks", {"tracks": [track]}), text="I cut the epic.", **fields)


def proposes_tickets(*tickets: TicketSpec, **fields: Any) -> dict[str, Any]:
    """Tier 2's turn."""
    plain = [json.loads(spec.model_dump_json()) for spec in tickets]
    return turn(2, ("submit_tickets", {"tickets": plain}), text="I cut the track.", **fields)


class Watched:
    """The bus, with every event kept and a callback for each: tests react to what happens when it happens."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.events: list[Event] = []
        self.on_event: Callable[[Event], None] = lambda _: None

    def publish(self, event: Event, committed: Committed | None = None) -> int:
        self.events.append(event)
        seq = self._bus.publish(event, committed)
        self.on_event(event)
        return seq


class Cockpit:
    """One open project. Make it on the loop that runs the test, `await open()`, and `close()` it."""

    def __init__(self, folder: Path, *turns: dict[str, Any], **settings: Any) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.provider: RecordingProvider = scripted(*(turns or (turn(1, text="nothing"),)))
        limits = {"no_progress_s": WAIT_S, "verify_timeout_s": WAIT_S, **settings.pop("limits", {})}
        tiers = {tier: ModelChoice(provider="scripted", model=f"model-{tier}") for tier in (1, 2, 3, 4)}
        given: dict[str, Any] = {"mode": Mode.EDITS, "rules": (ALLOW_MERGE,), "tiers": tiers, **settings}
        self.settings = Settings(limits=Limits(**limits), **given)
        self.registry = CommandRegistry()
        self.price: Callable[[ModelChoice, Usage], float | None] = lambda _choice, _usage: None
        self.worst_case: Callable[[SpendAsk], WorstCase] = no_price_known
        self.lanes = OneLane()
        self.offload = Threads()

    async def open(self) -> "Cockpit":
        if not self.project.exists():
            make_project(self.project)
        self.start = self.head()
        self.journal = Journal(self.folder / "journal.sqlite3")
        self.journal.open()
        self.bus = Bus(self.journal)
        self.sink = Watched(self.bus)
        self.feed = StateFeed(self.bus, asyncio.get_running_loop())
        await self.feed.load(self.journal.read(), self.offload)
        self.repository = Repository(self.project)
        self.conductor_folder = ConductorFolder(self.project)
        self.parts = SessionParts(
            project=self.project,
            repository=self.repository,
            worktrees=self.folder / "worktrees",
            folder=self.conductor_folder,
            preferences=Preferences(self.folder / "settings.toml", self.settings),
            sink=self.sink,
            feed=self.feed,
            desk=ApprovalDesk(self.sink),
            lanes=self.lanes,
            offload=self.offload,
            commands=PosixCommandRunner(os.environ),
            provider=lambda _: self.provider,
            tools=ToolRegistry(default_tools()),
            prompts=PromptFolder(self.folder / "prompts"),
            context_choices=ContextChoiceStore(self.folder / "context-choices.json"),
            limit_tokens=lambda _provider, _model: None,
            price=self._price,
            worst_case=self._worst_case,
        )
        self.session = Session(self.parts)
        self.session.register(self.registry)
        return self

    async def close(self) -> None:
        await self.session.close()
        await self.feed.settle()
        self.feed.close()
        self.bus.close()
        await self.offload.run(lambda: self.journal.close(WAIT_S))
        self.offload.close()

    def _price(self, choice: ModelChoice, usage: Usage) -> float | None:
        return self.price(choice, usage)

    def _worst_case(self, ask: SpendAsk) -> WorstCase:
        return self.worst_case(ask)

    async def call(self, method: str, **params: Any) -> Any:
        """One command by its name, from JSON, as the socket does it."""
        return await asyncio.wait_for(self.registry.call_named(method, params, DecidedBy.AUTOMATION), WAIT_S)

    async def track(self, *tickets: TicketSpec, plan: str = PLAN) -> str:
        """A track with these tickets, without the planning tiers. Its id."""
        draft = {"title": "Right words", "type": "bug", "spec": "# Right words", "plan": plan}
        (made,) = (await self.call("epic.accept", run_id="R", tracks=[draft])).tracks
        plain = [json.loads(spec.model_dump_json()) for spec in tickets]
        tickets_of_run = [{**one, "status": "done", "reason": "ignored", "attempt": 9} for one in plain]
        await self.call("track.set_tickets", track_id=made.id, tickets=tickets_of_run)
        return str(made.id)

    async def begin(self, *tickets: TicketSpec, **params: Any) -> str:
        """Start a run of these tickets. Its id."""
        return str((await self.call("run.start", track_id=await self.track(*tickets), **params)).run_id)

    async def run(self, *tickets: TicketSpec, **params: Any) -> RunState:
        """Run these tickets to the run's end."""
        run_id = await self.begin(*tickets, **params)
        await self.call("run.wait", run_id=run_id)
        return self.feed.state.runs[run_id]

    def the_run(self, run_id: str) -> RunState:
        return self.feed.state.runs[run_id]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once the state fulfils the condition; it is looked at after each change."""
        if condition():
            return
        done = asyncio.Event()

        def look(_: Changes) -> None:
            if condition():
                done.set()

        self.feed.subscribe(look)
        try:
            await asyncio.wait_for(done.wait(), WAIT_S)
        finally:
            self.feed.unsubscribe(look)

    async def pending(self, run_id: str, kind: str, *tickets: str) -> list[Approval]:
        """The pending approvals of that kind, once there is one of each of these tickets."""

        def waiting() -> list[Approval]:
            return [approval for approval in self.the_run(run_id).pending_approvals if approval.kind == kind]

        await self.until(lambda: {approval.ticket_id for approval in waiting()} >= set(tickets))
        return waiting()

    async def decide(self, run_id: str, kind: str, ticket: str, decision: str, **more: Any) -> Approval:
        """Decide the approval of that kind and ticket as soon as it is there."""
        approvals = await self.pending(run_id, kind, ticket)
        (approval,) = [approval for approval in approvals if approval.ticket_id == ticket]
        result = await self.call("approvals.resolve", id=approval.id, decision=decision, **more)
        assert result.approval.state is not ApprovalState.PENDING
        return approval

    async def at(self, run_id: str, ticket: str, status: str, attempt: int | None = None) -> None:
        """Return once the ticket stands there."""
        await self.until(
            lambda: (
                ticket in self.the_run(run_id).tickets
                and self.the_run(run_id).tickets[ticket].status == status
                and attempt in {None, self.the_run(run_id).tickets[ticket].attempt}
            )
        )

    def head(self, ref: str = "HEAD") -> str:
        return git(self.project, "rev-parse", ref)

    def show(self, ref: str, path: str) -> str:
        return git(self.project, "show", f"{ref}:{path}") + "\n"

    def integration(self, run_id: str) -> str:
        return f"slop/{run_id}/integration"

    def worktrees(self) -> list[str]:
        """The paths of all worktrees but the project itself."""
        listed = git(self.project, "worktree", "list", "--porcelain").splitlines()
        paths = [line.removeprefix("worktree ") for line in listed if line.startswith("worktree ")]
        return [path for path in paths if path != str(self.project)]

    def untouched(self) -> None:
        """The person's branch and tree are as they were, conductor/ aside."""
        assert self.head() == self.head("main") == self.start
        assert git(self.project, "symbolic-ref", "HEAD") == "refs/heads/main"
        changed = git(self.project, "status", "--porcelain", "--untracked-files=all").splitlines()
        assert all(line[3:].startswith("conductor/") for line in changed), changed

    def prompts(self, tier: int, ticket: str) -> list[str]:
        """The first messages that were sent for a ticket, one an attempt, in order."""
        firsts = [r for r in self.provider.requests if (r.caller.tier, r.caller.ticket) == (tier, ticket)]
        return [r.messages[0].blocks[0].text for r in firsts if r.caller.turn == 1]  # type: ignore[union-attr]

    def of(self, *kinds: str) -> list[Any]:
        return [event for event in self.sink.events if event.kind in kinds]

    def reasons(self, ticket: str) -> list[str | None]:
        return [event.reason for event in self.of("ticket_changed") if event.ticket_id == ticket]


async def refused(awaitable: Any, match: str, kind: type[Exception] = NotPossibleError) -> Exception:
    """The error, of that kind and with those words, that it raises."""
    try:
        await awaitable
    except kind as error:
        assert match in str(error), str(error)
        return error
    raise AssertionError(f"nothing refused it: {match}")
