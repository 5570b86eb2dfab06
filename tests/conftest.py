"""What every test needs: Qt without a display, or on the platform that is named (as Xvfb's), nobody's keyring, signals
that end what it starts, and modules that are compiled once.

What is imported stays to the end: looked through again and again for what could be freed, it is a quarter of a second
each time. So it is not looked at while the tests are collected, and afterwards once, at the end of a file of tests.

Qt is not imported here, nor named in pyproject.toml: tests/scripted runs where there is none.
"""

import gc
import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

gc.disable()

os.environ["QT_QPA_PLATFORM"] = os.environ.get("SLOP_QT_TEST_PLATFORM", "offscreen")
os.environ["PYTEST_QT_API"] = "pyside6"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

# Where the surroundings forbid bytecode, as images of containers do, each process that a test starts would compile the
# whole application anew, and each worker all tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# In the background of a shell, or under nohup, these are ignored, and whatever a test starts would inherit that.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

# How long an example takes says how much else the machine has to do: it is asserted nowhere.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("anywhere")

# With CI set hypothesis tries the same examples each time: half as many find as much there, in half the time.
if "CI" in os.environ:
    settings.register_profile("check", settings.get_profile("ci"), max_examples=50)
    settings.load_profile("check")


def pytest_configure(config: pytest.Config) -> None:
    """All workers of xdist, and the runs of pytest that their tests start, fork applications from one server."""
    if hasattr(config, "workerinput") and len(folder := str(Path(config.option.basetemp).parent)) <= 80:
        os.environ["SLOP_QT_TEST_FORK_SERVER"] = folder


def pytest_collection_finish() -> None:
    """Everything is imported: what is made from here on is freed as in any program."""
    gc.enable()
    _keep_what_is_there()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """What the tests of a file leave (libraries that they imported, mostly) stays as well."""
    if nextitem is not None and nextitem.path != item.path:
        _keep_what_is_there()


def _keep_what_is_there() -> None:
    gc.collect()
    gc.freeze()
