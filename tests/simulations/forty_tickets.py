"""Forty tickets for sixteen workers: what Tier 2 answers, and what the workers do."""

from typing import Any

from simulation_support import finish, turn

__all__ = ["CLASHING", "FAILING", "GRAPH", "tier_2_and_3"]

WALLS = tuple(f"walls-{number:02}" for number in range(1, 11))
FAILING = tuple(f"fails-{number}" for number in range(1, 5))  # verification fails at their first attempt
CLASHING = ("clash-1", "clash-2")  # both write common.txt, which neither declares
WINDOWS = tuple(f"window-{number:02}" for number in range(1, 17))  # the two of each pair share a declared file
PAINT = tuple(f"paint-{number}" for number in range(1, 9))


def _graph() -> dict[str, dict[str, Any]]:
    """Each ticket's fields by its id: 16 that can start at once, 16 behind two of them each, 8 behind those."""
    fields: dict[str, dict[str, Any]] = {name: {} for name in (*WALLS, *FAILING, *CLASHING)}
    for name in FAILING:
        fields[name] = {"verify": f"grep right {name}.txt"}
    for number, name in enumerate(WINDOWS):
        needs = [WALLS[number % 10], (*FAILING, *CLASHING)[number % 6]]
        fields[name] = {"depends_on": needs, "files": [f"{name}.txt", f"pair-{number % 8}.txt"]}
    for number, name in enumerate(PAINT):
        fields[name] = {"depends_on": [WINDOWS[number], WINDOWS[number + 8]]}
    plain = {"brief": "As it says.", "depends_on": []}
    return {
        name: {"id": name, "title": f"Do {name}", "files": [f"{name}.txt"], **plain, **own}
        for name, own in fields.items()
    }


GRAPH = _graph()


def tier_2_and_3() -> list[dict[str, Any]]:
    """The turns of the track Walls."""
    tickets = [{**one, "plan_tasks": ["Build them"]} if one["id"] == PAINT[-1] else one for one in GRAPH.values()]
    turns = [turn(2, {"name": "submit_tickets", "input": {"tickets": tickets}}, track="Walls", text="Forty of them.")]
    for number, (name, fields) in enumerate(GRAPH.items(), 1):
        files = dict.fromkeys(fields["files"], f"{name}\n")
        usage = {"input_tokens": 1000 + number, "output_tokens": 10 + number}
        common: dict[str, Any] = {
            "ticket": name,
            "thinking": f"{name}?",
            "text": f"{name} says: ünï 🦉. ",
            "usage": usage,
        }
        if name in FAILING:
            turns.append(turn(3, *_writes(files), finish(), **common, attempt=1))
            files = dict.fromkeys(files, f"right {name}\n")
        if name in CLASHING:
            files["common.txt"] = f"{name}\n"
        turns.append(turn(3, *_writes(files), finish(f"{name} is done."), **common))
    return turns


def _writes(files: dict[str, str]) -> list[dict[str, Any]]:
    return [{"name": "write_file", "input": {"path": path, "content": text}} for path, text in files.items()]
