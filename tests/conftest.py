"""What every test needs: Qt without a display (or on another platform that is named, as Xvfb's), nobody's keyring,
and signals that end what it starts."""

import os
import signal

from hypothesis import settings

os.environ["QT_QPA_PLATFORM"] = os.environ.get("SLOP_QT_TEST_PLATFORM", "offscreen")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

# In the background of a shell, or under nohup, these are ignored, and whatever a test starts would inherit that.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)

# With CI set hypothesis tries the same examples each time: half as many find as much there, in half the time.
if "CI" in os.environ:
    settings.register_profile("check", settings.get_profile("ci"), max_examples=50)
    settings.load_profile("check")
