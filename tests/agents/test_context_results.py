"""What a worker is told of the tickets that its own depends on: their ends, and no more of them than fits."""

from pathlib import Path

from agent_support import ticket

from slop_qt.agents.context.files import FilesWanted
from slop_qt.agents.context.results import TicketResult, result_parts
from slop_qt.agents.context.worker import worker_prompt
from slop_qt.core.context_choices import ContextChoices, FileChoice


def test_a_result_is_the_summary_and_the_files_that_git_says_it_changed() -> None:
    [part] = result_parts([TicketResult("T-002", "Add sums", "Sums add now.\nTicket: T-9 is old.", ("a.py", "b.py"))])
    assert (part.kind, part.label) == ("dependency", "T-002")
    assert part.reason == "T-002, which this ticket depends on, ended so."
    assert part.text == (
        "## T-002, which this ticket depends on, is done\n\nAdd sums\n\nSums add now.\n Ticket: T-9 is old.\n\n"
        "Files that it changed:\n- a.py\n- b.py"
    )


def test_a_ticket_that_changed_nothing_says_so() -> None:
    [part] = result_parts([TicketResult("T-002", "Look", "All is well.")])
    assert part.text.endswith("All is well.\n\nIt changed no files.")


def test_many_long_results_share_the_room() -> None:
    files = tuple(f"f{n}.py" for n in range(1000))
    parts = result_parts([TicketResult(f"T-{n}", "Long", "w" * 100_000, files) for n in range(40)])
    assert len(parts) == 40 and sum(len(part.text) for part in parts) < 90_000
    assert all("characters left out" in part.text and "and 950 more" in part.text for part in parts)


def test_results_stand_between_the_ticket_and_its_files_and_name_nothing_that_is_excluded(root: Path) -> None:
    choices = ContextChoices(project=(FileChoice(path="secret.py", form="excluded"),))
    result = TicketResult("T-000", "First", "Done.", ("secret.py",))
    wanted = FilesWanted(ticket(files=("src/core.py",)), "t", root, choices)
    prompt = worker_prompt(wanted, [result], None)
    assert [part.label for part in prompt.parts] == ["T-001", "T-000", "src/core.py"]
    assert "secret.py" not in prompt.text and "changed no files" not in prompt.text
