"""Every kind of approval that an agent can ask for: approved, edited and rejected by clicks, and what the agent hears.

No tool that is shipped yet has an effect outside of the worktree: for the kind `tool`, the application has one more.
"""

from hand_on_window import SCENARIOS, Card, Person, at_window, seated
from simulation_support import Project, ticket

QUESTION = "Which <b>colour</b>, R&D wants to know?"
SCENARIO = "every_kind.toml"


def next_of(person: Person, kind: str) -> Card:
    """What waits next, which is of that kind."""
    card = person.next_card()
    assert card.kind == kind, card
    return card


def results(person: Person, name: str) -> list[tuple[bool, str]]:
    """What the agents were told of their calls of that tool, in order; the run is over."""
    told = [event for event in person.history("tool_result") if event["name"] == name]
    return [(event["ok"], event["output"]) for event in told]


def merged(project: Project, person: Person, name: str) -> str:
    """A file as it is on the run's integration branch."""
    return project.git("show", f"slop/{person.client.get_mma_status()['run_id']}/integration:{name}")


def decisions(person: Person) -> list[tuple[str, str]]:
    """Kind and decision of all approvals; every one was decided by the person."""
    resolved = [event["approval"] for event in person.history("approval_resolved")]
    assert {each["by"] for each in resolved} == {"user"}
    return [(each["kind"], each["decision"]) for each in resolved]


def test_every_kind_is_approved_and_the_agent_gets_what_it_asked_for(project: Project) -> None:
    project.track(ticket("T-001", files=("wall.txt",)), title="Walls")
    with at_window(project, SCENARIO) as person:
        person.run_track("Walls", mode="Step")
        person.approve(next_of(person, "Start a worker"))
        person.approve(next_of(person, "Next turn"))
        question = next_of(person, "Question")
        assert question.body == QUESTION
        person.click("approvals.choice.1")
        person.approve(question)
        person.approve(next_of(person, "Edit a file"))
        person.approve(next_of(person, "Run a command"))
        person.approve(next_of(person, "Next turn"))
        person.approve(next_of(person, "Merge"))
        assert person.client.wait_run()["status"] == "done"
        kinds = ("spawn", "step", "question", "edit", "command", "step", "merge")
        assert decisions(person) == [(kind, "approve") for kind in kinds]
        assert results(person, "ask_user") == [(True, "R&D's <i>blue</i>")]
        assert results(person, "write_file")[0][0]
        ((ok, output),) = results(person, "run_command")
        assert ok and "looked at" in output
        assert merged(project, person, "wall.txt") == "painted"


def test_what_may_be_edited_happens_as_edited_and_the_agent_is_told(project: Project) -> None:
    project.track(ticket("T-002", files=("wall.txt",)), title="Walls")
    with at_window(project, SCENARIO) as person:
        person.run_track("Walls", mode="Ask")
        spawn = next_of(person, "Start a worker")
        person.edit(spawn, "prompt", f"{spawn.body.rstrip()}\n\nMind the gap.")
        question = next_of(person, "Question")
        person.write("approvals.edit.answer", "Neither: green.")
        person.approve(question)
        person.edit(next_of(person, "Edit a file"), "content", "painted green\n")
        assert "Mind the gap." in sent_last(person, "Tier 3: T-002  Do T-002")
        person.edit(next_of(person, "Run a command"), "command", "echo looked twice")
        merge = next_of(person, "Merge")
        assert not person.sees("approvals.edit"), "a diff is not edited in the queue"
        person.approve(merge)
        assert person.client.wait_run()["status"] == "done"
        kinds = [
            ("spawn", "edit"),
            ("question", "approve"),
            ("edit", "edit"),
            ("command", "edit"),
            ("merge", "approve"),
        ]
        assert decisions(person) == kinds
        assert results(person, "ask_user") == [(True, "Neither: green.")]
        ((written, words),) = results(person, "write_file")
        assert written and words.startswith("The person changed content before approving it.")
        ((ran, output),) = results(person, "run_command")
        assert ran and output.startswith("The person changed command before approving it.")
        assert "looked twice" in output and "looked at" not in output
        assert merged(project, person, "wall.txt") == "painted green"


