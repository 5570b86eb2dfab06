"""Models that never stop talking: the window shows it all, answers meanwhile, and nothing of it is lost."""

from one_story import Listener, check_one_story, nothing_is_left, scene, tickets_of
from simulation_support import WAIT_S, finish, ticket, turn, until, write_file
from staying import staying

LINES = "".join(
    f"{number:07} and on it goes, word by word, ünï © 🦉, until nobody listens.\n" for number in range(75_000)
)
ONE_LINE = "And so on, " * 95_500  # in characters: a megabyte without an end of line
FLOODS = {"talks": LINES, "rambles": ONE_LINE}


def test_five_megabytes_and_an_endless_line_leave_the_window_answering(project, same_figures):
    assert len(LINES) > 5_000_000 and len(ONE_LINE) > 1 << 20
    project.settings(rules=[{"action": "allow", "kind": "merge"}])
    head = project.git("rev-parse", "HEAD")
    track = project.track(*(ticket(name) for name in (*FLOODS, "asks")))
    turns, defaults = scene("floods")
    turns += [turn(3, write_file(name), finish(), ticket=name, text=text) for name, text in FLOODS.items()]
    with staying("window", project, *turns, **defaults) as client:
        listener = Listener(project)
        run_id = client.call("run.start", track_id=track, mode="edits", workers=4)["run_id"]
        flood = ("Tier 3: talks", "Tier 3: rambles")
        listener.until(lambda event: event["kind"] == "stream_text" and event["stream_id"] in flood, "the flood")
        client.call("gui.wait", name="tier3.agents", property="visible", equals=True, timeout_s=WAIT_S)
        client.call("gui.select", name="tier3.agents", row=0)
        (question,) = until(lambda: client.call("approvals.list")["approvals"], "the question")
        client.call("approvals.resolve", id=question["id"], decision="approve", edited={"answer": "Yes."})

        def ended_with_the_panel_in_view() -> bool:
            assert client.call("gui.get", name="tier3.agents", property="visible")["value"]
            return bool(client.call("run.list")["runs"][0]["status"] != "running")

        until(ended_with_the_panel_in_view, "the end")
        status = client.wait_run(run_id)
        assert tickets_of(status) == {"talks": "done", "rambles": "done", "asks": "done"}
        for name, text in FLOODS.items():
            assert status["mma_streams"][f"Tier 3: {name}"] == text
        assert client.call("gui.screenshot")["png_base64"]
        same_figures(client)
    check_one_story(project, listener.all(), [status])
    nothing_is_left(project, head)
