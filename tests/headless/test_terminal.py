"""Deciding on a terminal: a real one, with the real application at its other end."""

import os
import pty
import select
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

from simulation_support import WAIT_S, Application, Project, finish, ticket, turn, write_file


class Person:
    """Who sits at the terminal: reads until a question stands there, and types."""

    def __init__(self, master: int) -> None:
        self.master = master
        self.seen = ""

    def reads_until(self, words: str) -> str:
        """What came since the last call, up to these words."""
        deadline = time.monotonic() + WAIT_S
        while words not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"waited for {words!r}, saw {self.seen!r}"
            self.seen += os.read(self.master, 4096).decode()
        before, _, self.seen = self.seen.partition(words)
        return before + words

    def types(self, line: str) -> None:
        os.write(self.master, line.encode())


@contextmanager
def at_a_terminal(
    project: Project, track: str, *arguments: str, fresh: bool = False
) -> Iterator[tuple[Application, Person]]:
    """The application with standard input and error on a terminal that does not echo."""
    master, slave = pty.openpty()
    settings = termios.tcgetattr(slave)
    settings[1] &= ~termios.OPOST
    settings[3] &= ~termios.ECHO
    termios.tcsetattr(slave, termios.TCSANOW, settings)
    try:
        mode = arguments[1] if arguments[:1] == ("--mode",) else "ask"
        command = project.run_arguments(track, *arguments[2:], mode=mode)
        with project.start(*command, stdin=slave, stderr=slave, fresh=fresh) as application:
            yield application, Person(master)
    finally:
        os.close(master)
        os.close(slave)


CHOICES = "[a]pprove, [r]eject REASON, [s]how all: "


def test_every_kind_is_asked_about_and_an_answer_reaches_the_agent(project):
    project.scenario(
        turn(3, {"name": "run_command", "input": {"command": "rm -rf /"}}, turn=1),
        turn(3, {"name": "ask_user", "input": {"question": "Which colour?", "choices": ["red"]}}, turn=2),
        turn(3, write_file("T-001", "blue\n"), finish("It is blue."), turn=3),
    )
    with at_a_terminal(project, project.track(ticket("T-001")), "--mode", "ask", "--json", "--apply", fresh=True) as (
        application,
        person,
    ):
        asked = person.reads_until(CHOICES)
        assert "spawn: Start a worker on T-001: Do T-001 (Tier 3: T-001)" in asked
        assert "    Ticket: T-001\n" in asked
        person.types("what?\n")
        person.reads_until(CHOICES)
        person.types("a\n")
        assert "command: Run rm -rf / (Tier 3: T-001)\n    rm -rf /\n" in person.reads_until(CHOICES)
        person.types("r not on my machine\n")
        assert "    Which colour?\n    - red\n  your answer: " in person.reads_until("your answer: ")
        person.types("blue\n")
        assert "+blue" in person.reads_until(CHOICES)
        person.types("yes\n")
        assert "merge: Merge T-001: Do T-001" in person.reads_until(CHOICES)
        person.types("y\n")
        result = application.result()
    assert result.code == 0
    outputs = [event["output"] for event in result.events if event["kind"] == "tool_result"]
    assert outputs[0] == "Rejected, nothing was done. The reason: not on my machine"
    assert "blue" in outputs[1]
    decided = [e["approval"] for e in result.events if e["kind"] == "approval_resolved"]
    assert [(a["kind"], a["state"], a["by"]) for a in decided] == [
        ("spawn", "approved", "user"),
        ("command", "rejected", "user"),
        ("question", "approved", "user"),
        ("edit", "approved", "user"),
        ("merge", "approved", "user"),
    ]
    assert (project.folder / "T-001.txt").read_text() == "blue\n"


