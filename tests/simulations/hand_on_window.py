"""A person at the window of the real application, from outside: what they see, and what their hand does, over gui.*.

    with at_window(project, "step_mode.toml") as person:
        person.run_track("Walls", mode="Ask")
        card = person.next_card()
        assert card.kind == "Start a worker"
        person.approve(card)

Everything here looks and acts through the window alone. A wait that comes to nothing fails with what is on the screen.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation_support import Application, Project, until

from slop_qt.automation import Client
from slop_qt.core.errors import NotFoundError, NotPossibleError, SlopError, WaitTimedOutError

__all__ = ["SCENARIOS", "Card", "Person", "at_window", "seated"]

SCENARIOS = Path(__file__).parent / "scenarios"
# Less than pytest gives a test, so that a wait that comes to nothing can say so.
PATIENCE_S = 45.0
_BANNERS = ("window.banner", "tracks.banner", "plan.banner", "graph.banner", "approvals.banner")


@dataclass(frozen=True)
class Card:
    """What the approvals panel shows, in its own words. `queue` is how many wait, this one included.

    kind is the word on its chip, who is who asks, body what would happen, as far as it is text.
    """

    kind: str
    title: str
    who: str
    body: str
    queue: int


@contextmanager
def at_window(project: Project, scenario: str, *arguments: str | Path) -> Iterator["Person"]:
    """Somebody at a window on the project, whose models answer from that file of `scenarios/`. Quits it at the end."""
    common = ("--scenario", SCENARIOS / scenario, "--unsandboxed", f"--automation={project.socket}")
    with project.start(project.folder, *common, *arguments) as application, seated(application) as person:
        yield person


@contextmanager
def seated(application: Application) -> Iterator["Person"]:
    """Somebody at the window of an application that has just been started; at the end it is quit in order."""
    with application.client() as client:
        person = Person(client)
        until(person.has_window, "the window")
        person.see("tracks")
        yield person
        client.call("app.quit")
    assert application.result().code == 0


class Person:
    """Looks, waits until something is there, and uses it. `client` is for what no person could see.

    Names are object names, as `gui.tree` has them. Whatever is used is waited for first.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    # The hand

    def click(self, name: str) -> None:
        """Click it, as soon as it can be."""
        self.see(name, usable=True)
        self._do("gui.click", name=name)

    def press(self, name: str, keys: str) -> None:
        """Press keys in it, as menus write them: "Ctrl+A, Delete"."""
        self.see(name, usable=True)
        self._do("gui.key", name=name, keys=keys)

    def write(self, name: str, text: str) -> None:
        """Type into it, in place of what is there."""
        self.press(name, "Ctrl+A")
        self._do("gui.type", name=name, text=text)

    def choose(self, name: str, what: str | int) -> None:
        """Choose a row, tab, entry or card by its text or number."""
        self.see(name)
        row = {"row": what} if isinstance(what, int) else {"text": what}
        if isinstance(what, str) and not name.startswith("graph."):
            self._find_row(name, what)
        self._do("gui.select", name=name, **row)

    def tick(self, name: str, row: str) -> None:
        """Turn a row of a list of check boxes around."""
        self.choose(name, row)
        self.press(name, "Space")

    def menu(self, action: str) -> None:
        """Choose a menu's action by its object name."""
        self._do("gui.action", name=f"action.{action}")

    def panel(self, title: str) -> None:
        """Bring a panel to the front, by its tab."""
        for bar in self._tab_bars():
            titles = [tab.partition(" (")[0] for tab in self.first_cells(bar)]  # behind it may be how many wait
            if title in titles:
                self._do("gui.select", name=bar, row=titles.index(title))
                return
        raise AssertionError(f"no panel {title} has a tab.\n{self.screen()}")

    # The eye

    def see(self, name: str, *, usable: bool = False) -> None:
        """Wait until it is there to be seen, or to be used."""
        self.wait_for(name, "visible", True)
        if usable:
            self.wait_for(name, "enabled", True)

    def has_window(self) -> bool:
        """Whether the window stands by now."""
        try:
            return bool(self.client.call("gui.get", name="window", property="visible")["value"])
        except (NotFoundError, NotPossibleError):
            return False

    def sees(self, name: str) -> bool:
        """Whether it can be seen now."""
        try:
            return bool(self.get(name, "visible"))
        except NotFoundError:
            return False

    def get(self, name: str, what: str) -> Any:
        """A property of it, now."""
        return self.client.call("gui.get", name=name, property=what)["value"]

    def text(self, name: str) -> str:
        """What stands on it."""
        return self.get(name, "text") or ""

    def rows(self, name: str) -> list[list[str]]:
        """The rows of a view, a box or tabs, cell by cell."""
        rows: list[list[str]] = self.get(name, "rows")
        return rows

    def first_cells(self, name: str) -> list[str]:
        """The first cell of each row."""
        return [row[0] for row in self.rows(name)]

    def wait_for(self, name: str, what: str, equals: Any) -> None:
        """Wait until a property of it has that value."""
        try:
            self.client.call("gui.wait", name=name, property=what, equals=equals, timeout_s=PATIENCE_S)
        except WaitTimedOutError as error:
            raise AssertionError(f"waited for {what} of {name} to be {equals!r}: {error}\n{self.screen()}") from None

    def until(self, met: Callable[[], Any], what: str) -> Any:
        """What `met` gives as soon as it is true."""
        try:
            return until(met, what, PATIENCE_S)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.screen()}") from None

    def read(self, name: str, words: str) -> None:
        """Wait until that stands on it, among other words or alone."""
        self.until(lambda: self.sees(name) and words in self.text(name), f"{words!r} on {name}")

    # The approvals panel

    def the_card(self) -> Card | None:
        """What the approvals panel shows now; None where nothing waits, or it is being decided."""
        shown = self._shown("approvals.card")
        if not ({"approvals.approve", "approvals.reject"} & shown.keys()):
            return None
        body = next((shown[name] for name in ("approvals.question", "approvals.text") if name in shown), "")
        words = (shown.get(f"approvals.{name}", "") for name in ("kind", "title", "who"))
        return Card(*words, body=body, queue=len(self.rows("approvals.queue")))

    def next_card(self) -> Card:
        """What waits for a decision, as soon as something does and its buttons can be pressed."""
        self.see("approvals.reject", usable=True)
        card = self.the_card()
        assert card is not None, f"the approval went away.\n{self.screen()}"
        return card

    def approve(self, card: Card) -> None:
        """Click Approve, or Answer, on the card that is shown."""
        self._decide(card, "approvals.approve")

    def edit(self, card: Card, field: str, text: str) -> None:
        """Click Edit, write something else into a field, and approve it so."""
        self._decide(card, "approvals.edit")
        self.write(f"approvals.edit.{field}", text)
        self.click("approvals.approve")

    def reject(self, card: Card, reason: str) -> None:
        """Click Reject, say why, and click it again."""
        self._decide(card, "approvals.reject")
        self.write("approvals.reason", reason)
        self.click("approvals.reject_now")

    # Runs

    def run_track(self, title: str, mode: str = "Ask", workers: int = 1) -> str:
        """Choose a track, press Run, and say how; mode is the first word of the box's entry. Returns the run's id."""
        before = self._runs()
        self.choose("tracks.tree", title)
        self.click("tracks.run")
        self.see("run.mode")
        self.choose("run.mode", next(row for row in self.first_cells("run.mode") if row.startswith(f"{mode}:")))
        self.write("run.workers", str(workers))
        self.click("run.accept")
        (run_id,) = self.until(lambda: set(self._runs()) - set(before), "the run")
        return str(run_id)

    def apply(self) -> None:
        """Press Apply as soon as it is offered, and once more when asked; return when it is done."""
        self.click("tracks.apply")
        self.click("apply.accept")
        self.until(lambda: not self.sees("tracks.apply") and self._applied(), "Apply")

    def history(self, *kinds: str) -> list[dict[str, Any]]:
        """The newest run's committed events of these kinds, up to its end: what happened, whatever was seen of it."""
        run_id = self.client.wait_run(timeout_s=PATIENCE_S)["run_id"]
        found = []
        for event in self.client.subscribe([*kinds, "run_ended"], from_seq=0, timeout_s=PATIENCE_S):
            if event["run_id"] == run_id:
                found.append(event)
                if event["kind"] == "run_ended":
                    break
        self.client.unsubscribe()
        return [event for event in found if event["kind"] in kinds]

    def everything(self) -> str:
        """All words that the window has, shown or in panels that stand behind, and all that it says of its runs."""
        words: list[Any] = [self.client.get_mma_status(), self.client.call("run.list"), self.client.call("track.list")]
        todo = list(self.client.call("gui.tree")["widgets"])
        while todo:
            widget = todo.pop()
            todo += widget["children"]
            words += [widget["text"], widget["value"]]
            if widget["name"] and widget["text"] is None:  # views among others: nothing stands on them but in rows
                with suppress(NotFoundError):
                    words.append(self.rows(widget["name"]))
        return "\n".join(str(each) for each in words if each)

    def screen(self) -> str:
        """What a person would say of the screen: for the message of a failure."""
        try:
            banners = [f"{name}: {self.text(name)}" for name in _BANNERS if self.sees(name)]
            windows = [each["name"] for each in self.client.call("gui.tree")["widgets"]]
            run = self.client.get_mma_status()
            tickets = [f"{ticket['id']} {ticket['status']} ({ticket['reason']})" for ticket in run["tickets"]]
            lines = [f"windows: {windows}", f"approvals: {self.the_card()}", *banners]
            lines += [f"run: {run['status']}", *(f"  {line}" for line in tickets)]
        except (SlopError, AssertionError) as error:
            return f"On the screen: nothing that can be read: {error}"
        return "On the screen:\n" + "\n".join(f"  {line}" for line in lines)

    def _find_row(self, name: str, words: str) -> None:
        try:
            self.until(lambda: words in self.first_cells(name), f"the row {words!r} in {name}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n  rows of {name}: {self.first_cells(name)}") from None

    def _decide(self, card: Card, button: str) -> None:
        now = self.the_card()
        assert now is not None and (now.kind, now.title) == (card.kind, card.title), f"another card: {now}, not {card}"
        self.click(button)

    def _shown(self, name: str) -> dict[str, str]:
        """The words on everything in that widget that can be seen, by name: one look, so all of one moment."""
        found: dict[str, str] = {}
        todo = list(self.client.call("gui.tree", name=name)["widgets"])
        while todo:
            widget = todo.pop()
            todo += widget["children"]
            if widget["visible"]:
                found[widget["name"]] = widget["text"] or ""
        return found

    def _tab_bars(self) -> Iterator[str]:
        todo = list(self.client.call("gui.tree")["widgets"])
        while todo:
            widget = todo.pop(0)
            todo += widget["children"]
            if widget["name"].startswith("docks.tabs.") and widget["visible"]:
                yield widget["name"]

    def _runs(self) -> dict[str, dict[str, Any]]:
        """The runs of tracks, newest first, by id."""
        return {run["run_id"]: run for run in self.client.call("run.list")["runs"] if run["track_id"]}

    def _applied(self) -> bool:
        return next(iter(self._runs().values()))["applied_commit"] is not None

    def _do(self, method: str, **params: Any) -> None:
        try:
            self.client.call(method, **params)
        except SlopError as error:
            raise AssertionError(f"{method} {params}: {error}\n{self.screen()}") from error