def test_what_is_rejected_does_not_happen_and_the_agent_reads_why(project: Project) -> None:
    project.track(ticket("T-003"), title="Walls")
    with at_window(project, SCENARIO) as person:
        person.run_track("Walls", mode="Step")
        person.approve(next_of(person, "Start a worker"))
        person.reject(next_of(person, "Next turn"), "Think first.")

        again = next_of(person, "Start a worker")
        assert "The person stopped it before turn 1: Think first." in again.body
        person.approve(again)
        person.approve(next_of(person, "Next turn"))
        person.reject(next_of(person, "Question"), "Find out yourself.")
        person.reject(next_of(person, "Edit a file"), "Not that file.")
        person.reject(next_of(person, "Run a command"), "No commands here.")
        second_turn = next_of(person, "Next turn")
        request = sent_last(person, "Tier 3: T-003 #2  Do T-003")
        for reason in ("Find out yourself.", "Not that file.", "No commands here."):
            assert f"Rejected, nothing was done. The reason: {reason}" in request
        person.approve(second_turn)
        person.approve(next_of(person, "Edit a file"))
        person.reject(next_of(person, "Merge"), "It says too little.")

        last = next_of(person, "Start a worker")
        assert "The person did not accept the diff: It says too little." in last.body
        person.reject(last, "Leave it.")
        ended = person.client.wait_run()
        assert [(each["status"], each["reason"]) for each in ended["tickets"]] == [
            ("skipped", "Its worker was not allowed to start: Leave it.")
        ]
        for name, reason in (("ask_user", "Find out yourself."), ("run_command", "No commands here.")):
            assert results(person, name) == [(False, f"Rejected, nothing was done. The reason: {reason}")]
        assert [ok for ok, _ in results(person, "write_file")] == [False, True]
        rejected = [kind for kind, decision in decisions(person) if decision == "reject"]
        assert rejected == ["step", "question", "edit", "command", "merge", "spawn"]
        integration = f"slop/{ended['run_id']}/integration"
        assert project.git("ls-tree", "--name-only", integration) == project.git("ls-tree", "--name-only", "main")


def test_a_tool_with_an_effect_outside_does_what_was_decided(project: Project) -> None:
    project.track(ticket("T-001"), title="Walls")
    board = project.home / "board"
    scenario, module = SCENARIOS / "notices.toml", "tests.simulations.with_a_notice_board"
    application = project.start(project.folder, scenario, project.socket, board, module=module)
    with application, seated(application) as person:
        person.run_track("Walls", mode="Ask")
        person.approve(next_of(person, "Start a worker"))
        notice = next_of(person, "Use a tool")
        assert (notice.title, "The wall is wet." in notice.body, board.exists()) == ("Post a notice", True, False)
        person.approve(notice)
        person.edit(next_of(person, "Use a tool"), "arguments", '{"text": "The wall is blue."}')
        person.reject(next_of(person, "Use a tool"), "It is not.")
        assert person.client.wait_run()["status"] == "done"
        assert decisions(person) == [("spawn", "approve"), ("tool", "approve"), ("tool", "edit"), ("tool", "reject")]
        told = results(person, "post_notice")
        assert told[0] == (True, "It hangs there now.")
        assert told[1][0] and told[1][1].startswith("The person changed arguments before approving it.")
        assert told[2] == (False, "Rejected, nothing was done. The reason: It is not.")
        assert not told[3][0] and "size" in told[3][1], "what is wrong with a call is told before anybody is asked"
    assert board.read_text() == "The wall is wet.\nThe wall is blue.\n"


def sent_last(person: Person, stream: str) -> str:
    """The newest request of an agent to its provider, to the character, as the Tokens panel shows it."""
    person.panel("Tokens")
    person.choose("tokens.streams", stream)
    person.click("tokens.read_all")
    person.read("tokens.text_facts", "as sent")
    person.until(lambda: person.text("tokens.text").rstrip().endswith("}"), "the whole request")
    text = person.text("tokens.text")
    person.panel("Approvals")
    return text