def test_a_long_diff_is_shown_in_part_and_whole_on_demand(project):
    content = "".join(f"line {number}\n" for number in range(100))
    project.scenario(turn(3, write_file("T-001", content), finish()))
    with at_a_terminal(project, project.track(ticket("T-001"), title="t"), "--mode", "ask") as (_, person):
        person.reads_until(CHOICES)
        person.types("a\n")
        shown = person.reads_until(CHOICES)
        assert "+line 1\n" in shown and "line 99" not in shown and "more lines, s shows them" in shown
        person.types("s\n")
        assert "+line 99\n" in person.reads_until(CHOICES)


def test_what_was_typed_before_a_question_stands_there_answers_nothing(project):
    project.scenario(turn(3, write_file("T-001"), finish()))
    with at_a_terminal(project, project.track(ticket("T-001"))) as (application, person):
        person.reads_until("spawn:")
        person.reads_until(CHOICES)
        person.types("a\na\na\n")
        assert "edit:" in person.reads_until(CHOICES)
        person.types("r not like this\n")
        assert "edit:" in person.reads_until(CHOICES), "the worker tries again: so the first edit was not let pass"
        assert application.process.poll() is None


def test_escape_sequences_of_a_model_are_shown_and_not_obeyed(project):
    project.scenario(turn(3, {"name": "run_command", "input": {"command": "rm -rf / \x1b[2K\rls"}}))
    with at_a_terminal(project, project.track(ticket("T-001")), "--mode", "edits") as (_, person):
        asked = person.reads_until(CHOICES)
    assert "rm -rf / ␛[2K␍ls" in asked
    assert "\x1b" not in asked and "\r" not in asked


def test_what_is_decided_over_the_socket_is_taken_off_the_screen(project):
    project.scenario(turn(3, finish()))
    track = project.track(ticket("T-001"))
    with at_a_terminal(project, track, "--mode", "ask", f"--automation={project.socket}") as (application, person):
        person.reads_until(CHOICES)
        with application.client() as client:
            (approval,) = client.call("approvals.list")["approvals"]
            client.call("approvals.resolve", id=approval["id"], decision="approve")
        person.reads_until("(decided elsewhere)")
        assert application.result().code == 0


def test_a_terminal_that_is_closed_ends_what_waits(project):
    project.scenario(turn(3, finish()))
    with at_a_terminal(project, project.track(ticket("T-001"))) as (application, person):
        person.reads_until(CHOICES)
        person.types("\x04")
        assert "nobody can be asked here: Start a worker on T-001" in person.reads_until("can decide.")
        assert application.result().code == 3


def test_an_interrupt_at_a_question_ends_the_run_in_order(project):
    project.scenario(turn(3, finish()))
    with at_a_terminal(project, project.track(ticket("T-001")), fresh=True) as (application, person):
        person.reads_until(CHOICES)
        application.interrupt()
        assert application.result().code == 130


def test_always_is_remembered_and_the_second_time_nobody_is_asked(project):
    command = {"name": "run_command", "input": {"command": "echo 1 > T-001.txt"}}
    project.scenario(turn(3, command, turn=1), turn(3, command, finish(), turn=2))
    with at_a_terminal(project, project.track(ticket("T-001")), "--mode", "edits", "--json") as (application, person):
        asked = person.reads_until(CHOICES)
        assert "echo 1 > T-001.txt" in asked and asked.endswith(f"always, never REASON, {CHOICES}")
        person.types("always\n")
        merge = person.reads_until(CHOICES)
        assert "merge:" in merge and "always" not in merge and "command:" not in merge
        person.types("always\n")
        person.reads_until(CHOICES)
        person.types("a\n")
        result = application.result()
    assert result.code == 0
    decided = [e["approval"] for e in result.events if e["kind"] == "approval_resolved"]
    assert [(a["by"], a["note"]) for a in decided if a["kind"] == "command"] == [
        ("user", "remembered: allow command echo 1 > T-001.txt"),
        ("policy", "rule: allow command echo 1 > T-001.txt"),
    ]
