"""Making the Gemini provider: which key, which address, and nothing slow before it is needed."""

import asyncio
import subprocess
import sys

import pytest

from slop_qt.core.errors import ConfigurationError
from slop_qt.providers.registry import open_provider


class ThreadOffload:
    """The helper pool's port over the running loop's executor."""

    async def run(self, job):
        return await asyncio.to_thread(job)


def opened(**environment):
    return open_provider("gemini", environment=environment, offload=ThreadOffload())


@pytest.mark.parametrize(
    "environment",
    [
        {"GEMINI_API_KEY": "key"},
        {"GOOGLE_API_KEY": "key"},
        {"GEMINI_API_KEY": " ", "GOOGLE_API_KEY": "key"},
        {"GEMINI_API_KEY": "key", "GOOGLE_API_KEY": "not a key"},
        {"GEMINI_API_KEY": " key\n"},
    ],
)
def test_the_key_is_geminis_own_or_googles(environment):
    assert opened(**environment).name == "gemini"


@pytest.mark.parametrize("environment", [{}, {"GEMINI_API_KEY": ""}, {"GEMINI_API_KEY": "\n", "GOOGLE_API_KEY": " "}])
def test_without_a_key_the_hint_says_how_to_give_one(environment):
    with pytest.raises(ConfigurationError, match="no key for Gemini") as caught:
        opened(**environment)
    assert "GEMINI_API_KEY" in caught.value.hint


@pytest.mark.parametrize("key", ["two words", "clé-secrète", "a\nb", "a\x00b"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key):
    with pytest.raises(ConfigurationError, match="characters") as caught:
        opened(GEMINI_API_KEY=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://host", "http://", "http://host:port"])
def test_an_address_that_cannot_be_one_is_refused(url):
    with pytest.raises(ConfigurationError, match="GOOGLE_GEMINI_BASE_URL"):
        opened(GEMINI_API_KEY="key", GOOGLE_GEMINI_BASE_URL=url)


def test_making_the_provider_imports_no_sdk():
    program = (
        "import sys\n"
        "from slop_qt.providers.registry import open_provider\n"
        "open_provider('gemini', environment={'GEMINI_API_KEY': 'key'}, offload=None)\n"
        "slow = {'google.genai', 'aiohttp', 'httpx2', 'genai_prices'} & set(sys.modules)\n"
        "sys.exit(f'imported: {slow}' if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


async def test_a_session_that_never_asked_can_be_closed_twice():
    session = await opened(GEMINI_API_KEY="key").open()
    await session.aclose()
    await session.aclose()
