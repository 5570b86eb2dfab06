"""A track's files and the commands that read and write them, as an editor needs them: real files, no engine."""

import hashlib
import json
from pathlib import Path

from window_support import Stage

from slop_qt.core.approvals import DecidedBy
from slop_qt.core.errors import ConflictError, NotFoundError, StoreError
from slop_qt.core.tickets import TicketSpec, check_graph
from slop_qt.core.tracks import Track
from slop_qt.mma import commands, plan_shapes, shapes

SPEC = "# Amounts\n\nRead amounts as people write them.\n"
PLAN = "# Plan\n\n## Phase 1: Parse\n\n- [ ] Task: Parse amounts\n- [ ] Task: Print amounts\n"
TICKETS = (
    TicketSpec(id="T-001", title="Parse amounts", brief="Parse.", files=("money.py",), verify="true"),
    TicketSpec(id="T-002", title="Print amounts", brief="Print.", files=("report.py",), depends_on=("T-001",)),
    TicketSpec(id="T-003", title="Say so", brief="Document it.", files=("README.md",), depends_on=("T-002",)),
)


class PlanFiles:
    """Tracks in a folder, one a sub-folder; answers what an editor asks. `written` are names of files in order."""

    def __init__(self, root: Path, stage: Stage) -> None:
        self.root = root
        self.written: list[str] = []
        self.refused: StoreError | None = None
        registry = stage.desk.registry
        registry.register(commands.TRACK_READ, self._read)
        registry.register(commands.TRACK_SAVE_TEXT, self._save_text)
        registry.register(commands.TRACK_SAVE_TICKETS, self._save_tickets)

    def add(self, track_id: str, spec: str = SPEC, plan: str = PLAN, tickets: tuple[TicketSpec, ...] = TICKETS) -> Path:
        folder = self.root / track_id
        folder.mkdir()
        (folder / "spec.md").write_bytes(spec.encode())
        (folder / "plan.md").write_bytes(plan.encode())
        self.write_tickets(track_id, tickets)
        return folder

    def write_tickets(self, track_id: str, tickets: tuple[TicketSpec, ...]) -> None:
        content = [ticket.model_dump(mode="json") for ticket in tickets]
        (self.root / track_id / "tickets.json").write_text(json.dumps(content))

    def tickets(self, track_id: str) -> tuple[TicketSpec, ...]:
        path = self.root / track_id / "tickets.json"
        if not path.exists():
            return ()
        return tuple(TicketSpec.model_validate_json(json.dumps(each)) for each in json.loads(path.read_text()))

    async def _read(self, params: shapes.TrackRef, _by: DecidedBy) -> plan_shapes.TrackDocuments:
        folder = self.root / params.track_id
        if not folder.exists():
            raise NotFoundError(f"There is no track {params.track_id}.")
        problem, tickets = None, ()
        try:
            tickets = self.tickets(params.track_id)
        except ValueError as error:
            problem = f"tickets.json cannot be used: {error}."
        return plan_shapes.TrackDocuments(
            track=Track(id=params.track_id, title="Amounts", spec_path="spec.md", plan_path="plan.md"),
            spec=_document(folder / "spec.md"),
            plan=_document(folder / "plan.md"),
            tickets=tickets,
            tickets_digest=_digest(folder / "tickets.json"),
            tickets_problem=problem,
        )

    async def _save_text(self, params: plan_shapes.SaveText, _by: DecidedBy) -> plan_shapes.Saved:
        path = self.root / params.track_id / f"{params.document}.md"
        return self._write(path, params.text.encode(), params.base_digest)

    async def _save_tickets(self, params: plan_shapes.SaveTickets, _by: DecidedBy) -> plan_shapes.Saved:
        check_graph(params.tickets)
        content = json.dumps([ticket.model_dump(mode="json") for ticket in params.tickets])
        return self._write(self.root / params.track_id / "tickets.json", content.encode(), params.base_digest)

    def _write(self, path: Path, content: bytes, base_digest: str) -> plan_shapes.Saved:
        if self.refused is not None:
            raise self.refused
        if _digest(path) != base_digest:
            raise ConflictError(f"{path.name} was changed by somebody else.", "Read it again.")
        path.write_bytes(content)
        self.written.append(path.name)
        return plan_shapes.Saved(digest=_digest(path))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _document(path: Path) -> plan_shapes.Document:
    if not path.exists():
        return plan_shapes.Document(text="", digest="")
    content = path.read_bytes()
    try:
        return plan_shapes.Document(text=content.decode(), digest=_digest(path))
    except UnicodeDecodeError:
        return plan_shapes.Document(text="", digest=_digest(path), problem=f"{path.name} is not UTF-8.")
