"""The settings dialog's commands in a whole engine: registered, in force at once, and no key in its log."""

import os
import subprocess
import sys
from pathlib import Path

from simulation_support import Project

from slop_qt.store.settings import load_settings

KEY = "sk-canary-0123456789"
PROGRAM = """
import json, logging, sys
from pathlib import Path
from pydantic import SecretStr
from slop_qt.core.errors import ConfigurationError
from slop_qt.core.settings import ModelChoice
from slop_qt.headless.main import run_headless
from slop_qt.launch import LaunchOptions
from slop_qt.mma import commands
from slop_qt.mma.settings_shapes import ProviderRef, SaveSettings, SetKey

key = sys.stdin.read()

async def job(engine):
    call = engine.registry.call
    names = [c.name for c in commands.ALL_COMMANDS if engine.registry.find(c.name) is None]
    found = []
    for _ in range(2):
        try:
            found.append(engine.provider("deepseek").name)
        except ConfigurationError as error:
            found.append(error.message)
        await call(commands.SETTINGS_SET_KEY, SetKey(provider="deepseek", key=SecretStr(key)))
        logging.getLogger("slop_qt").error("a defect logs %s", key)
    first = engine.provider("deepseek")
    await call(commands.SETTINGS_SET_KEY, SetKey(provider="deepseek", key=SecretStr(key + "-new")))
    again = engine.provider("deepseek") is first
    choice = ModelChoice(provider="deepseek", model="deepseek-chat")
    await call(commands.SETTINGS_SAVE, SaveSettings(tiers={3: choice}, cache_ttl="1h"))
    limit = engine.session._parts.limit_tokens("deepseek", "deepseek-chat")
    tier = engine.session._parts.settings.tiers[3].model
    print(json.dumps({"missing": names, "found": found, "same": again, "tier": tier, "limit": limit}))
    return 0

sys.exit(run_headless(LaunchOptions(project=Path(sys.argv[1])), job))
"""


def test_the_commands_of_the_dialog_work_in_an_engine(project: Project) -> None:
    kept = project.home / "keyring.json"
    environment = {
        **project.environment,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHON_KEYRING_BACKEND": "tests.file_keyring.FileKeyring",
        "KEYRING_FILE": str(kept),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(project.folder)],
        input=KEY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[-1] == (
        '{"missing": ["project.open_beside"], "found": ["There is no key for DeepSeek.", "deepseek"], "same": false, '
        '"tier": "deepseek-chat", "limit": 64000}'
    )
    settings = load_settings(project.home / "config" / "slop-qt" / "settings.toml")
    assert (settings.tiers[3].provider, settings.limits.cache_ttl) == ("deepseek", "1h")
    files = [path for path in project.home.rglob("*") if path.is_file() and path != kept]
    (log,) = [path for path in files if path.name == "slop-qt.log"]
    assert log.read_text().count("a defect logs [key]") == 2
    assert not [path for path in files if os.fsencode(KEY) in path.read_bytes()]
    assert KEY not in done.stdout
