"""A track from an epic that is typed in the window: proposed, accepted, its tickets changed by hand, run, applied."""

import json
from functools import partial
from typing import Any

from hand_on_window import Person, at_window
from simulation_support import Project


def test_an_epic_is_planned_changed_run_and_applied_in_the_window(project: Project) -> None:
    with at_window(project, "planned_by_hand.toml") as person:
        plan(person, "A house, with a roof that stands on walls.")
        track = project.tracks[0]
        assert needs(person, track) == {"dig": [], "walls": ["dig"], "roof": ["dig"], "pool": ["roof"]}

        person.panel("Plan")
        person.click("plan.show_tickets")
        rename(person, "dig", "pit")
        reconnect_roof(person)
        refuse_a_circle(person, project)
        remove(person, "pool")
        add(person)
        wanted = {"pit": [], "walls": ["pit"], "roof": ["walls"], "T-001": ["roof"]}
        person.until(lambda: saved(project, track) == wanted, f"{wanted} in tickets.json")
        assert needs(person, track) == wanted

        person.run_track("Build the house", mode="Auto", workers=4)
        assert person.client.wait_run()["status"] == "done"
        merges = [event["ticket_id"] for event in person.history("merged")]
        assert merges == ["pit", "walls", "roof", "T-001"]
        person.apply()

    assert project.git("status", "--porcelain") == ""
    assert {"dig.txt", "walls.txt", "roof.txt", "paint.txt"} < set(project.git("ls-files").splitlines())
    assert "pool.txt" not in project.git("ls-files")


def plan(person: Person, epic: str) -> None:
    """Type the epic, read what Tier 1 proposes, accept it, and have Tier 2 cut it into tickets."""
    person.click("tracks.first_epic")
    person.write("epic.text", epic)
    person.click("epic.accept")
    person.read("tracks.banner.text", "Tier 1 proposes 1 track.")
    person.click("tracks.banner.action")
    person.see("proposal")
    assert person.text("proposal.title.0") == "Build the house"
    person.click("proposal.accept")
    person.choose("tracks.tree", "Build the house")
    person.click("tracks.plan")
    person.until(lambda: len(person.rows("tracks.tree")) == 5, "four tickets below their track")


def open_ticket(person: Person, ticket_id: str) -> None:
    """Choose it in the list, and have it in the form."""
    row = person.until(
        lambda: next((r for r in person.first_cells("plan.tickets.list") if ticket_id in r), ""), ticket_id
    )
    person.choose("plan.tickets.list", row)
    person.wait_for("plan.ticket.id", "text", ticket_id)


def rename(person: Person, ticket_id: str, other: str) -> None:
    """Give it another id; what depends on it follows."""
    open_ticket(person, ticket_id)
    person.write("plan.ticket.id", other)
    person.press("plan.ticket.id", "Return")
    rows = partial(person.first_cells, "plan.tickets.list")
    person.until(lambda: any(row.startswith(f"{other} ") for row in rows()), f"a ticket {other}")


def reconnect_roof(person: Person) -> None:
    """The roof stands on the walls, and no longer in the pit."""
    open_ticket(person, "roof")
    person.tick("plan.ticket.depends_on", "pit  Dig the pit")
    person.tick("plan.ticket.depends_on", "walls  Raise the walls")


def refuse_a_circle(person: Person, project: Project) -> None:
    """What would depend on itself in the end is refused, with the names."""
    open_ticket(person, "pit")
    person.tick("plan.ticket.depends_on", "pool  Dig a pool")
    person.read("plan.ticket.depends_on.notice", "in a circle")
    words = person.text("plan.ticket.depends_on.notice")
    assert all(name in words for name in ("pit", "walls", "roof", "pool")), words


def remove(person: Person, ticket_id: str) -> None:
    """Take it away."""
    open_ticket(person, ticket_id)
    person.click("plan.tickets.remove")
    person.until(lambda: all(ticket_id not in row for row in person.first_cells("plan.tickets.list")), "its removal")


def add(person: Person) -> None:
    """One more, after the roof."""
    person.click("plan.tickets.add")
    person.wait_for("plan.ticket.id", "text", "T-001")
    person.write("plan.ticket.title", "Paint it")
    person.write("plan.ticket.brief", "Write paint.txt.")
    person.write("plan.ticket.files", "paint.txt")
    person.tick("plan.ticket.depends_on", "roof  Lay the roof")


def needs(person: Person, track: str) -> dict[str, list[str]]:
    """What each ticket depends on, as the application says."""
    shown = person.client.call("track.show", track_id=track)["tickets"]
    return {each["id"]: each["depends_on"] for each in shown}


def saved(project: Project, track: str) -> dict[str, Any]:
    """The same, as it is on disk."""
    written = json.loads((project.folder / "conductor" / "tracks" / track / "tickets.json").read_text())
    return {each["id"]: each["depends_on"] for each in written["tickets"]}
