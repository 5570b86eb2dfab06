"""The window used from outside: what a person sees and does, by object names."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from looking import known, value, wait
from simulation_support import approve_by_clicks, finish, ticket, turn, until, write_file
from staying import staying

from slop_qt.automation import Client
from slop_qt.core.errors import InvalidInputError, NotFoundError, NotPossibleError, WaitTimedOutError

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def window(project) -> Iterator[Client]:
    """A window on a project with one track of two tickets, the second after the first."""
    project.track(ticket("T-001"), ticket("T-002", depends_on=("T-001",)), title="Walls")
    turns = [turn(3, write_file(name), finish(), ticket=name) for name in ("T-001", "T-002")]
    with staying("window", project, *turns) as client:
        until(lambda: known(client, "tracks.tree"), "the window")
        client.call("gui.wait", name="tracks.tree", property="visible", equals=True, timeout_s=20)
        yield client


def widgets(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for child in tree["children"]:
        yield from widgets(child)


def test_a_track_is_run_and_its_approvals_are_given_by_clicks_alone(window: Client) -> None:
    window.call("gui.select", name="tracks.tree", text="Walls")
    window.call("gui.click", name="tracks.run")
    wait(window, "run.accept", "visible", True)
    window.call("gui.click", name="run.accept")
    assert approve_by_clicks(window)["status"] == "done"
    decided = window_events(window, "approval_resolved")
    assert len(decided) == 6 and {event["approval"]["by"] for event in decided} == {"user"}


def window_events(client: Client, *kinds: str) -> list[dict[str, Any]]:
    """The committed events of these kinds up to the end of the run."""
    found = []
    for event in client.subscribe([*kinds, "run_ended"], from_seq=0, timeout_s=20):
        if event["kind"] == "run_ended":
            break
        found.append(event)
    client.unsubscribe()
    return found


def test_menus_tabs_trees_boxes_and_cards_are_chosen_from_by_words(window: Client) -> None:
    window.call("gui.select", name="docks.tabs.graph", text="Plan")
    assert value(window, "docks.tabs.graph", "value") == "Plan"
    window.call("gui.select", name="tracks.tree", text="T-002  Do T-002")
    wait(window, "plan.show_tickets", "visible", True)  # on a busy machine it is still hidden here
    window.call("gui.click", name="plan.show_tickets")
    wait(window, "plan.ticket.id", "text", "T-002")
    window.call("gui.select", name="docks.tabs.graph", row=0)
    wait(window, "graph.view", "visible", True)
    window.call("gui.select", name="graph.view", text="T-001")
    wait(window, "plan.ticket.id", "text", "T-001")
    window.call("gui.select", name="menus", text="File")
    window.call("gui.select", name="menu.file", text="Settings…")
    wait(window, "settings", "visible", True)
    with pytest.raises(NotPossibleError, match="waits for the dialog settings"):
        window.call("gui.click", name="graph.fit")
    window.call("gui.key", name="settings", keys="Escape")
    window.call("gui.action", name="action.tracks.run")
    wait(window, "run.mode", "visible", True)
    window.call("gui.select", name="run.mode", row=0)
    assert value(window, "run.mode", "row") == 0


def test_what_is_typed_arrives_to_the_character(window: Client) -> None:
    window.call("gui.action", name="action.tracks.new_epic")
    wait(window, "epic.text", "visible", True)
    text = "Größe 5 µm, 日本 🦉 ~{x}\nThe second line. " + "and on " * 40
    window.call("gui.type", name="epic.text", text=text)
    assert value(window, "epic.text", "text") == text
    window.call("gui.key", name="epic.text", keys="Ctrl+A, Delete")
    assert value(window, "epic.text", "text") == ""


def test_what_a_person_could_not_use_is_refused_with_the_way_to_it(window: Client) -> None:
    with pytest.raises(NotPossibleError, match=r"gui.select docks.tabs.approvals Tokens shows it"):
        window.call("gui.click", name="tokens.table")
    window.call("gui.action", name="action.panel.activity")
    with pytest.raises(NotPossibleError, match=r"gui.action action.panel.activity opens it"):
        window.call("gui.click", name="activity.copy")
    with pytest.raises(NotPossibleError, match=r"plan.save is"):
        window.call("gui.click", name="plan.save")
    with pytest.raises(NotFoundError, match=r"Much alike: .*tracks.run"):
        window.call("gui.click", name="tracks.rum")
    with pytest.raises(NotFoundError, match=r"Much alike: .*action.tracks.run"):
        window.call("gui.action", name="action.tracks.rum")
    with pytest.raises(NotPossibleError, match=r"action.tracks.pause is disabled"):
        window.call("gui.action", name="action.tracks.pause")
    with pytest.raises(InvalidInputError, match="is no key"):
        window.call("gui.key", name="tracks.tree", keys="Ctrl+Nonsense")
    with pytest.raises(NotFoundError, match="There is no 'Roof'"):
        window.call("gui.select", name="tracks.tree", text="Roof")
    with pytest.raises(InvalidInputError, match="give row or text"):
        window.call("gui.select", name="tracks.tree")
    with pytest.raises(NotFoundError, match="has no property colour"):
        window.call("gui.get", name="tracks.tree", property="colour")
    with pytest.raises(InvalidInputError, match="can only be read"):
        window.call("gui.set", name="tracks.tree", property="isActiveWindow", value=True)


def test_properties_are_read_set_and_waited_for(window: Client) -> None:
    rows = [row[0] for row in value(window, "tracks.tree", "rows")]
    assert rows[0] == "Walls" and len(rows) == 3
    wait(window, "plan.tickets.list", "rows", [["T-001  Do T-001"], ["T-002  Do T-002"]])
    window.call("gui.select", name="docks.tabs.approvals", text="Activity")
    assert window.call("gui.set", name="activity.filter", property="text", value="abc") == {"value": "abc"}
    with pytest.raises(WaitTimedOutError) as waited:
        window.call("gui.wait", name="activity.filter", property="text", equals="xyz", timeout_s=0.05)
    assert waited.value.state == {"value": "abc"}
    with pytest.raises(WaitTimedOutError):
        window.call("gui.wait", name="not.there", property="text", equals="xyz", timeout_s=0)


def test_pictures_are_written_or_answered(window: Client, tmp_path) -> None:
    path = tmp_path / "whole.png"
    assert window.call("gui.screenshot", path=str(path)) == {"path": str(path)}
    assert path.read_bytes().startswith(PNG)
    answered = window.call("gui.screenshot", name="tracks.tree")
    assert set(answered) == {"png_base64"} and base64.b64decode(answered["png_base64"]).startswith(PNG)
    for wrong in ("whole.png", str(tmp_path / "whole.exe")):
        with pytest.raises(InvalidInputError, match=r"absolute path that ends in .png"):
            window.call("gui.screenshot", path=wrong)
    with pytest.raises(NotPossibleError, match="cannot be written"):
        window.call("gui.screenshot", path=str(tmp_path / "no" / "such.png"))


def test_the_windows_lateness_is_told_and_forgotten(window: Client) -> None:
    until(lambda: window.call("gui.stalls")["samples"] > 20, "some ticks")
    stalls = window.call("gui.stalls", reset=True)
    assert 0 <= stalls["p50_ms"] <= stalls["p99_ms"] <= stalls["max_ms"]
    assert window.call("gui.stalls")["samples"] < stalls["samples"]


def test_a_window_less_application_refuses_gui_methods(project) -> None:
    with staying("headless", project) as client:
        for method, params in (
            ("gui.tree", {}),
            ("gui.click", {"name": "window"}),
            ("gui.screenshot", {}),
            ("gui.stalls", {}),
        ):
            with pytest.raises(NotPossibleError, match="There is no window"):
                client.call(method, **params)


def test_every_widget_has_one_name(window: Client) -> None:
    for tree in window.call("gui.tree")["widgets"]:
        nameless = [each["class"] for each in widgets(tree) if not each["name"]]
        assert nameless == []
        names = [each["name"] for each in widgets(tree) if each["visible"]]
        assert len(names) == len(set(names))


def test_the_tab_key_comes_to_everything_that_it_should(window: Client) -> None:
    """In the real application, by real keys: what `keyboard` says of a widget is so, and it is read out."""
    window.call("gui.select", name="tracks.tree", text="Walls")
    (tree,) = window.call("gui.tree")["widgets"]
    usable = {each["name"] for each in widgets(tree) if each["visible"] and each["enabled"]}
    expected = {name for name in usable if value(window, name, "keyboard") == "tab"}
    assert [name for name in expected if not value(window, name, "accessible_name")] == []
    met: list[str] = []
    while (here := value(window, "window", "focused")) not in met:
        met.append(here)
        window.call("gui.key", name=here, keys="Tab")
        if value(window, "window", "focused") == here:  # an editor takes the key
            window.call("gui.key", name=here, keys="Ctrl+Tab")
    assert expected - set(met) == set()
    assert {"tracks.tree", "graph.view", "docks.tabs.graph"} <= set(met)
