"""Making the Anthropic provider: keys, addresses, prices, waits, and nothing slow before it is needed."""

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest
from virtual_time import run_in_virtual_time

from slop_qt.core.errors import ConfigurationError
from slop_qt.core.usage import Usage
from slop_qt.providers.anthropic import AnthropicProvider
from slop_qt.providers.anthropic_errors import retry_after_s
from slop_qt.providers.pacing import ReadPacer
from slop_qt.providers.pricing import Prices
from slop_qt.providers.registry import PROVIDERS, open_provider


class ThreadOffload:
    """The helper pool's port over the running loop's executor; knows the threads that were used."""

    def __init__(self):
        self.threads = set()

    async def run(self, job):
        def here():
            self.threads.add(threading.get_ident())
            return job()

        return await asyncio.to_thread(here)


def opened(name, scenario=None, **environment):
    return open_provider(name, environment=environment, offload=ThreadOffload(), scenario=scenario)


def test_each_provider_is_made_by_its_name(tmp_path):
    file = tmp_path / "s.toml"
    file.write_text("[[turn]]\ntier = 1\n")
    made = [opened(name, scenario=file, ANTHROPIC_API_KEY="key").name for name in PROVIDERS]
    assert made == ["anthropic", "scripted"]


def test_a_provider_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(ConfigurationError, match=r"'openia'.*anthropic, scripted"):
        opened("openia")


def test_the_scripted_provider_needs_a_scenario(tmp_path):
    with pytest.raises(ConfigurationError, match="--scenario"):
        opened("scripted")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        opened("scripted", scenario=tmp_path / "none.toml")


@pytest.mark.parametrize("key", [{}, {"ANTHROPIC_API_KEY": ""}, {"ANTHROPIC_API_KEY": " \n"}])
def test_without_a_key_the_hint_says_how_to_give_one(key):
    with pytest.raises(ConfigurationError, match="no key") as caught:
        opened("anthropic", **key)
    assert "ANTHROPIC_API_KEY" in caught.value.hint


@pytest.mark.parametrize("key", ["two words", "clé-secrète", "a\nb", "a\x00b"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key):
    with pytest.raises(ConfigurationError, match="characters") as caught:
        opened("anthropic", ANTHROPIC_API_KEY=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", "http://host:port", "/v1", "http://[::1"])
def test_an_address_that_cannot_be_one_is_refused(url):
    with pytest.raises(ConfigurationError, match="ANTHROPIC_BASE_URL") as caught:
        opened("anthropic", ANTHROPIC_API_KEY="key", ANTHROPIC_BASE_URL=url)
    assert "http://localhost:8080" in caught.value.hint


def test_an_empty_address_is_the_vendors():
    assert opened("anthropic", ANTHROPIC_API_KEY="key", ANTHROPIC_BASE_URL="").name == "anthropic"


async def test_what_is_slow_happens_in_the_helper_pool():
    offload = ThreadOffload()
    session = await AnthropicProvider(key="key", offload=offload).open()
    await session.aclose()
    assert offload.threads
    assert threading.get_ident() not in offload.threads


def test_importing_the_providers_imports_no_sdk():
    program = (
        "import sys, slop_qt.providers.registry\n"
        "slow = {'anthropic', 'aiohttp', 'httpx2', 'genai_prices', 'PySide6'} & set(sys.modules)\n"
        "sys.exit(f'imported: {slow}' if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def prices():
    return Prices()


def test_a_price_has_input_output_and_both_sides_of_the_cache(prices):
    usage = Usage(
        requests=1,
        input_tokens=1_000_000,
        output_tokens=100_000,
        cache_read_tokens=400_000,
        cache_write_tokens=200_000,
        reasoning_tokens=50_000,
    )
    dollars = 0.4 * 5 + 0.4 * 0.5 + 0.2 * 6.25 + 0.1 * 25
    assert prices.cost_usd("anthropic", "claude-opus-4-5", usage) == pytest.approx(dollars)


@pytest.mark.parametrize(("provider", "model"), [("anthropic", "nonesuch"), ("scripted", "demo"), ("anthropic", "")])
def test_what_is_not_in_the_table_has_no_price_and_not_a_price_of_0(prices, provider, model):
    assert prices.cost_usd(provider, model, Usage(requests=1, input_tokens=5)) is None


NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("30", 30),
        ("1.5", 1.5),
        ("-3", 0),
        ("nan", None),
        ("inf", None),
        ("", None),
        ("later", None),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 12:00:10 -0000", 10),
        ("Sun, 99 Nov 2026 12:00:10 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert retry_after_s(header, NOW) == seconds


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
