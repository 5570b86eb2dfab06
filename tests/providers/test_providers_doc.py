"""docs/providers.md says what the adapters say."""

import subprocess
import sys

from providers_doc import ADAPTERS, FILE, rendered

from slop_qt.providers.registry import SCRIPTED
from slop_qt.providers.servers import VENDORS


def test_the_document_is_that_of_the_adapters():
    assert FILE.read_text(encoding="utf-8") == rendered(), (
        "docs/providers.md is out of date. Write it anew: make docs (python tests/providers/providers_doc.py)"
    )


def test_every_provider_is_in_it():
    assert tuple(adapter.name for adapter in ADAPTERS) == (*VENDORS, SCRIPTED)


def test_capabilities_are_known_without_an_sdk_and_without_a_key():
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(FILE.parents[1] / 'tests' / 'providers')!r})\n"
        "import providers_doc\n"
        "providers_doc.rendered()\n"
        "slow = {'anthropic', 'openai', 'google.genai', 'aiohttp', 'httpx2', 'genai_prices'} & set(sys.modules)\n"
        "sys.exit(f'imported: {slow}' if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
