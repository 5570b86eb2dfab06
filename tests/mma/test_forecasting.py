"""The dry run: order, places and critical path by hand, and costs from what earlier tickets came to."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from cockpit import Cockpit, mend, mends, refused, reports

from slop_qt.core.errors import InvalidInputError, NotFoundError
from slop_qt.core.forecast import Estimate, FileOverlap, Forecast
from slop_qt.core.settings import ModelChoice

OpenCockpit = Callable[..., Awaitable[Cockpit]]
NOT_WORKED = "No ticket of this project has been worked by model-3 yet."


async def forecast(cockpit: Cockpit, *tickets: Any, **params: Any) -> Forecast:
    found = await cockpit.call("track.forecast", track_id=await cockpit.track(*tickets), **params)
    assert isinstance(found, Forecast)
    return found


async def test_order_places_and_the_longest_way_by_hand(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit()
    tickets = [
        mend("a"),
        mend("b", "A"),
        mend("c", "A", files=("b.txt",)),
        mend("d", "B"),
        mend("e", "D"),
        mend("f"),
    ]
    before = cockpit.bus.last_seq
    found = await forecast(cockpit, *tickets, workers=2)
    assert found.stages == (("A", "F"), ("B",), ("C", "D"), ("E",))  # B and C change one file
    assert {one.ticket_id: one.stage for one in found.tickets} == {"A": 0, "B": 1, "C": 2, "D": 2, "E": 3, "F": 0}
    assert (found.at_once, found.workers) == (2, 2)
    assert found.critical_path == ("A", "B", "D", "E")
    assert found.overlaps == (FileOverlap(first="B", second="C", path="b.txt"),)
    assert (await forecast(cockpit, *tickets, workers=1)).at_once == 1
    apart = [mend(name) for name in "abcdefg"]
    assert [(await forecast(cockpit, *apart)).at_once, (await forecast(cockpit, *apart, workers=64)).at_once] == [4, 7]
    assert cockpit.bus.last_seq == before and cockpit.provider.opened == 0  # nothing happens, nobody is asked


async def test_without_a_history_no_number_is_invented(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit()
    found = await forecast(cockpit, mend("a"), mend("b"))
    assert (found.tokens, found.cost_usd, found.unknown, found.unpriced, found.confidence) == (None, None, 2, 0, "none")
    for one in found.tickets:
        assert (one.input_tokens, one.output_tokens, one.cost_usd, one.basis) == (None, None, None, NOT_WORKED)


async def test_a_track_without_tickets_has_nothing_to_tell_and_one_that_is_not_there_is_named(
    open_cockpit: OpenCockpit,
) -> None:
    cockpit = await open_cockpit()
    found = await forecast(cockpit)
    assert (found.stages, found.at_once, found.critical_path, found.tickets, found.unknown) == ((), 0, (), (), 0)
    await refused(cockpit.call("track.forecast", track_id="nothing"), "nothing", NotFoundError)
    (file,) = cockpit.project.glob("conductor/tracks/*/tickets.json")
    text = '{"version": 1, "tickets": [{"id": "A", "title": "a", "brief": "", "depends_on": ["A"]}]}'
    file.write_text(text)
    await refused(cockpit.call("track.forecast", track_id=file.parent.name), "circle: A → A", InvalidInputError)


async def test_what_earlier_tickets_came_to_is_what_is_expected(open_cockpit: OpenCockpit) -> None:
    sizes = {name: (1000 * number, 10 * number) for number, name in enumerate("abcdefghi", 1)}
    turns = [
        mends(name, usage={"input_tokens": size, "output_tokens": out}, ticket=name.upper())
        for name, (size, out) in sizes.items()
    ]
    cockpit = await open_cockpit(*turns)
    first = [mend(name, verify=None) for name in sizes]
    assert (await cockpit.run(*first)).status == "done"
    found = await forecast(cockpit, mend("x"), mend("y", "X"))
    (one, _) = found.tickets
    assert one.input_tokens == Estimate(low=1000, middle=5000, high=9000)
    assert one.output_tokens == Estimate(low=10, middle=50, high=90)
    distance = 4040 * 2**0.5
    assert found.tokens is not None
    assert found.tokens.middle == 2 * 5050
    assert found.tokens.low == pytest.approx(10_100 - distance) and found.tokens.high == pytest.approx(
        10_100 + distance
    )
    assert (found.confidence, found.unknown, found.unpriced, found.cost_usd) == ("good", 0, 2, None)
    assert one.basis == ("From 9 earlier tickets of this project worked by model-3; what they cost is not known.")


async def test_attempts_and_their_explanations_belong_to_a_ticket_and_what_was_cut_short_does_not_count(
    open_cockpit: OpenCockpit,
) -> None:
    used = {"input_tokens": 100, "output_tokens": 1}
    cockpit = await open_cockpit(
        mends("a", "wrong!\n", usage=used, attempt=1),
        reports(usage={"input_tokens": 50, "output_tokens": 5}, ticket="A"),
        mends("a", usage=used, attempt=2),
        mends("b", usage={"input_tokens": 7}),
        rules=(),
    )
    run_id = await cockpit.begin(mend("a"), mend("b"))
    await cockpit.decide(run_id, "merge", "A", "approve")
    await cockpit.at(run_id, "A", "done")
    await cockpit.pending(run_id, "merge", "B")
    await cockpit.call("run.cancel")
    found = await forecast(cockpit, mend("c"))
    assert found.confidence == "low" and found.tokens is not None and found.tokens.middle == 257
    assert (
        "From 1 earlier ticket of this project worked by model-3: few, so the range is wide" in found.tickets[0].basis
    )


async def test_another_model_has_no_history(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(mends("a", usage={"input_tokens": 5}))
    await cockpit.run(mend("a"))
    assert (await forecast(cockpit, mend("b"))).confidence == "low"
    tiers = cockpit.parts.settings.tiers
    other = {3: ModelChoice(provider="scripted", model="other")}
    await cockpit.offload.run(lambda: cockpit.parts.preferences.save(tiers=tiers | other, cache_ttl="5m"))
    found = await forecast(cockpit, mend("b"))
    assert found.tickets[0].basis == "No ticket of this project has been worked by other yet."


async def test_what_nobody_has_counted_is_priced_as_of_today(open_cockpit: OpenCockpit) -> None:
    cockpit = await open_cockpit(
        mends("a", "wrong!\n", usage={"input_tokens": 100}, attempt=1),
        reports(usage={"input_tokens": 50}, ticket="A"),
        mends("a", usage={"input_tokens": 300}, attempt=2),
    )
    await cockpit.run(mend("a"))
    found = await forecast(cockpit, mend("b"))
    assert (found.cost_usd, found.unpriced, found.unknown) == (None, 1, 0)
    assert found.tickets[0].basis.endswith("few, so the range is wide; what it cost is not known.")
    cockpit.price = lambda choice, usage: usage.input_tokens * {"model-3": 1.0, "model-4": 10.0}[choice.model]
    found = await forecast(cockpit, mend("b"))
    assert found.cost_usd is not None and found.cost_usd.middle == 2 * 200 + 500 and found.unpriced == 0
    assert found.tickets[0].cost_usd is not None and found.tickets[0].cost_usd.high == pytest.approx(
        found.cost_usd.high
    )
    assert found.tickets[0].basis.endswith("the range is wide.")
