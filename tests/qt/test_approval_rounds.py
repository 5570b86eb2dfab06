"""Fifty approvals of sixteen workers, decided by three at once in random order: none is mixed up, however often."""

import os
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from approval_rounds import APPROVALS, DECIDERS, NoDisk, Rounds, Tally
from qt_support import MainLoop

from slop_qt.qt.lanes import LanePool
from slop_qt.store.journal import Journal

# The suite plays some of them; SLOP_QT_APPROVAL_ROUNDS=10000 all.
ROUNDS = int(os.environ.get("SLOP_QT_APPROVAL_ROUNDS", "60"))
ROUNDS_AT_A_DESK = 50  # a session's state grows with all that was ever asked


def play(main_loop: MainLoop, rounds: int, seed: int, make_journal: Callable[[], Journal]) -> Tally:
    tally, dice = Tally(), random.Random(seed)

    async def all_of_them() -> None:
        faults: list[tuple[str, str]] = []
        pool = LanePool(on_fault=lambda where, message: faults.append((where, message)))
        with ThreadPoolExecutor(len(DECIDERS)) as deciders:
            try:
                while tally.rounds < rounds:
                    table = Rounds(pool, make_journal(), dice, tally)
                    await table.open()
                    await table.play(min(ROUNDS_AT_A_DESK, rounds - tally.rounds), deciders)
                    table.close()
                    assert not tally.mixed_up, tally.mixed_up[:5]
            finally:
                assert await pool.shutdown(10.0) == []
        assert faults == []

    main_loop.run(all_of_them(), timeout_s=60.0 + rounds)
    return tally


def adds_up(tally: Tally, rounds: int) -> None:
    assert (tally.rounds, tally.asked) == (rounds, rounds * APPROVALS)
    assert tally.approved + tally.rejected + tally.edited + tally.cancelled == tally.asked
    assert min(tally.approved, tally.rejected, tally.edited, tally.cancelled, tally.conflicts) > 0, "all of it happened"


@pytest.mark.timeout(120 + ROUNDS)
def test_whoever_decides_and_in_whatever_order_each_agent_gets_its_own_decision(
    main_loop: MainLoop, record_property: Callable[[str, object], None]
) -> None:
    tally = play(main_loop, ROUNDS, 7, NoDisk)
    adds_up(tally, ROUNDS)
    record_property("tally", repr(tally))  # for --junit-xml: how often each of it happened


def test_with_a_real_journal_it_has_each_approval_once_asked_and_once_decided(
    main_loop: MainLoop, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "journal.sqlite3")
    journal.open()
    rounds = 5
    try:
        tally = play(main_loop, rounds, 11, lambda: journal)
    finally:
        journal.close(20.0)
    adds_up(tally, rounds)
    kinds: dict[str, list[str]] = {}
    for event in journal.read():
        if event.kind in {"approval_requested", "approval_resolved"}:
            kinds.setdefault(event.approval.id, []).append(event.kind)  # type: ignore[attr-defined]
    assert Counter(map(tuple, kinds.values())) == {("approval_requested", "approval_resolved"): rounds * APPROVALS}
