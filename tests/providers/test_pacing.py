"""How often a stream is read."""

import asyncio

import pytest
from virtual_time import run_in_virtual_time

from slop_qt.providers.pacing import ReadPacer


def reads(sizes_and_gaps):
    """When each of some reads was gone on from, in virtual seconds; (bytes, seconds of silence before) each."""

    async def go():
        pacer = ReadPacer()
        loop = asyncio.get_running_loop()
        times = []
        for size, gap in sizes_and_gaps:
            await asyncio.sleep(gap)
            await pacer.pause(size)
            times.append(round(loop.time(), 4))
        return times

    return run_in_virtual_time(go())


def test_a_trickle_is_read_every_20_ms():
    assert reads([(100, 0)] * 4) == [0.02, 0.04, 0.06, 0.08]


def test_a_flood_is_read_without_a_pause():
    assert reads([(16_384, 0)] * 50)[-1] == 0
    assert reads([(16_384, 0.001)] * 100)[-1] == pytest.approx(0.1)


def test_a_trickle_after_a_flood_is_paced_again():
    times = reads([*[(100_000, 0.01)] * 5, *[(100, 0.005)] * 20])
    assert times[-1] - times[-2] == pytest.approx(0.02)
