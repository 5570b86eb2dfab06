"""The worker limit: never exceeded, nothing lost to a cancelled wait, first come first served."""

import asyncio

from slop_qt.mma.slots import Slots


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_as_many_as_there_are_can_be_taken_and_no_more() -> None:
    slots = Slots(2)
    assert [slots.try_take() for _ in range(3)] == [True, True, False]
    slots.release()
    assert slots.free == 1 and slots.try_take()


async def test_who_waits_gets_a_slot_in_turn_and_before_who_asks_later() -> None:
    slots = Slots(1)
    await slots.take()
    order: list[int] = []

    async def taker(number: int) -> None:
        await slots.take()
        order.append(number)

    tasks = [asyncio.create_task(taker(number)) for number in range(3)]
    await settle()
    for served in range(3):
        slots.release()
        assert not slots.try_take()  # it is handed over, not set free
        await settle()
        assert order == list(range(served + 1))
    slots.release()
    assert slots.free == 1
    await asyncio.gather(*tasks)


async def test_a_cancelled_wait_leaves_its_place_to_the_next() -> None:
    slots = Slots(1)
    await slots.take()
    first, second = asyncio.create_task(slots.take()), asyncio.create_task(slots.take())
    await settle()
    first.cancel()
    await settle()
    slots.release()
    await asyncio.wait_for(second, 5)
    slots.release()
    assert slots.free == 1


async def test_a_wait_that_is_cancelled_as_it_is_served_gives_the_slot_back() -> None:
    slots = Slots(1)
    await slots.take()
    waiting = asyncio.create_task(slots.take())
    await settle()
    slots.release()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled() and slots.free == 1
